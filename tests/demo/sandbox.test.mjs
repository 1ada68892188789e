// The whole visit to the page against the sandbox, which serves the page too, as in ./demo.
import { join } from "node:path";
import { test } from "node:test";
import { packageFolder, root } from "../../tools/paths.mjs";
import { stopAll } from "../../tools/process.mjs";
import { launch } from "./browser.mjs";
import { startSandbox } from "./sandbox.mjs";
import { visit } from "./scenario.mjs";

test("a visit to the page, with the sandbox behind it", async (t) => {
  t.after(stopAll);
  const sandbox = await startSandbox({
    files: [
      ["/", join(root, "www")],
      ["/pkg", packageFolder],
    ],
  });
  t.after(sandbox.stop);
  const browser = await launch();
  t.after(() => browser.close());
  await visit(t, browser, {
    name: "sandbox",
    pageUrl: sandbox.url,
    baseUrl: sandbox.url,
    agentId: sandbox.agentId,
  });
});
