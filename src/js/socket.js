// One WebSocket that a machine asked for. What comes over it waits, in order and within bounds, until the machine listens:
// it may be at a request meanwhile, or its caller may take his time.

/** How much may wait: texts, and UTF-16 units in them. Somebody who sends more is not listened to any longer. */
const MOST_TEXTS = 10_000;
const MOST_UNITS = 16_777_216;

const ignore = () => {};

export class Line {
  #socket;
  #texts = [];
  #at = 0;
  #units = 0;
  #over = false;
  #opened = false;
  /** ends the waiting */
  #arrived;

  /** @param {string} address */
  constructor(address) {
    try {
      this.#socket = new WebSocket(address);
    } catch {
      // no address of a WebSocket for this runtime, or one that the page's policy forbids
      this.#over = true;
      return;
    }
    const socket = this.#socket;
    socket.onopen = () => {
      this.#opened = true;
      this.#arrived?.();
    };
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = socket.onerror = () => this.#end();
  }

  /** True when it is open, false when it will never be; nothing as long as that is open. */
  get opened() {
    return this.#over ? false : this.#opened || undefined;
  }

  /** Settles when something may have happened since it was last asked. */
  changed() {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** The next text; `null` when nothing more comes; nothing as long as nothing has come. */
  next() {
    if (this.#at < this.#texts.length) {
      const text = this.#texts[this.#at];
      this.#texts[this.#at++] = undefined;
      this.#units -= text.length;
      if (this.#at === this.#texts.length) {
        this.#texts = [];
        this.#at = 0;
      }
      return text;
    }
    return this.#over ? null : undefined;
  }

  /** @param {string} text */
  say(text) {
    try {
      this.#socket.send(text);
    } catch {
      // it closed meanwhile: whoever listens hears of that
    }
  }

  close() {
    const socket = this.#socket;
    this.#socket = this.#arrived = undefined;
    this.#over = true;
    this.#texts = [];
    this.#at = 0;
    if (!socket) return;
    socket.onopen = socket.onmessage = null;
    // an attempt that is given up ends in an error, which the package `ws` throws where nobody listens
    socket.onclose = socket.onerror = ignore;
    try {
      socket.close();
    } catch {
      // it never was open
    }
  }

  #take(data) {
    if (this.#over) return;
    const waiting = this.#texts.length - this.#at;
    // bytes are no text, whatever they hold
    if (typeof data !== "string" || waiting >= MOST_TEXTS || this.#units > MOST_UNITS) {
      return this.#end();
    }
    this.#texts.push(data);
    this.#units += data.length;
    this.#arrived?.();
  }

  #end() {
    this.#over = true;
    this.#arrived?.();
  }
}
