// Out: what each package adds to a page: its entry bundled and minified by esbuild and, for ours, the module beside it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { packageFolder } from "../../tools/paths.mjs";

const ENTRIES = {
  "agentline (client and reader)": {
    code: 'export { connect, readEvents, AgentlineError } from "agentline"',
    module: "agentline_wasm_bg.wasm",
  },
  "eventsource-parser (reader only)": { code: 'export { createParser } from "eventsource-parser"' },
  "@microsoft/fetch-event-source (reader only)": {
    code: 'export { fetchEventSource } from "@microsoft/fetch-event-source"',
  },
  "@ai-sdk/provider-utils (parseJsonEventStream)": {
    code: 'export { parseJsonEventStream, jsonSchema } from "@ai-sdk/provider-utils"',
  },
  openai: { code: 'export { default } from "openai"' },
  "@anthropic-ai/sdk": { code: 'export { default } from "@anthropic-ai/sdk"' },
};

export async function sizes() {
  const rows = [];
  for (const [name, { code, module }] of Object.entries(ENTRIES)) {
    const parts = [await bundle(code)];
    if (module) parts.push(await readFile(join(packageFolder, module)));
    const total = (compress) => parts.reduce((sum, part) => sum + compress(part).length, 0);
    rows.push({
      name: module ? `${name}: JavaScript and module` : name,
      raw: total((part) => part),
      gzip: total((part) => gzipSync(part, { level: 9 })),
      brotli: total((part) =>
        brotliCompressSync(part, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
      ),
    });
  }
  return rows;
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
    // What a bundler copies beside the code is counted as it is.
    loader: { ".wasm": "file" },
    external: ["node:*"],
    logLevel: "error",
  });
  return outputFiles.find(({ path }) => path.endsWith(".js")).contents;
}
