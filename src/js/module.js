// Opens the package: compiles a WebAssembly module once, when it is first needed, and hides that in what is awaited anyway.
// There are two for event streams and one for each backend, so that nobody loads what he does not use, and one that is all
// of them. Importing the package does nothing.

import { glue } from "./agentline_wasm.js";
import { Client, signIn } from "./client.js";
import { AgentlineError } from "./error.js";
import { Asked, EventStream, Given } from "./events.js";
import { start } from "./instance.js";
import { Memory } from "./memory.js";

export { createConversation } from "./conversation.js";

const WHOLE = "agentline";
const READ = "read";
/** It reads, too. */
const EVENTS = "events";
const BACKENDS = ["meibel", "agentcloud", "eliza"];
/** What is wrong with the options is told by the module of any backend. */
const ANY = "client";

const ADVICE =
  'let it be copied beside the code, import from "agentline/inline", or give the file as `wasm`';

/** @typedef {() => WebAssembly.Module | Promise<WebAssembly.Module>} Load */

/** The instances for one runtime. */
export class Modules {
  #loads;
  #advice;
  /** by need */
  #started = {};
  /** those that may hold more than what they were started for */
  #several = new Set();

  /**
   * @param {Record<string, Load>} loads by need, or `agentline` for all
   * @param {string} [advice] what to do where one of them fails
   */
  constructor(loads, advice = ADVICE) {
    this.#loads = loads;
    this.#advice = advice;
  }

  /** The instance for a need. The first who needs it decides where it comes from. */
  start(need, wasm) {
    const started = this.#started;
    if (started[need] === undefined) {
      started[need] = this.#begin(need, wasm);
      started[need].catch(() => delete started[need]);
    }
    return started[need];
  }

  async #begin(need, wasm) {
    const others = need === READ ? [this.#started[EVENTS], ...this.#several] : this.#several;
    for (const other of others) {
      const instance = await other?.catch(() => undefined);
      if (instance?.module.holds(need)) return instance;
    }
    const name = [need, WHOLE, BACKENDS[0]].find((name) => Object.hasOwn(this.#loads, name));
    const file = `${name}_wasm_bg.wasm`;
    const load = wasm ? () => compile(wasm) : this.#loads[name];
    const starting = start(load, file, this.#advice, instantiate);
    if (wasm || name === WHOLE) {
      this.#several.add(starting);
      starting.catch(() => this.#several.delete(starting));
    }
    const instance = await starting;
    if ((name === need && !wasm) || instance.module.holds(need)) return instance;
    throw new AgentlineError({
      kind: "config",
      message: `what was given as \`wasm\` is another module: give ${file} or ${WHOLE}_wasm_bg.wasm`,
      code: "WASM_LOAD",
      retryable: false,
    });
  }
}

export function bindConnect(modules) {
  return async (options) => {
    const { backend, wasm } = options ?? {};
    const need = BACKENDS.includes(backend) ? backend : ANY;
    const { module, memory } = await modules.start(need, wasm);
    return new Client(connection(module, options), memory, options);
  };
}

export function bindSignIn(modules) {
  return async (options) => {
    const backend = "agentcloud";
    const { module, memory } = await modules.start(backend, options?.wasm);
    return signIn(connection(module, { ...options, backend }), memory, options);
  };
}

export function bindReadEvents(modules) {
  return (source, options) =>
    new EventStream(new Given(starts(READ, modules, options), source, options));
}

export function bindOpenEvents(modules) {
  return (input, options) =>
    new EventStream(new Asked(starts(EVENTS, modules, options), input, options));
}

function starts(need, modules, options) {
  return () => modules.start(need, options?.wasm);
}

function instantiate(compiled) {
  const module = glue();
  const { memory } = module.initSync({ module: compiled });
  return { module, memory: new Memory(memory) };
}

function connection(module, options) {
  try {
    return new module.Connection(options ?? {}, pageOrigin());
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
