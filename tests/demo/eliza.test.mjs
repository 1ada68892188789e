// The whole visit to the page against a real elizaOS server, which stands on another origin than the page.
import { test } from "node:test";
import { stopAll } from "../../tools/process.mjs";
import { sharedElizaServer } from "../eliza-server/server.mjs";
import { launch } from "./browser.mjs";
import { dialects } from "./dialects.mjs";
import { visit } from "./scenario.mjs";
import { startSite } from "./site.mjs";

test("a visit to the page, with a real elizaOS server behind it", async (t) => {
  t.after(stopAll);
  const server = await sharedElizaServer();
  t.after(server.stop);
  const site = await startSite();
  t.after(site.stop);
  const browser = await launch();
  t.after(() => browser.close());
  await visit(t, browser, {
    name: "eliza",
    pageUrl: site.url,
    dialect: dialects.eliza(server),
  });
});
