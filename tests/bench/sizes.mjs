// Out: what each package adds to a page: its entry bundled and minified by esbuild and, for ours, the modules of
// WebAssembly that the code asks for beside it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { packageFolder } from "../../tools/paths.mjs";

/** What the figure is about. */
export const own = "agentline, default entry";

const ENTRIES = {
  [own]: 'export * from "agentline"',
  "eventsource-parser (reader only)": 'export { createParser } from "eventsource-parser"',
  "@microsoft/fetch-event-source (reader only)":
    'export { fetchEventSource } from "@microsoft/fetch-event-source"',
  "@ai-sdk/provider-utils (parseJsonEventStream)":
    'export { parseJsonEventStream, jsonSchema } from "@ai-sdk/provider-utils"',
  "@elizaos/api-client (no streaming)": 'export { ElizaClient } from "@elizaos/api-client"',
  "@ag-ui/client": 'export { HttpAgent } from "@ag-ui/client"',
  openai: 'export { default } from "openai"',
  "@anthropic-ai/sdk": 'export { default } from "@anthropic-ai/sdk"',
};

/** `{ name, raw, gzip, brotli }`, in bytes. */
export async function sizes(names = Object.keys(ENTRIES)) {
  const rows = [];
  for (const name of names) {
    const script = await bundle(ENTRIES[name]);
    const modules = name === own ? await modulesOf(script) : [];
    if (name !== own) rows.push(row(name, [script]));
    else {
      rows.push(row(name, [script, ...modules.map(({ bytes }) => bytes)]));
      rows.push(row("of it JavaScript", [script]));
      for (const { file, bytes } of modules) rows.push(row(`of it ${file}`, [bytes]));
    }
  }
  return rows;
}

function row(name, parts) {
  const total = (compress) => parts.reduce((sum, part) => sum + compress(part).length, 0);
  return {
    name,
    raw: total((part) => part),
    gzip: total((part) => gzipSync(part, { level: 9 })),
    brotli: total((part) =>
      brotliCompressSync(part, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    ),
  };
}

/** The modules whose names the bundled code has. */
async function modulesOf(script) {
  const names =
    Buffer.from(script)
      .toString()
      .match(/[\w-]+\.wasm/g) ?? [];
  if (names.length === 0) throw new Error("the bundled code asks for no module");
  return await Promise.all(
    [...new Set(names)].map(async (file) => ({
      file,
      bytes: await readFile(join(packageFolder, file)),
    })),
  );
}

async function bundle(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "out",
    external: ["node:*"],
    logLevel: "error",
  });
  return outputFiles.find(({ path }) => path.endsWith(".js")).contents;
}
