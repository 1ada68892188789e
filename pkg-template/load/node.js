// Node, Bun and Deno: `fetch` takes no file addresses in Node, so the file is read.

export async function load(url) {
  const { readFile } = await import("node:fs/promises");
  return WebAssembly.compile(await readFile(url));
}
