// Runs an operation: makes the requests that the machine asks for, reads their bodies, and waits. It decides nothing:
// after every step the machine says what next.

import { AgentlineError, reportUncaught } from "./error.js";
import { Window } from "./memory.js";
import { Line } from "./socket.js";

// what next: machine.rs has the same list
const SEND = 0;
const READ = 1;
const WAIT = 2;
const YIELD = 3;
const DONE = 4;
const FAILED = 5;
const LOOK = 6;
const RECONNECT = 7;
const OPEN = 8;
const LISTEN = 9;
const CLOSE = 10;

/** Longer timers fire at once. */
const LONGEST = 0x7fffffff;
/** How often in the time that a body may be silent the timer looks. */
const LOOKS = 8;
/** Milliseconds for a server to end a body of which nothing more is wanted. */
const LINGER = 1_000;
/** A chunk goes into the module in pieces of this many bytes, so that a large one does not make its memory grow. */
const PIECE = 65_536;

const SILENCE = Symbol("silence");
const ABORT = Symbol("abort");

/** What a caller's `apiKey` threw, or the function that gives the headers. */
export class NoKey {
  constructor(thrown) {
    this.thrown = thrown;
  }
}

/** One operation being run. */
export class Drive {
  /**
   * @param {import("./memory.js").Memory} memory
   * @param {any} machine
   * @param {{ fetch: typeof fetch, own?: boolean, key?: unknown, write?: (machine: any) => Promise<Request | undefined> }}
   * carrier `own`: its `fetch` is the caller's, and is given requests
   * @param {AbortSignal} [signal]
   * @param {{ body: ReadableStream<Uint8Array> | null }} [response] what the machine begins with, if it is there already
   * @param {(state: string) => void} [onDelivery] is told how far the message is
   */
  constructor(memory, machine, carrier, signal, response, onDelivery) {
    this.window = new Window(memory, machine.window());
    this.machine = machine;
    this.carrier = carrier;
    this.signal = signal;
    this.next = undefined;
    // what waits to be taken: of `values`, those from `at` on and before `count`
    this.values = [];
    this.at = 0;
    this.count = 0;
    this.end = undefined;
    this.failed = undefined;
    this.over = false;
    this.pulling = false;
    this.aborted = false;
    this.reason = undefined;
    this.interrupt = undefined;
    this.controller = undefined;
    this.response = response;
    this.reader = undefined;
    this.line = undefined;
    this.watch = undefined;
    /** milliseconds since the epoch, as the clock was looked at last */
    this.now = 0;
    /** somebody came to read, or something to be read, since the timer looked */
    this.stirred = false;
    this.silent = false;
    this.secret = undefined;
    this.cause = undefined;
    // of a stream of events
    this.id = undefined;
    this.retry = undefined;
    this.onComment = undefined;
    this.onDelivery = onDelivery;
    this.onAbort = () => this.abort(signal.reason);
    if (signal?.aborted) this.abort(signal.reason);
    else signal?.addEventListener("abort", this.onAbort);
  }

  // what the machine's table is read into

  value(value) {
    this.values[this.count++] = value;
  }

  page(end) {
    this.end = end;
  }

  event(name, data, id) {
    if (id !== undefined) this.id = id;
    this.values[this.count++] = { event: name, data, id: this.id };
  }

  comment(text) {
    this.onComment(text);
  }

  resume(id, retry) {
    this.id = id;
    this.retry = retry;
  }

