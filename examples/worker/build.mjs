// Puts the client beside the page, which has no bundler: what the page imports, and nothing of the rest.
import { cp, readdir, rm } from "node:fs/promises";

const from = new URL("node_modules/agentline/", import.meta.url);
const to = new URL("public/agentline/", import.meta.url);
const other = /^(gateway|sandbox|relay|README|CHANGELOG|llms)|\.d\.ts$|_inline\.js$/;

await rm(to, { recursive: true, force: true });
for (const name of await readdir(from)) {
  if (!other.test(name)) await cp(new URL(name, from), new URL(name, to), { recursive: true });
}
