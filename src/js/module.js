// Opens the package: compiles the WebAssembly module once, when it is first needed, and hides that in what is awaited
// anyway. Importing the package does nothing.

import * as module from "./agentline_wasm.js";
import { Client, signIn } from "./client.js";
import { AgentlineError } from "./error.js";
import { Asked, EventStream, Given } from "./events.js";
import { startsOnce } from "./instance.js";
import { Memory } from "./memory.js";

const FILE = "agentline_wasm_bg.wasm";
const WITHOUT_FILE =
  'let it be copied beside the code, import from "agentline/inline", or give the file as `wasm` to connect';

/**
 * The functions of the package, for one runtime.
 * @param {() => WebAssembly.Module | Promise<WebAssembly.Module>} load
 * @param {string} [advice] what to do where `load` fails
 */
export function bind(load, advice = WITHOUT_FILE) {
  const started = startsOnce(FILE, advice, (compiled) => {
    const { memory } = module.initSync({ module: compiled });
    return { module, memory: new Memory(memory) };
  });
  const start = (given) => started(given ? () => compile(given) : load);
  return {
    async connect(options) {
      const { module, memory } = await start(options?.wasm);
      return new Client(connection(module, options), memory, options);
    },
    async signIn(options) {
      const { module, memory } = await start(options?.wasm);
      const opened = connection(module, { ...options, backend: "agentcloud" });
      return signIn(opened, memory, options);
    },
    readEvents(source, options) {
      return new EventStream(new Given(start, source, options));
    },
    openEvents(input, options) {
      return new EventStream(new Asked(start, input, options));
    },
  };
}

function connection(module, options) {
  const random = crypto.getRandomValues(new Uint8Array(16));
  try {
    return new module.Connection(options ?? {}, random, pageOrigin());
  } catch (error) {
    throw typeof error === "string" ? new AgentlineError(JSON.parse(error)) : error;
  }
}

async function compile(given) {
  if (Object.prototype.toString.call(given) === "[object WebAssembly.Module]") return given;
  const found = given instanceof URL ? await fetch(given) : given;
  if (typeof found.arrayBuffer !== "function") return WebAssembly.compile(found);
  return WebAssembly.compile(await found.arrayBuffer());
}

/** Where this runs for somebody who can read it. Node, Deno and workerd have no location. */
function pageOrigin() {
  const origin = globalThis.location?.origin;
  return origin?.startsWith("http") ? origin : undefined;
}
