// Out: the peers installed, and pkg/ beside them under the name by which its users import it, so that the conditions of
// its package.json decide what is loaded.
import { existsSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { packageFolder } from "../../tools/paths.mjs";
import { npmPackages } from "../../tools/setup.mjs";

const here = import.meta.dirname;

export async function installPeers() {
  if (!existsSync(join(packageFolder, "package.json")))
    throw new Error("pkg/ is missing: run ./build first");
  await npmPackages(here, { label: "npm ci (the peers)" });
  const link = join(here, "node_modules", "agentline");
  await rm(link, { force: true });
  await symlink(packageFolder, link, "junction");
}
