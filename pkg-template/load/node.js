// Node, Bun and Deno: `fetch` takes no file addresses in Node, so the file is read. Both at once and in one go: behind a first
// `fetch`, which compiles a module of Node's own, what Node does beside the program has waited for up to 0.1 s.

export async function load(url) {
  // an import is another turn, which Node before 20.16 needs
  const { readFileSync } =
    globalThis.process?.getBuiltinModule?.("node:fs") ?? (await import("node:fs"));
  return new WebAssembly.Module(readFileSync(url));
}
