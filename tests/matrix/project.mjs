// In: a cell's folder, what it shares with others, and the entry of the package that it is to import. Out: a clean project
// outside this checkout, with its tools and the packed tarball installed as its reader would.
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "../../tools/process.mjs";
import { packedTarball } from "../package/pack.mjs";

const QUIET = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
/** The cells import this entry; whatever stands between the quotation marks is put in its place. */
const IMPORTED = /(?<=(?:from |require\()")agentline(?=")/g;

/**
 * @param {{ folder: string, shared: string[] }} cell
 * @returns {Promise<{ folder: string, use(specifier: string): Promise<void>, remove(): Promise<void> }>}
 */
export async function cleanProject({ folder: name, shared }) {
  const folder = await mkdtemp(join(tmpdir(), "agentline-cell-"));
  const own = resolve(import.meta.dirname, "cells", name);
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    for (const from of shared)
      await cp(join(import.meta.dirname, "shared", from), folder, { recursive: true });
    await cp(join(import.meta.dirname, "shared", "turn.js"), join(folder, "turn.js"));
    // what somebody installed or built there by hand stays there
    const filter = (path) => !/[\\/](node_modules|dist|\.next)$/.test(path);
    await cp(own, folder, { recursive: true, filter });
    await install(folder);
  } catch (error) {
    await remove();
    throw error;
  }
  const sources = await importing(folder);
  return {
    folder,
    remove,
    async use(specifier) {
      for (const [file, text] of sources)
        await writeFile(file, text.replaceAll(IMPORTED, specifier));
    },
  };
}

async function install(folder) {
  const { path } = await packedTarball();
  // Install scripts fetch or compile what the packages for this platform have already.
  const how = ["install", path, "--prefer-offline", "--ignore-scripts", ...QUIET];
  await run("npm", how, { cwd: folder, capture: true });
}

/** The project's own files that import the package, with their text. */
async function importing(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && /\.[cm]?jsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.slice(folder.length).includes("node_modules"));
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")]));
  const found = texts.filter(([, text]) => text.match(IMPORTED));
  if (found.length === 0) throw new Error("no file of the cell imports the package");
  return found;
}
