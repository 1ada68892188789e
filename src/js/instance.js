// Instances of WebAssembly modules. What cannot be loaded is told as an AgentlineError that names the file and what to do.
// Where the module comes from is left to the loaders.

import { AgentlineError } from "./error.js";

/**
 * One that is instantiated when it is first asked for, and tried again by the next call where that failed.
 * @template T
 * @param {string} file the module's name in the package
 * @param {string} advice what to do where it cannot be loaded
 * @param {(module: WebAssembly.Module) => T} instantiate
 * @returns {(load: () => WebAssembly.Module | Promise<WebAssembly.Module>) => Promise<T>}
 */
export function startsOnce(file, advice, instantiate) {
  let started;
  return (load) => {
    started ??= start(load, file, advice, instantiate);
    started.catch(() => (started = undefined));
    return started;
  };
}

/** A new one. */
export async function start(load, file, advice, instantiate) {
  return instantiate(ofThisRealm(await loaded(load, file, advice)));
}

async function loaded(load, file, advice) {
  try {
    return await load();
  } catch (cause) {
    const message = `${file}, the WebAssembly of agentline, could not be loaded (${cause?.message ?? cause}): ${advice}`;
    throw new AgentlineError(
      { kind: "config", message, code: "WASM_LOAD", retryable: false },
      cause,
    );
  }
}

/** The glue asks by instanceof, which a module that another realm compiled fails: Next's edge runtime, Jest. */
function ofThisRealm(module) {
  if (module instanceof WebAssembly.Module) return module;
  return Object.setPrototypeOf(module, WebAssembly.Module.prototype);
}
