// The servers in memory: a Request goes in, a Response comes out whose bytes arrive in their time.
// The machine (sandbox_wasm) decides everything; this file waits for it. Web standards only.

import { startsOnce } from "./instance.js";
import { initSync, Machine } from "./sandbox_wasm.js";
import { readFaults } from "./sandbox-faults.js";

const FILE = "sandbox_wasm_bg.wasm";
const ADVICE = "let it be copied beside the code";

const BASE_URL = "http://sandbox.invalid";
// What a client of each server needs; the sandbox tells them apart by their paths.
const BACKENDS = {
  meibel: { agentId: "agent_sandbox", options: { baseUrl: `${BASE_URL}/v2` } },
  agentcloud: {
    agentId: "6b01edf211f2e31b0c34e7f2",
    options: {
      baseUrl: BASE_URL,
      team: "6b01edbd11f2e31b0c34e7e9",
      // This server always asks for one. It is no secret: it opens nothing but this object.
      apiKey: "agentcloud-sandbox-key",
      allowBrowserKey: true,
    },
  },
  eliza: {
    agentId: "11111111-2222-4333-8444-555555555555",
    options: { baseUrl: BASE_URL, userId: "aaaaaaaa-0000-4000-8000-000000000001" },
  },
};
const OPTIONS = ["agents", "faults", "keys", "latency", "seed"];

/**
 * Gives each runtime's entry its `createSandbox`.
 * @param {() => Promise<WebAssembly.Module>} load finds and compiles the module in this runtime
 */
export function bindSandbox(load) {
  const started = startsOnce(FILE, ADVICE, (module) => initSync({ module }));
  return { createSandbox: (options) => createSandbox(options, () => started(load)) };
}

function createSandbox(options = {}, initialised) {
  const settings = read(options);
  let machine;
  let latest = 0;

  async function sandboxFetch(input, init) {
    const request = requestOf(input, init);
    const { signal } = request;
    signal.throwIfAborted();
    const [body] = await Promise.all([request.arrayBuffer(), initialised()]);
    signal.throwIfAborted();
    machine ??= machineOf(settings);
    // The machine's clock must not run backwards, as the system's may.
    latest = Math.max(latest, Date.now());
    const arrived = latest;
    const answer = new Timed(
      machine,
      machine.handle(headOf(request, body), new Uint8Array(body), arrived),
      arrived,
    );
    await answer.head(signal);
    const elsewhere = redirectOf(answer, request);
    return elsewhere === undefined ? responseOf(answer, signal) : sandboxFetch(elsewhere);
  }

  return {
    fetch: sandboxFetch,
    setFaults(faults) {
      // A machine that is not there yet begins with them; a seed stays until there is another.
      settings.faults = { ...settings.faults, ...readFaults(faults, "setFaults") };
      machine?.set_faults(JSON.stringify(settings.faults));
    },
    connectOptions(backend) {
      const { options: needed } = known(backend);
      const [apiKey] = settings.keys;
      return {
        backend,
        ...needed,
        fetch: sandboxFetch,
        // The key is no secret: it opens nothing but this object.
        ...(apiKey === undefined ? {} : { apiKey, allowBrowserKey: true }),
      };
    },
    agentId(backend) {
      return known(backend).agentId;
    },
  };
}

function known(backend) {
  if (!Object.hasOwn(BACKENDS, backend)) {
    const names = Object.keys(BACKENDS).map((name) => JSON.stringify(name));
    throw new TypeError(
      `the sandbox does not speak ${JSON.stringify(backend)}; it speaks ${names.join(", ")}`,
    );
  }
  return BACKENDS[backend];
}

function read(options) {
  if (options === null || typeof options !== "object") {
    throw new TypeError("createSandbox takes an object of options");
  }
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name)) {
      throw new TypeError(
        `createSandbox does not know the option ${JSON.stringify(name)}; it knows ${OPTIONS.join(", ")}`,
      );
    }
  }
  const { agents = "conversation", faults = [], keys = [], latency = 0, seed } = options;
  const check = (fine, sentence) => {
    if (!fine) throw new TypeError(`createSandbox: ${sentence}`);
  };
  check(["conversation", "echo"].includes(agents), 'agents is "conversation" or "echo"');
  check(
    Array.isArray(keys) && keys.every((key) => typeof key === "string" && key !== ""),
    "keys is an array of texts that are not empty",
  );
  check(Number.isFinite(latency) && latency >= 0, "latency is a number of milliseconds, 0 or more");
  check(
    seed === undefined || (Number.isSafeInteger(seed) && seed >= 0),
    "seed is a whole number, 0 or more",
  );
  return {
    seed,
    latency,
    echo: agents === "echo",
    keys: [...keys],
    faults: readFaults(faults, "createSandbox"),
  };
}

