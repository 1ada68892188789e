// A server's body as a page gets it from the gateway: nothing is read that nobody wants, and where the server is silent
// between two events, comments go out. A proxy keeps the connection for them, and a runtime notices by them that the page
// left. What may go out is decided by the machine (gateway_wasm).

const PING = new TextEncoder().encode(": ping\n\n");
/** Longer timers fire at once. */
const LONGEST = 0x7fffffff;

/** What a wait gives whose time is over. */
export const LATE = Symbol("late");

/** Settles as `promise` does, or as LATE. */
export async function within(milliseconds, promise) {
  if (!(milliseconds <= LONGEST)) return promise;
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.max(0, milliseconds), LATE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** All of a body of at most `most` bytes; nothing if it is larger, LATE if it falls silent. */
export async function readWhole(body, most, idleTimeout) {
  if (!body) return new Uint8Array(0);
  const reader = body.getReader();
  const chunks = [];
  let length = 0;
  for (;;) {
    const chunk = await within(idleTimeout, reader.read());
    if (chunk.done) break;
    if (chunk !== LATE) length += chunk.value.length;
    if (chunk === LATE || length > most) {
      reader.cancel().catch(() => {});
      return chunk === LATE ? LATE : undefined;
    }
    chunks.push(chunk.value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** One body on its way. */
export class Relaying {
  #body;
  #relay;
  #heartbeat;
  #idleTimeout;
  #gone;
  #pending;
  #heard = 0;
  #over = false;

  /**
   * @param {ReadableStream<Uint8Array> | null} body the server's
   * @param {any} relay the machine
   * @param {{ heartbeat: number, idleTimeout: number }} limits in milliseconds
   * @param {(reason?: Error) => void} gone told once, when nothing more is wanted; with a reason where the server still is
   * asked
   */
  constructor(body, relay, { heartbeat, idleTimeout }, gone) {
    this.#body = body?.getReader();
    this.#relay = relay;
    this.#heartbeat = heartbeat;
    this.#idleTimeout = idleTimeout;
    this.#gone = gone;
  }

  stream() {
    return new ReadableStream(
      {
        pull: async (out) => {
          try {
            await this.#pull(out);
          } catch {
            this.#broken(out);
          }
        },
        cancel: () => {
          this.#finish(new Error("the page left"));
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #pull(out) {
    // time in which nobody reads is not the server's
    if (this.#pending === undefined) this.#ask();
    let beat = Date.now() + this.#heartbeat;
    for (;;) {
      const now = Date.now();
      const silence = this.#heard + this.#idleTimeout - now;
      const chunk = await within(Math.min(beat - now, silence), this.#pending);
      if (this.#over) return;
      if (chunk !== LATE) {
        if (this.#took(out, chunk)) return;
      } else if (Date.now() - this.#heard >= this.#idleTimeout) {
        return this.#broken(out);
      } else if (this.#relay.isBetweenEvents) {
        return out.enqueue(PING);
      } else {
        beat = Date.now() + this.#heartbeat;
      }
    }
  }

  #ask() {
    this.#pending = this.#body ? this.#body.read() : Promise.resolve({ done: true });
    this.#heard = Date.now();
  }

  /** Whether that is enough for once. */
  #took(out, { done, value }) {
    this.#pending = undefined;
    const bytes = done ? this.#relay.end() : this.#relay.push(value);
    if (bytes === undefined) {
      this.#broken(out);
      return true;
    }
    if (bytes.length > 0) out.enqueue(bytes);
    if (done) {
      this.#finish();
      out.close();
    } else if (bytes.length === 0) {
      this.#ask();
    }
    return done || bytes.length > 0;
  }

  /** An end would say that the answer is whole. */
  #broken(out) {
    if (this.#over) return;
    const reason = new Error("the connection to the server broke");
    this.#finish(reason);
    out.error(reason);
  }

  #finish(reason) {
    if (this.#over) return;
    this.#over = true;
    this.#relay.free();
    if (reason !== undefined) this.#body?.cancel(reason).catch(() => {});
    this.#gone(reason);
  }
}
