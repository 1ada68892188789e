// The whole visit to the page against each of the sandbox's servers. The sandbox serves the page too, as in ./demo.
import { join } from "node:path";
import { after, before, test } from "node:test";
import { packageFolder, root } from "../../tools/paths.mjs";
import { stopAll } from "../../tools/process.mjs";
import { launch } from "./browser.mjs";
import { dialects } from "./dialects.mjs";
import { startSandbox } from "./sandbox.mjs";
import { visit } from "./scenario.mjs";

let sandbox;
let browser;

before(async () => {
  const files = [
    ["/", join(root, "www")],
    ["/pkg", packageFolder],
  ];
  sandbox = await startSandbox({ files });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await sandbox?.stop();
  await stopAll();
});

for (const [name, dialect] of Object.entries(dialects)) {
  test(`a visit to the page, with the sandbox behind it as ${name}`, async (t) => {
    const about = dialect(sandbox);
    await visit(t, browser, { name: `sandbox-${name}`, pageUrl: sandbox.url, dialect: about });
  });
}
