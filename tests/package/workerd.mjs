// In: a project and the Worker in it. Out: workerd (Cloudflare's runtime) running that Worker, bundled as wrangler does it:
// with workerd's conditions, and the .wasm file a module of its own.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

/** `options` are Miniflare's, such as `bindings`. Dispose of it afterwards. */
export async function startWorker(project, entry, options) {
  const out = join(project, "bundled");
  await build({
    absWorkingDir: project,
    entryPoints: [entry],
    outdir: out,
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    outExtension: { ".js": ".mjs" },
    loader: { ".wasm": "copy" },
    logLevel: "error",
  });
  const files = await readdir(out);
  const modules = await Promise.all(
    files
      .sort((one, other) => Number(other === entry) - Number(one === entry))
      .map(async (file) => ({
        type: file.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
        path: join(out, file),
        contents: await readFile(join(out, file)),
      })),
  );
  const compatibilityDate = "2026-01-01";
  return new Miniflare({ modules, modulesRoot: out, compatibilityDate, ...options });
}
