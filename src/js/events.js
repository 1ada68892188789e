// `readEvents`: the events of a body that is there already.

import { Drive } from "./driver.js";
import { AgentlineError, takenAlready } from "./error.js";
import { Pulled } from "./iterator.js";

/** The events of one body. Reading begins with the first event that is asked for. */
export class EventStream {
  #source;
  #taken = false;

  /** @param {() => Promise<{ module: any, memory: any }>} start @param {unknown} source @param {any} [options] */
  constructor(start, source, options) {
    this.#source = new Source(start, source, options);
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
  constructor(start, source, options) {
    this.start = start;
    this.source = source;
    this.options = options;
    this.drive = undefined;
    this.aborted = undefined;
  }

  get lastEventId() {
    return this.drive?.id ?? this.options?.lastEventId ?? "";
  }

  pull() {
    return this.drive ? this.drive.pull() : this.open();
  }

  async open() {
    const response = opened(this.source);
    const { module, memory } = await this.start();
    const { signal, onComment } = this.options ?? {};
    const drive = new Drive(memory, module.readEvents(this.options), undefined, signal, response);
    drive.id = this.lastEventId;
    drive.onComment = onComment;
    this.drive = drive;
    if (this.aborted) drive.abort(this.aborted.reason);
    return drive.pull();
  }

  abort(reason) {
    if (this.drive) {
      this.drive.abort(reason);
    } else {
      this.aborted ??= { reason };
      // nobody has read from it, and now nobody will
      const body = this.source?.body ?? this.source;
      if (!body?.locked) body?.cancel?.(reason)?.catch(() => {});
    }
  }
}

function opened(source) {
  if (typeof source?.getReader === "function") return { body: source };
  // a response without a body has no events
  if (source !== null && typeof source === "object" && "body" in source) return source;
  const message = "neither a response nor a stream of bytes was given";
  throw new AgentlineError({ kind: "invalid", message, retryable: false });
}
