// Where things are. Nothing here touches the disk.
import { delimiter, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");
/** cargo's own output. */
export const cargoTarget = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
/** What the commands keep between runs. */
export const target = join(root, "target");
export const toolsFolder = join(target, "tools");
export const packageFolder = join(root, "pkg");
export const nodeModulesBin = join(root, "node_modules", ".bin");
export const chromium = process.env.CHROMIUM ?? "chromium";
export const chromedriver = process.env.CHROMEDRIVER ?? "chromedriver";
/** PATH on which the commands find the tools that ./build installs. */
export const toolsPath = [join(toolsFolder, "bin"), nodeModulesBin, process.env.PATH].join(
  delimiter,
);