  delivered(state) {
    try {
      this.onDelivery?.(state);
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** How far the message is, where one is sent. */
  get delivery() {
    return this.window.delivered;
  }

  /** Stops at once, wherever it is. */
  abort(reason) {
    if (this.over || this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.release();
    this.interrupt?.(ABORT);
    if (!this.pulling) this.finish();
  }

  /** Whether values wait to be taken. */
  get waiting() {
    return this.at < this.count;
  }

  /** The next value that waits. */
  take() {
    const value = this.values[this.at];
    this.values[this.at++] = undefined;
    if (this.at === this.count) this.at = this.count = 0;
    return value;
  }

  /** All values that wait. */
  takeAll() {
    const { values, at, count } = this;
    this.drop();
    return values.slice(at, count);
  }

  drop() {
    this.values = [];
    this.at = this.count = 0;
  }

  /** Goes on until there are values, and gives them; nothing once the operation is over. */
  async pull() {
    return (await this.run()) ? this.takeAll() : undefined;
  }

  /** The hot path: where the machine waits for bytes and for nothing else, a promise of the next chunk, for `chunk`. One
   * chunk in, its values out, and no async function on the way. */
  nextChunk() {
    if (this.next !== READ || this.reader === undefined) return undefined;
    this.pulling = true;
    this.stirred = true;
    return this.reader.read();
  }

  /** Takes what `nextChunk` promised, and says whether values wait; if not, `run` goes on from there. */
  chunk(chunk) {
    if (chunk.done || this.aborted || this.silent) {
      this.next = this.ended(chunk);
      return false;
    }
    try {
      this.next = this.bytes(chunk.value);
    } catch (error) {
      this.finish();
      throw error;
    }
    if (this.next !== READ || this.count === 0) return false;
    this.pulling = false;
    return true;
  }

  /** The same for a chunk that did not come. */
  broke(error) {
    this.next = this.ended(undefined, error);
  }

  /** Goes on until values wait, from wherever the machine is; says whether there are any. */
  async run() {
    this.pulling = true;
    this.stirred = true;
    try {
      for (;;) {
        if (this.next === FAILED) this.failed ??= this.failure();
        if (this.next === DONE) this.linger();
        if (this.next === DONE || this.next === FAILED) this.finish();
        if (this.over || this.aborted || this.waiting) break;
        this.next = await this.step(this.next);
      }
    } catch (error) {
      // a caller's own function threw, such as `apiKey` or `onComment`
      this.finish();
      throw error;
    } finally {
      this.pulling = false;
      if (this.aborted) this.finish();
    }
    if (this.aborted) throw this.reason;
    // what came before a failure comes out before it
    if (this.waiting) return true;
    if (this.failed) throw this.failed;
    return false;
  }

  /** Does what the machine asked for, and tells it what happened. */
  step(next) {
    switch (next) {
      case SEND:
        return this.send();
      case READ:
        return this.read();
      case WAIT:
        return this.wait(new Promise(() => {}));
      case LOOK:
        return this.look();
      case RECONNECT:
        return this.reconnect();
      case OPEN:
        return this.open();
      case LISTEN:
        return this.hear();
      case CLOSE:
        return this.hangUp();
      case YIELD:
        return this.took(this.machine.resume(Date.now()));
      default:
        return this.took(this.machine.begin(Date.now()));
    }
  }

  /** Takes out what the last step put into the machine's table. */
  took(next) {
    this.window.take(this);
    return next;
  }

  async send() {
    const { machine } = this;
    this.release();
    this.silent = false;
    this.cause = undefined;
    const controller = (this.controller = new AbortController());
    let response;
    try {
      response = await this.within(machine.headLimit, this.ask(controller.signal));
    } catch (error) {
      if (error === ABORT) return SEND;
      this.release();
      if (error === SILENCE) return this.took(machine.silent(Date.now()));
      return this.took(error instanceof NoKey ? this.noKey(error.thrown) : this.broken(error));
    }
    // the machine could make no request, and knows why
    if (response === undefined) return FAILED;
    this.response = response;
    return this.took(machine.head(Date.now(), response.status, response.headers));
  }

  async ask(signal) {
    const { key, fetch, own, write } = this.carrier;
    if (typeof key === "function") {
      try {
        const given = (await key()) ?? undefined;
        if (given !== undefined && typeof given !== "string")
          throw new TypeError("it is no string");
        this.secret = given;
      } catch (thrown) {
        throw new NoKey(thrown);
      }
    } else {
      this.secret = key ?? undefined;
    }
    if (signal.aborted) return undefined;
    const request = write ? await write(this.machine) : this.machine.request(this.secret, own);
    this.window.heed(this);
    if (request === undefined || signal.aborted) return undefined;
    // The platform's `fetch` makes a request of whatever it is given. Of another request is slow: Node pumps its body over.
    const response = await (write || own
      ? fetch(request, { signal })
      : fetch(request.url, { ...request, signal }));
    // a `fetch` that does not listen to its signal answers somebody who has left
    if (signal.aborted) response.body?.cancel().catch(() => {});
    return response;
  }

  async read() {
    const { machine } = this;
    if (this.reader === undefined) {
      const body = this.response?.body;
      if (!body) return this.took(machine.end(Date.now()));
      this.reader = body.getReader();
      this.listen(machine.idleLimit);
    }
    let chunk;
    try {
      chunk = await this.reader.read();
    } catch (error) {
      return this.ended(undefined, error);
    }
    if (chunk.done || this.aborted || this.silent) return this.ended(chunk);
    this.now = Date.now();
    return this.bytes(chunk.value);
  }

  /** Nothing more can be read: why, is what the machine is told. */
  ended(chunk, error) {
    const { machine } = this;
    if (this.aborted) return READ;
    if (this.silent) return this.took(machine.silent(Date.now()));
    if (chunk === undefined) return this.took(this.broken(error));
    // nothing is left to give up: aborting would only cost an exception that nobody sees
    clearTimeout(this.watch);
    this.watch = this.reader = this.response = this.controller = undefined;
    return this.took(machine.end(Date.now()));
  }

  bytes(chunk) {
    this.stirred = true;
    // bytes of another realm are bytes; text, a DataView or wider numbers would be lost or torn below
    if (chunk?.BYTES_PER_ELEMENT !== 1) {
      return this.took(this.broken(new TypeError("the body gave something else than bytes")));
    }
    if (chunk.length <= PIECE) return this.piece(chunk);
    let next = READ;
    for (let at = 0; at < chunk.length && next === READ; at += PIECE) {
      next = this.piece(chunk.subarray(at, at + PIECE));
    }
    return next;
  }

  piece(piece) {
    const { machine, window } = this;
    if (!window.put(piece)) {
      machine.space(piece.length);
      window.put(piece);
    }
    // the time of the last look is good enough where values come, and looking costs as much as what is told
    const next = machine.bytes(this.now, piece.length);
    window.take(this);
    return next;
  }

  async wait(until, hidden = false) {
    this.release();
    await this.within(this.machine.pause(hidden), until).catch(() => {});
    return this.aborted ? WAIT : this.took(this.machine.waited(Date.now()));
  }

  /** Waits longer in a page that nobody sees, and no longer once it is seen. */
  async look() {
    const page = globalThis.document;
    if (page?.visibilityState !== "hidden") return this.wait(new Promise(() => {}));
    const waited = new AbortController();
    const seen = new Promise((resolve) => {
      page.addEventListener("visibilitychange", resolve, { once: true, signal: waited.signal });
    });
    return this.wait(seen, true).finally(() => waited.abort());
  }

  /** Waits, but no longer once the platform is online again, or once the page is seen again. */
  async reconnect() {
    const waited = new AbortController();
    const { signal } = waited;
    const page = globalThis.document;
    const back = new Promise((resolve) => {
      globalThis.addEventListener?.("online", resolve, { signal });
      const seen = () => page.visibilityState !== "hidden" && resolve();
      page?.addEventListener("visibilitychange", seen, { signal });
    });
    return this.wait(back).finally(() => waited.abort());
  }

  async open() {
    const { machine } = this;
    this.release();
    const line = (this.line = new Line(machine.socket()));
    if (line.opened === undefined) await this.until(line.changed());
    if (this.aborted) return OPEN;
    if (line.opened) return this.spoke(machine.opened(Date.now()));
    return line.opened === false ? this.hangUp() : this.took(machine.waited(Date.now()));
  }

  async hear() {
    const { machine, line } = this;
    this.release();
    let text = line.next();
    if (text === undefined) {
      await this.until(line.changed());
      if (this.aborted) return LISTEN;
      text = line.next();
    }
    if (text === null) return this.hangUp();
    const now = Date.now();
    return this.spoke(text === undefined ? machine.waited(now) : machine.heard(now, text));
  }

  /** Says what the machine has to say, if it went on. */
  spoke(next) {
    if (next !== FAILED) {
      for (let text = this.machine.say(); text !== undefined; text = this.machine.say()) {
        this.line.say(text);
      }
    }
    return this.took(next);
  }

  hangUp() {
    this.line?.close();
    this.line = undefined;
    return this.took(this.machine.closed(Date.now()));
  }

  /** Waits for `promise`, no longer than the machine allows. */
  async until(promise) {
    await this.within(this.machine.pause(false), promise).catch(() => {});
  }

  /** What the platform says of a request or body that failed. */
  broken(error) {
    const { machine } = this;
    this.cause = machine.reveals(`${error?.stack} ${error?.cause?.stack}`) ? undefined : error;
    const inner = error?.cause;
    const message = [error?.message ?? String(error), inner?.message].filter(Boolean).join(": ");
    const code = inner?.code ?? error?.code;
    return machine.broken(Date.now(), message, typeof code === "string" ? code : undefined);
  }

  noKey(thrown) {
    this.cause = thrown;
    return this.machine.noKey(Date.now(), thrown?.message ?? String(thrown));
  }

  failure() {
    const { cause, secret } = this;
    const told =
      cause instanceof Error &&
      !(secret && `${cause.stack} ${cause.cause?.stack}`.includes(secret));
    return new AgentlineError(JSON.parse(this.machine.error()), told ? cause : undefined);
  }

  /** Settles as `promise` does, or rejects when the time is over or somebody aborts. */
  within(milliseconds, promise) {
    let timer;
    const limit = new Promise((_, reject) => {
      this.interrupt = reject;
      if (milliseconds <= LONGEST) timer = setTimeout(reject, Math.max(0, milliseconds), SILENCE);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
  }

  /** Gives the body up when nothing comes for so long, or for an eighth more. One timer for all of it: a timer for each
   * read costs more than the read, and so does looking at the clock. So whatever stirs leaves a mark, and the timer looks
   * for marks. Time in which nobody reads is not the server's. */
  listen(limit) {
    if (!(limit <= LONGEST)) return;
    let since = Date.now();
    const look = () => {
      this.now = Date.now();
      if (this.stirred || !this.pulling) since = this.now;
      this.stirred = false;
      const left = since + limit - this.now;
      if (left > 0) {
        this.watch = setTimeout(look, Math.min(left, limit / LOOKS));
      } else {
        this.silent = true;
        this.release();
      }
    };
    this.watch = setTimeout(look, limit / LOOKS);
  }

  /** The operation has all it wants. The server mostly ends the body now: waiting for that keeps the connection for the
   * next request, and keeps a page's list of requests free of one that looks broken. */
  linger() {
    const { reader, controller } = this;
    if (!reader || this.aborted) return;
    this.reader = this.response = this.controller = undefined;
    const leave = () => {
      reader.cancel().catch(() => {});
      controller?.abort();
    };
    const timer = setTimeout(leave, LINGER);
    // Node would wait for it with nothing else to do
    timer.unref?.();
    reader.read().then(
      ({ done }) => {
        clearTimeout(timer);
        if (!done) leave();
      },
      () => clearTimeout(timer),
    );
  }

  /** Lets go of the response. A read that waits ends at once, whatever the platform does with the signal. */
  release() {
    clearTimeout(this.watch);
    this.watch = undefined;
    const { reader, response, controller } = this;
    this.reader = this.response = this.controller = undefined;
    const cancelled = reader ? reader.cancel() : response?.body?.cancel();
    cancelled?.catch(() => {});
    controller?.abort();
  }

  finish() {
    if (this.over) return;
    this.over = true;
    this.signal?.removeEventListener("abort", this.onAbort);
    this.release();
    this.line?.close();
    if (this.aborted) {
      this.machine.left();
      this.window.heed(this);
    }
    this.machine.free();
  }
}
