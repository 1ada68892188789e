// Out: what each package adds to a page: what is imported of its entry, bundled and minified by esbuild and, for ours, the
// module of WebAssembly that is loaded for it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { packageFolder } from "../../tools/paths.mjs";

/** What of our default entry is used, and for what. */
const OURS = {
  "agentline readEvents": { names: "readEvents", module: "read" },
  "agentline openEvents": { names: "openEvents", module: "events" },
  "agentline connect to elizaOS": { names: "connect", module: "eliza" },
  "agentline connect to Agent Cloud": { names: "connect", module: "agentcloud" },
  "agentline connect to Meibel": { names: "connect", module: "meibel" },
  "agentline, all of the default entry, elizaOS": { module: "eliza" },
};

export const own = Object.keys(OURS);

const ENTRIES = {
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
export async function sizes(names = [...own, ...Object.keys(ENTRIES)]) {
  const rows = [];
  for (const name of names) {
    if (!OURS[name]) {
      rows.push(row(name, [await bundle(ENTRIES[name])]));
      continue;
    }
    const { names, module } = OURS[name];
    const script = await bundle(`export ${names ? `{ ${names} }` : "*"} from "agentline"`);
    const { file, bytes } = await moduleOf(script, module);
    rows.push(
      row(name, [script, bytes]),
      row("of it JavaScript", [script]),
      row(`of it ${file}`, [bytes]),
    );
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

/** The module for a need, whose name the bundled code must have. */
async function moduleOf(script, need) {
  const file = `${need}_wasm_bg.wasm`;
  if (!Buffer.from(script).includes(file)) throw new Error(`the bundled code asks for no ${file}`);
  return { file, bytes: await readFile(join(packageFolder, file)) };
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
