// A gateway at the edge: a page's Request goes in, the server's answer comes out, and the key stays here.
// The machine (gateway_wasm) decides everything; this file fetches, waits and asks the caller's own functions. Web
// standards only.

import { AgentlineError } from "./error.js";
import { Failure, Gateway, initSync, Options } from "./gateway_wasm.js";
import { startsOnce } from "./instance.js";
import { LATE, Relaying, readWhole, within } from "./relay.js";

const FILE = "gateway_wasm_bg.wasm";
const ADVICE = "let it be copied beside the code";
const NOTHING = new Uint8Array(0);

// What each option of `createGateway` may be; the machine says whether it makes sense.
const text = (value) => typeof value === "string";
const number = (value) => typeof value === "number";
const callable = (value) => typeof value === "function";
const OPTIONS = {
  backend: [text, "a string"],
  baseUrl: [text, "a string"],
  apiKey: [(value) => text(value) || callable(value), "a string or a function"],
  team: [text, "a string"],
  path: [text, "a string"],
  allowOrigins: [(value) => Array.isArray(value) && value.every(text), "an array of strings"],
  authorize: [callable, "a function"],
  heartbeat: [number, "a number"],
  timeout: [number, "a number"],
  idleTimeout: [number, "a number"],
  maxBodyBytes: [number, "a number"],
  limits: [(value) => typeof value === "object" && value !== null, "an object"],
  onError: [callable, "a function"],
  fetch: [callable, "a function"],
};
const LIMITS = { requestsPerMinute: [number, "a number"], client: [callable, "a function"] };
const DECIDED = [
  "backend",
  "baseUrl",
  "team",
  "path",
  "heartbeat",
  "timeout",
  "idleTimeout",
  "maxBodyBytes",
];

/**
 * Gives each runtime's entry its `createGateway`.
 * @param {() => WebAssembly.Module | Promise<WebAssembly.Module>} load finds and compiles the module in this runtime
 */
export function bindGateway(load) {
  const started = startsOnce(FILE, ADVICE, (module) => initSync({ module }));
  return {
    createGateway(options) {
      const given = checked("createGateway", OPTIONS, options);
      if (given.apiKey === undefined) refused("createGateway needs `apiKey`");
      checked("`limits`", LIMITS, given.limits ?? {});
      let carrier;
      return async (request) => {
        await started(load);
        carrier ??= new Carrier(given);
        return carrier.handle(request);
      };
    },
  };
}

function refused(message) {
  throw new AgentlineError({ kind: "config", message, retryable: false });
}

/** An option that nobody knows is mostly one that was misspelt, and then nothing is checked. */
function checked(what, known, given) {
  if (typeof given !== "object" || given === null) refused(`${what} takes an object of options`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) {
      refused(`${what} does not know the option ${JSON.stringify(name)}`);
    }
    const [fits, wanted] = known[name];
    if (value !== undefined && !fits(value)) refused(`${what}: \`${name}\` is not ${wanted}`);
  }
  return { ...given };
}

/** Carries requests through one gateway. */
class Carrier {
  #gateway;
  #options;
  #fetch;

  constructor(options) {
    const decided = new Options();
    for (const name of DECIDED) decided[name] = options[name];
    decided.allowOrigins = options.allowOrigins ?? [];
    decided.requestsPerMinute = options.limits?.requestsPerMinute;
    try {
      this.#gateway = new Gateway(decided);
    } catch (error) {
      throw typeof error === "string" ? new AgentlineError(JSON.parse(error)) : error;
    }
    this.#options = options;
    // a platform's own fetch must not be called as somebody's method
    const { fetch = globalThis.fetch } = options;
    this.#fetch = (url, init) => fetch(url, init);
  }

  async handle(request) {
    const passage = this.#gateway.judge(request.method, request.url, request.headers);
    const trip = new Trip(passage, request.signal);
    try {
      return await this.#lead(trip, request);
    } catch (error) {
      this.#tell(error);
      return respond(passage.failed(Failure.Broken));
    } finally {
      if (!trip.goesOn) trip.over();
    }
  }

