// `readEvents`: the events of a body that is there already. `openEvents`: the events of a body that is asked for, again
// and again.

import { Drive, NoKey } from "./driver.js";
import { AgentlineError, takenAlready } from "./error.js";
import { Pulled } from "./iterator.js";

/** The events of one source. Reading begins with the first event that is asked for. */
export class EventStream {
  #source;
  #taken = false;

  /** @param {Source} source */
  constructor(source) {
    this.#source = source;
  }

  get lastEventId() {
    return this.#source.lastEventId;
  }

  get retry() {
    return this.#source.drive?.retry;
  }

  [Symbol.asyncIterator]() {
    if (this.#taken) {
      throw takenAlready("a stream of events");
    }
    this.#taken = true;
    return new Pulled(this.#source);
  }

  abort(reason = new DOMException("the stream was aborted", "AbortError")) {
    this.#source.abort(reason);
  }
}

/** A drive that is made when the module is there. */
class Source {
  constructor(start, options) {
    this.start = start;
    this.options = options;
    this.drive = undefined;
    this.aborted = undefined;
  }

  get lastEventId() {
    return this.drive?.id ?? this.options?.lastEventId ?? "";
  }

  async open() {
    const drive = await this.make();
    drive.id = this.lastEventId;
    drive.onComment = this.options?.onComment;
    this.drive = drive;
    if (this.aborted) drive.abort(this.aborted.reason);
    return drive;
  }

  abort(reason) {
    if (this.drive) this.drive.abort(reason);
    else this.aborted ??= { reason };
  }
}

/** A body that is there already. */
export class Given extends Source {
  constructor(start, body, options) {
    super(start, options);
    this.body = body;
  }

  async make() {
    const { options } = this;
    const response = opened(this.body);
    const { module, memory } = await this.start();
    return new Drive(memory, module.readEvents(options), undefined, options?.signal, response);
  }

  abort(reason) {
    super.abort(reason);
    if (this.drive) return;
    // nobody has read from it, and now nobody will
    const body = this.body?.body ?? this.body;
    if (!body?.locked) body?.cancel?.(reason)?.catch(() => {});
  }
}

function opened(source) {
  if (typeof source?.getReader === "function") return { body: source };
  // a response without a body has no events
  if (source !== null && typeof source === "object" && "body" in source) return source;
  throw invalid("neither a response nor a stream of bytes was given");
}

/** A body that is asked for: the request is the caller's, and what it must have besides comes from the machine. */
export class Asked extends Source {
  constructor(start, input, options) {
    super(start, options);
    this.input = input;
    this.content = options?.body;
  }

  async make() {
    const { input, options } = this;
    const request = isRequest(input) ? input : undefined;
    const { module, memory } = await this.start();
    this.method = options?.method ?? request?.method ?? "GET";
    const [seed] = crypto.getRandomValues(new Uint32Array(1));
    const machine = module.openEvents(options, this.method, isOnce(this.content), seed);
    // a platform's own fetch must not be called as somebody's method
    const fetch = options?.fetch ?? globalThis.fetch;
    const carrier = {
      fetch: (request, init) => fetch(request, init),
      write: (machine) => this.write(machine),
    };
    const signals = [options?.signal, request?.signal].filter(Boolean);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    return new Drive(memory, machine, carrier, signal);
  }

  async write(machine) {
    const { input, method } = this;
    let { headers } = this.options ?? {};
    try {
      if (typeof headers === "function") headers = await headers();
    } catch (thrown) {
      throw new NoKey(thrown);
    }
    const request = isRequest(input) ? input : undefined;
    try {
      headers = new Headers(headers ?? request?.headers);
      const follows = machine.complete(method, request?.url ?? String(input), headers);
      const redirect = follows ? (request?.redirect ?? "follow") : "manual";
      const init = { method, headers, redirect };
      // an older workerd has no caches to pass by, and throws
      if ("cache" in Request.prototype) init.cache = "no-store";
      // a request's body can be read once
      if (!/^(get|head)$/i.test(method)) this.content ??= await request?.arrayBuffer();
      if (this.content !== undefined) init.body = this.content;
      if (isOnce(this.content)) init.duplex = "half";
      return new Request(input instanceof Request ? input : (request?.url ?? input), init);
    } catch {
      // the platform's words may repeat a key, of the address or of a header
      machine.noRequest();
      return undefined;
    }
  }
}

/** Also one of another realm. */
function isRequest(input) {
  return typeof input?.url === "string" && typeof input.method === "string";
}

function isOnce(body) {
  return (
    typeof body?.getReader === "function" || typeof body?.[Symbol.asyncIterator] === "function"
  );
}

function invalid(message) {
  return new AgentlineError({ kind: "invalid", message, retryable: false });
}