function machineOf({ seed, ...settings }) {
  // Asked for with the first request: Workers give no random numbers outside of one.
  const chosen = seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
  return new Machine(JSON.stringify({ ...settings, seed: chosen }));
}

function requestOf(input, init) {
  if (input instanceof Request) return init === undefined ? input : new Request(input, init);
  // A Request of another realm has a url; a relative address means the sandbox.
  const address = typeof input === "object" && "url" in input ? input.url : String(input);
  const source = typeof input === "object" && "url" in input ? input : undefined;
  return new Request(new URL(address, BASE_URL), init ?? source);
}

function headOf(request, body) {
  const { pathname, search } = new URL(request.url);
  const headers = [...request.headers];
  // What the platform adds on its way to a real server.
  if (["POST", "PUT", "PATCH"].includes(request.method)) {
    headers.push(["content-length", String(body.byteLength)]);
  }
  return JSON.stringify({ method: request.method, path: pathname + search, headers });
}

/** An answer whose head and pieces become due one after another. */
class Timed {
  #machine;
  #arrived;
  #index = 0;
  #offset = 0;

  constructor(machine, answer, arrived) {
    this.#machine = machine;
    this.#arrived = arrived;
    this.#take(answer);
  }

  #take(answer) {
    Object.assign(this, JSON.parse(answer.head));
    this.bytes = answer.bytes;
    answer.free();
  }

  /** A later message can have made something else of this answer. */
  #refresh() {
    const answer = this.turn === null ? undefined : this.#machine.overtaken(this.turn);
    if (answer !== undefined) this.#take(answer);
  }

  #left(after) {
    return this.#arrived + after - Date.now();
  }

  /** Waits until the head is due; until the signal aborts, where the server never answers. */
  async head(signal) {
    if (this.end === "never" && this.status === 0) await aborted(signal);
    for (;;) {
      await pause(this.#left(this.after), signal);
      this.#refresh();
      if (this.#left(this.after) <= 0) break;
    }
    if (this.end === "unanswered")
      throw new TypeError("fetch failed: the sandbox closed the connection");
    if (this.end === "reset") throw new TypeError("fetch failed: the sandbox reset the connection");
  }

  /** Waits for the next piece; `undefined` once the body is over. */
  async next(signal) {
    for (;;) {
      const due = this.pieces[this.#index]?.[0] ?? this.endAfter;
      await pause(this.#left(due), signal);
      this.#refresh();
      const piece = this.pieces[this.#index];
      if (this.#left(piece?.[0] ?? this.endAfter) > 0) continue;
      if (piece !== undefined) {
        this.#index += 1;
        this.#offset += piece[1];
        return this.bytes.slice(this.#offset - piece[1], this.#offset);
      }
      if (this.end === "never") await aborted(signal);
      if (this.end === "cut") throw new TypeError("terminated: the sandbox cut the connection");
      return undefined;
    }
  }
}

/** Where a request that follows redirects goes instead: Agent Cloud sends 302 to a page, to be read by GET. */
function redirectOf({ status, headers }, { url, redirect, headers: own, signal }) {
  const location = headers.find(([name]) => name === "location")?.[1];
  if (status !== 302 || location === undefined || redirect === "manual") return undefined;
  if (redirect === "error") throw new TypeError("fetch failed: unexpected redirect");
  const kept = new Headers(own);
  for (const name of ["content-type", "content-length"]) kept.delete(name);
  return new Request(new URL(location, url), { headers: kept, signal });
}

function responseOf(answer, signal) {
  const { status, headers } = answer;
  if (answer.pieces.length === 0 && answer.end === "clean") {
    return new Response(null, { status, headers });
  }
  const over = new AbortController();
  const stop = () => over.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const finish = () => signal.removeEventListener("abort", stop);
  const body = new ReadableStream(
    {
      start(controller) {
        over.signal.addEventListener("abort", () => {
          finish();
          // After a cancel there is nothing left to tell.
          if (signal.aborted) controller.error(signal.reason);
        });
      },
      async pull(controller) {
        try {
          const piece = await answer.next(over.signal);
          if (piece !== undefined) return controller.enqueue(piece);
          finish();
          controller.close();
        } catch (error) {
          finish();
          if (!over.signal.aborted) controller.error(error);
        }
      },
      cancel() {
        over.abort();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status, headers });
}

/** Rejects once the signal aborts, and does nothing before. */
function aborted(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Resolves after `ms`; an abort ends it, and its timer, at once. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (ms <= 0) return resolve();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