  async #lead(trip, request) {
    const { passage } = trip;
    const decided = passage.answer() ?? this.#count(passage, request);
    if (decided !== undefined) return respond(decided);
    const verdict = await this.#ask(passage, request);
    if (verdict !== true) return verdict ?? respond(passage.failed(Failure.Forbidden));
    const body = passage.takesBody ? await this.#read(request) : NOTHING;
    if (!(body instanceof Uint8Array)) return respond(passage.failed(body));
    const key = await this.#key();
    const unknown = await this.#findTeam(key);
    if (unknown !== undefined) return respond(passage.instead(unknown.status, unknown.body));
    const here = passage.here();
    return here === undefined ? this.#carry(trip, key, body) : respond(here);
  }

  /** Counts the request, where requests are counted. */
  #count(passage, request) {
    const { limits } = this.#options;
    if (limits === undefined) return undefined;
    // only Cloudflare's own runtime has `cf`, and there nobody else can write this header
    const platform = () => request.cf && request.headers.get("cf-connecting-ip");
    const client = limits.client ? limits.client(request) : platform();
    return passage.admit(String(client ?? ""), Date.now());
  }

  /** True, or the answer of whoever refuses; nothing where there is no word to say. */
  async #ask(passage, request) {
    const { authorize } = this.#options;
    if (authorize === undefined) return true;
    const { operation, session: sessionId } = passage;
    const what = sessionId === undefined ? { operation } : { operation, sessionId };
    const verdict = await authorize(request, what);
    // a Response of another realm is one too
    const answered = typeof verdict === "object" && typeof verdict?.status === "number";
    return verdict === true || answered ? verdict : undefined;
  }

  /** The request's body, or what is wrong with it. */
  async #read(request) {
    const { maxBodyBytes, idleTimeout } = this.#gateway;
    // a page that leaves in the middle of it is told nothing
    const body = await readWhole(request.body, maxBodyBytes, idleTimeout).catch(() => LATE);
    if (body === LATE) return Failure.Slow;
    return body ?? Failure.TooLarge;
  }

  async #key() {
    const { apiKey } = this.#options;
    const key = typeof apiKey === "function" ? await apiKey() : apiKey;
    if (typeof key !== "string") throw new TypeError("`apiKey` gave no string");
    return key;
  }

  #tell(error) {
    try {
      this.#options.onError?.(error);
    } catch {
      // what fails while it tells of a failure has nobody left to tell
    }
  }

  /** Asks for the team where it is not known; the answer, where none is found. Whoever comes meanwhile asks too: a Worker
   * must not wait for what another request began. */
  async #findTeam(key) {
    const passage = this.#gateway.asksFirst();
    if (passage === undefined) return undefined;
    const trip = new Trip(passage);
    try {
      const answer = await this.#carry(trip, key, NOTHING);
      return answer.ok ? undefined : { status: answer.status, body: await answer.text() };
    } finally {
      trip.over();
    }
  }

  async #carry(trip, key, body) {
    const { passage } = trip;
    const outgoing = passage.request(key, body);
    if (outgoing === undefined) return respond(passage.answer());
    const { method, url, headers } = JSON.parse(outgoing);
    const init = { method, headers, redirect: "manual", signal: trip.signal };
    if (body.length > 0) init.body = body;
    try {
      const asked = this.#fetch(url, init);
      const response = await within(passage.headLimit, asked);
      if (response === LATE) {
        trip.abort();
        asked.catch(() => {});
        return respond(passage.failed(Failure.Silent));
      }
      return await this.#answer(trip, response);
    } catch (error) {
      if (!trip.signal.aborted) this.#tell(withoutKey(error, key));
      trip.abort();
      return respond(passage.failed(Failure.Unreachable));
    }
  }

  async #answer(trip, response) {
    const { passage } = trip;
    const told = passage.head(response.status, response.headers);
    const { answer, events, most } = JSON.parse(told);
    if (events !== undefined) return trip.goOn(answer, response.body, this.#limits(events));
    if (most === undefined) {
      trip.abort();
      return toResponse(answer);
    }
    const body = await readWhole(response.body, most, this.#gateway.idleTimeout);
    if (body !== LATE) return respond(passage.whole(body));
    trip.abort();
    return respond(passage.failed(Failure.Silent));
  }

  #limits(events) {
    const { heartbeat, idleTimeout } = this.#gateway;
    return { events, heartbeat: events ? heartbeat : Number.POSITIVE_INFINITY, idleTimeout };
  }
}

const respond = (answer) => toResponse(JSON.parse(answer));

function toResponse({ status, headers, body }) {
  return new Response(body === "" ? null : body, { status, headers });
}

/** What a platform says of a request that failed, as far as it may be told. */
function withoutKey(error, key) {
  const words = [error?.message ?? String(error), error?.cause?.message];
  const message = words.filter(Boolean).join(": ");
  return new Error(key !== "" && message.includes(key) ? "the request failed" : message);
}

/** The way of one request to the server and back. It ends when the page leaves, wherever it is. */
class Trip {
  #left = new AbortController();
  #outer;
  #leave = () => this.abort();
  goesOn = false;

  constructor(passage, signal) {
    this.passage = passage;
    this.#outer = signal;
    if (signal?.aborted) this.abort();
    else signal?.addEventListener("abort", this.#leave, { once: true });
  }

  get signal() {
    return this.#left.signal;
  }

  abort() {
    this.#left.abort(new DOMException("the request was given up", "AbortError"));
  }

  /** The answer whose body is still to come. */
  goOn({ status, headers }, body, limits) {
    this.goesOn = true;
    const gone = (reason) => {
      this.over();
      if (reason !== undefined) this.abort();
    };
    const relay = this.passage.body(limits.events);
    const relaying = new Relaying(body, relay, limits, gone);
    return new Response(relaying.stream(), { status, headers });
  }

  over() {
    this.#outer?.removeEventListener("abort", this.#leave);
    this.passage.free();
  }
}
