// The module out of a script, as base64 text: no file, no request, no eval.

/** @param {string} text the bytes of a module in base64 */
export function compileInline(text) {
  return WebAssembly.compile(Uint8Array.fromBase64?.(text) ?? decoded(text));
}

/**
 * What `load` gives. Where a bundler took the code along and not the file, `copy` is there, and read only then.
 * @param {() => Promise<WebAssembly.Module>} load
 * @param {() => Promise<{ wasm: string }>} copy
 */
export async function orInline(load, copy) {
  try {
    return await load();
  } catch {
    return compileInline((await copy()).wasm);
  }
}

function decoded(text) {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}
