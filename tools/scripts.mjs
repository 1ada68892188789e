// In: src/js/, the entries of pkg-template/ and the glue. Out: the package's code in few files, because each one costs whoever
// imports it a millisecond in Node, and one more request in a page without a bundler. What the gateway and the sandbox have,
// too, stays apart, so that an error is of one class. Making the glue is left to glue.mjs.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./paths.mjs";

const SHARED = ["error.js", "instance.js"];
const HOW = { bundle: true, format: "esm", target: "esnext", charset: "utf8", logLevel: "error" };

/**
 * Writes them into `folder`, where a copy of pkg-template/ is.
 * @param {string} folder
 * @param {string} glue
 */
export async function writeScripts(folder, glue) {
  // it is not there before npm's packages are installed
  const { build } = await import("esbuild");
  for (const file of SHARED) await cp(join(root, "src", "js", file), join(folder, file));
  await build({
    ...HOW,
    absWorkingDir: root,
    entryPoints: ["src/js/module.js"],
    outfile: join(folder, "module.js"),
    external: ["./error.js"],
    plugins: [made("./agentline_wasm.js", glue)],
  });
  await build({
    ...HOW,
    absWorkingDir: folder,
    entryPoints: ["index.js", "entry/*.js"],
    outdir: folder,
    allowOverwrite: true,
    external: [
      ...["./module.js", "./error.js", "../module.js", "../error.js"],
      ...["../gateway.js", "../sandbox.js"],
      ...["*.wasm", "*.wasm?module", "*_inline.js", "node:*"],
    ],
  });
  await rm(join(folder, "load"), { recursive: true });
}

/** A file that is imported as `path`, and is only a text. */
function made(path, contents) {
  const namespace = "made";
  return {
    name: path,
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /./ }, (asked) =>
        asked.path === path ? { path, namespace } : undefined,
      );
      onLoad({ filter: /./, namespace }, () => ({ contents }));
    },
  };
}
