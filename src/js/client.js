// The client as callers see it. Each method makes a machine and a drive for it; what comes out is handed over as a
// promise, a stream of reply events, or an iterable.

import { Drive } from "./driver.js";
import { takenAlready } from "./error.js";
import { Pulled } from "./iterator.js";

/** By which a conversation, of whichever copy of the package, gets its machine from a client. */
export const MACHINE = Symbol.for("agentline.conversation");

export class Client {
  #connection;
  #memory;
  #carrier;
  #capabilities;

  constructor(connection, memory, options) {
    this.#connection = connection;
    this.#memory = memory;
    this.#carrier = { ...carried(options.fetch), key: options.apiKey };
    this.backend = options.backend;
  }

  get capabilities() {
    this.#capabilities ??= Object.freeze(JSON.parse(this.#connection.capabilities()));
    return this.#capabilities;
  }

  createSession(input, options) {
    return this.#one(this.#connection.createSession(input, options), options);
  }

  getSession(sessionId, options) {
    return this.#one(this.#connection.getSession(sessionId, options), options);
  }

  listSessions(query, options) {
    return this.#many(() => this.#connection.listSessions(query, options), options);
  }

  async deleteSession(sessionId, options) {
    await this.#all(this.#connection.deleteSession(sessionId, options), options);
  }

  async cancelSession(sessionId, options) {
    await this.#all(this.#connection.cancelSession(sessionId, options), options);
  }

  renewSession(sessionId, options) {
    return this.#one(this.#connection.renewSession(sessionId, options), options);
  }

  async startSession(sessionId, options) {
    await this.#all(this.#connection.startSession(sessionId, options), options);
  }

  async setVariables(sessionId, variables, options) {
    await this.#all(this.#connection.setVariables(sessionId, variables, options), options);
  }

  sendMessage(sessionId, message, options) {
    return this.#one(this.#sending(sessionId, message, false, options), options);
  }

  streamMessage(sessionId, message, options) {
    return this.#reply(this.#sending(sessionId, message, true, options), options);
  }

  resumeReply(sessionId, query, options) {
    return this.#reply(this.#connection.resumeReply(sessionId, query, options), options);
  }

  async getMessages(sessionId, query, options) {
    const { values, end } = await this.#all(
      this.#connection.getMessages(sessionId, query, options),
      options,
    );
    return { messages: values, ...end };
  }

  messages(sessionId, query, options) {
    return this.#many(() => this.#connection.messages(sessionId, query, options), options);
  }

  followMessages(sessionId, query, options) {
    return this.#many(() => this.#connection.followMessages(sessionId, query, options), options);
  }

  [MACHINE](begun, renews) {
    return this.#connection.conversation(begun, renews);
  }

  #sending(sessionId, message, stream, options) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    return this.#connection.sendMessage(sessionId, message, stream, options, random);
  }

  #reply(machine, options) {
    const id = machine.clientMessageId() ?? "";
    return new ReplyStream(this.#drive(machine, options), id);
  }

  #drive(machine, options) {
    return new Drive(
      this.#memory,
      machine,
      this.#carrier,
      options?.signal,
      undefined,
      options?.onDelivery,
    );
  }

  async #all(machine, options) {
    const drive = this.#drive(machine, options);
    let values = [];
    for (let some = await drive.pull(); some; some = await drive.pull())
      values = values.length === 0 ? some : values.concat(some);
    return { values, end: drive.end };
  }

  async #one(machine, options) {
    const { values } = await this.#all(machine, options);
    return values[0];
  }

  /** Each loop over it is an operation of its own. */
  #many(machine, options) {
    const drive = () => this.#drive(machine(), options);
    return { [Symbol.asyncIterator]: () => over(drive()) };
  }
}

function over(drive) {
  return new Pulled(drive, drive);
}

/** What carries the requests, `given` by the caller or not. */
function carried(given) {
  const { fetch } = globalThis;
  const called = given ?? fetch;
  // a platform's own fetch must not be called as somebody's method
  return { fetch: (input, init) => called(input, init), own: called !== fetch };
}

/** Opens an account of Agent Cloud, and gives its token. */
export async function signIn(connection, memory, { fetch, signal, ...who }) {
  const [token] = await new Drive(memory, connection.signIn(who), carried(fetch), signal).pull();
  return token;
}

/** An answer coming in. The message goes out at once; the answer waits until somebody takes it. */
class ReplyStream {
  #drive;
  #events;
  #taken = false;
  #final;
  #settle;

  constructor(drive, clientMessageId) {
    this.clientMessageId = clientMessageId;
    this.#drive = drive;
    this.#final = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // who iterates hears of a failure there, and need not ask here
    this.#final.catch(() => {});
    this.#events = new Pulled(drive, drive, {
      value: (event) => event.type === "done" && this.#settle.resolve(event.reply),
      failed: (error) => this.#settle.reject(error),
      left: () => this.#settle.reject(left()),
    });
    this.#events.start();
  }

  get delivery() {
    return this.#drive.delivery;
  }

  [Symbol.asyncIterator]() {
    this.#take();
    return this.#events;
  }

  async text() {
    return (await this.reply()).message.text;
  }

  async reply() {
    if (!this.#taken) {
      this.#take();
      while (!(await this.#events.next()).done);
    }
    return this.#final;
  }

  toReadableStream() {
    const events = this[Symbol.asyncIterator]();
    return new ReadableStream(
      {
        async pull(controller) {
          const { value, done } = await events.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await events.return();
        },
      },
      { highWaterMark: 0 },
    );
  }

  abort(reason = left()) {
    this.#drive.abort(reason);
    this.#settle.reject(reason);
  }

  #take() {
    if (this.#taken) {
      throw takenAlready("an answer");
    }
    this.#taken = true;
  }
}

function left() {
  return new DOMException("the answer was aborted", "AbortError");
}
