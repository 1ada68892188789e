// In: a server's address. Out: a TCP proxy in front of it that cuts, delays, throttles, falls silent and refuses when it is
// told to. It knows nothing of HTTP: what a cut byte belongs to is the test's business.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

// How often in a second a throttled connection is given its share.
const SHARES = 20;

/**
 * Starts a proxy in front of `target`. What is set is in force for every connection at once, and stays so until `heal()`:
 * - `cut({ after, how })`: once `after` bytes have come from the server, over all connections, the connection that the next
 *   one would take breaks, with a reset or, by "end", with what looks like the server's own end of the connection. That
 *   happens once.
 * - `delay(ms)`: each piece comes so much later, in both directions. Its order stays.
 * - `throttle(bytes)`: so many bytes a second from the server, on each connection.
 * - `silence()`: nothing passes, and no connection breaks; `heal()` lets through what was held back.
 * - `refuse()`: all connections break and no new one is taken.
 * `passed` counts the bytes from the server since the last of these calls.
 */
export async function startProxy(target) {
  const { hostname, port } = new URL(target);
  const proxy = new Troublemaker(hostname, Number(port));
  await proxy.listen();
  return proxy;
}

class Troublemaker {
  #target;
  #server = createServer({ noDelay: true }, (client) => this.#join(client));
  #port = 0;
  #open = new Set();
  #trouble = {};
  #changed = deferred();
  passed = 0;
  /** Connections that it broke by `cut`. */
  cuts = 0;

  constructor(host, port) {
    this.#target = { host, port, noDelay: true };
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen() {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = this.#server.address().port;
  }

  cut({ after = 0, how = "reset" } = {}) {
    this.#set({ cut: { after, how } });
  }

  delay(milliseconds) {
    this.#set({ delay: milliseconds });
  }

  throttle(bytes) {
    this.#set({ throttle: bytes });
  }

  silence() {
    this.#set({ silent: true });
  }

  async refuse() {
    this.#set({});
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const passage of [...this.#open]) passage.break("reset");
    await closed;
  }

  async heal() {
    this.#set({});
    if (!this.#server.listening) await this.listen();
  }

  async stop() {
    if (this.#server.listening) await this.refuse();
  }

  #set(trouble) {
    this.#trouble = trouble;
    this.passed = 0;
    this.#changed.resolve();
    this.#changed = deferred();
  }

  #join(client) {
    const passage = new Passage(client, connect(this.#target));
    this.#open.add(passage);
    passage.over.then(() => this.#open.delete(passage));
    passage.carry(
      (chunk, write) => this.#down(passage, chunk, write),
      (chunk, write) => this.#late(chunk, write),
    );
  }

  /** From the server to the client. */
  async #down(passage, chunk, write) {
    await this.#late(chunk, async (whole) => {
      for (let rest = whole; rest.length > 0; ) {
        const share = this.#share(rest);
        const { cut } = this.#trouble;
        const left = cut === undefined ? share.length : cut.after - this.passed;
        if (cut !== undefined && left < share.length) {
          if (left > 0) {
            await write(share.subarray(0, left));
            // whoever finds its last bytes and the reset at one time takes it for an orderly end
            await sleep(20);
          }
          this.#trouble = {};
          this.cuts += 1;
          return passage.break(cut.how);
        }
        await write(share);
        this.passed += share.length;
        rest = rest.subarray(share.length);
        if (this.#trouble.throttle !== undefined) await sleep(1000 / SHARES);
      }
    });
  }

  #share(rest) {
    const { throttle } = this.#trouble;
    if (throttle === undefined) return rest;
    return rest.subarray(0, Math.max(1, Math.round(throttle / SHARES)));
  }

  /** When the time has come and nothing is silent any more. */
  async #late(chunk, write) {
    while (this.#trouble.silent) await this.#changed.promise;
    if (this.#trouble.delay !== undefined) await sleep(this.#trouble.delay);
    await write(chunk);
  }
}

/** Two sockets, and what goes between them. */
class Passage {
  #client;
  #server;
  #over = deferred();
  over = this.#over.promise;

  constructor(client, server) {
    this.#client = client;
    this.#server = server;
    for (const socket of [client, server]) {
      // whoever breaks a connection is told of by its other end
      socket.on("error", () => {});
      socket.on("close", () => this.#over.resolve());
    }
  }

  async carry(down, up) {
    await Promise.all([
      pass(this.#server, this.#client, down),
      pass(this.#client, this.#server, up),
    ]);
    for (const socket of [this.#client, this.#server]) socket.destroy();
  }

  break(how) {
    this.#server.destroy();
    if (how === "end") return this.#client.destroySoon();
    // what `resetAndDestroy` sets; by itself that sends an orderly end before the reset
    this.#client.resetAndClosing = true;
    this.#client.destroy();
  }
}

async function pass(from, to, admit) {
  const write = (bytes) => new Promise((resolve) => to.write(bytes, resolve));
  try {
    for await (const chunk of from) await admit(chunk, write);
    to.end();
  } catch {
    // a broken connection ends both ways, but what it is still to be given it gets
    if (!to.writableEnded) to.destroy();
  }
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
