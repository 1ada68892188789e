// In: a folder in which Bun is installed. Out: its program for this platform.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";

// The package `bun` fetches its program in an install script, which is not run here; the platform's package has it.
export function bun(folder = root) {
  const name = `bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
  const found = [name, `${name}-baseline`]
    .map((platform) => join(folder, "node_modules", "@oven", platform, "bin", "bun"))
    .find((program) => existsSync(program));
  assert.ok(found, "Bun has no program for this platform");
  return found;
}
