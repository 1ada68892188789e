// In: the glue that wasm-bindgen wrote for the whole module, and those for its parts. Out: one glue for all of them, as a
// function that makes a new one for each instance. Loading a module is left to the package.
import { readFile } from "node:fs/promises";

// what fetches and compiles; it also names the file, and bundlers would take it along
const LOADERS = [
  ["async function __wbg_load(", "function initSync("],
  ["let __wbg_init_promise;", "export { initSync, __wbg_init as default };"],
];
const EXPORTED = /^export (?:class|function) (\w+)/gm;

/** @typedef {{ name: string, glue: string }} Module its name, and where its glue is */

/**
 * @param {Module} whole
 * @param {Module[]} parts
 */
export async function sharedGlue(whole, parts) {
  const text = await readFile(whole.glue, "utf8");
  for (const { name, glue } of parts) {
    const other = lineBesides(await readFile(glue, "utf8"), text);
    if (other !== undefined)
      throw new Error(`the glue of ${name} is no part of that of ${whole.name}: ${other.trim()}`);
  }
  let body = text;
  for (const [from, to] of LOADERS) body = without(body, from, to);
  const names = ["initSync", ...[...text.matchAll(EXPORTED)].map(([, name]) => name)];
  body = body
    .replace(/^\/\* @ts-self-types.*\n/, "")
    .replace(/^export \{.*\};\n/m, "")
    .replace(/^export /gm, "");
  const head =
    "// wasm-bindgen's glue: a new one for each instance, because it keeps what belongs to one.";
  return `${head}\nexport function glue() {\n${body.trim()}\n\nreturn { ${names.join(", ")} };\n}\n`;
}

/** The first line of `part` that `whole` does not have behind the line before, because of which one is not the other with
 * something left out. */
function lineBesides(part, whole) {
  const lines = whole.split("\n");
  let at = 0;
  for (const line of part.split("\n")) {
    const found = lines.indexOf(line, at);
    if (found < 0) return line;
    at = found + 1;
  }
  return undefined;
}

function without(text, from, to) {
  const [begin, end] = [text.indexOf(from), text.indexOf(to)];
  if (begin < 0 || end < begin) throw new Error(`the glue holds no \`${from}\` before \`${to}\``);
  return text.slice(0, begin) + text.slice(end);
}
