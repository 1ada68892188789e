// In: the settings of one backend. Out: an open client, and how the connection stands: "closed", "connecting",
// "idle", "streaming", "offline" or "error". It leaves it to others to show that, and what to do with a client.
//
// Events: "state" whenever `state` or `problem` may have changed; "opened" with the sessions of this user; "probe"
// when it is time to ask an unreachable server again.

import { backends, isInPage } from "./backends.js";
import { listSessions, openClient, sessionOptions } from "./client.js";
import { explain } from "./errors.js";
import { sessionsOfThisBrowser } from "./kept.js";

// While the server is unreachable it is asked again by itself, ever more seldom.
const firstPause = 2_000;
const longestPause = 30_000;

export class Connection extends EventTarget {
  settings;
  client = undefined; // once the server has answered
  made = undefined; // before that
  problem = undefined;
  #standing = "closed";
  #streams = 0;
  #pause = firstPause;
  #timer = 0;
  #making = undefined; // the promise of a client
  #opening = undefined; // that it works
  #closed = false;

  constructor(settings) {
    super();
    this.settings = settings;
  }

  /** Other settings came: nothing more is heard of this connection. */
  close() {
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  get backend() {
    return backends[this.settings.backend];
  }

  /** The server's name as a person would say it. */
  get host() {
    return hostOf(this.settings);
  }

  /** Whose sessions these are, for what this browser keeps of them. */
  get place() {
    const { backend, agentId, agentName } = this.settings;
    return { backend, agent: agentName ?? agentId };
  }

  get state() {
    return this.#standing === "idle" && this.#streams > 0 ? "streaming" : this.#standing;
  }

  /** Makes a client, for which no server is needed. */
  make() {
    this.#making ??= openClient(this.settings).then((made) => {
      this.made = made.client;
      return made;
    });
    this.#making.catch(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** Opens a client and asks the server for the sessions of this user, which proves the connection. */
  open() {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open() {
    clearTimeout(this.#timer);
    this.#stand("connecting");
    try {
      const { client } = await this.make();
      const sessions = await this.#find(client);
      this.client = client;
      this.#pause = firstPause;
      this.#stand("idle");
      if (!this.#closed) this.dispatchEvent(new CustomEvent("opened", { detail: sessions }));
    } catch (error) {
      this.#stand("error", this.explain(error, "connect"));
      throw error;
    }
  }

  /** The newest list of this user's sessions. */
  listSessions() {
    return this.run("connect", (client) => this.#find(client));
  }

  /** What the server lists; where it cannot, what this browser has seen. */
  async #find(client) {
    return (await listSessions(client, this.settings)) ?? sessionsOfThisBrowser(this.place);
  }

  /** Runs one call of the client, and learns from how it ends how the connection stands. */
  async run(doing, call) {
    if (!this.client) await this.open();
    try {
      const result = await call(this.client);
      this.recovered();
      return result;
    } catch (error) {
      this.learn(error, doing);
      throw error;
    }
  }

  createSession() {
    return this.run("create", async (client) =>
      client.createSession(await sessionOptions(this.settings)),
    );
  }

  explain(error, doing) {
    return explainWith(this.settings, error, doing);
  }

  /** A failure outside `run`, such as one inside a stream. */
  learn(error, doing) {
    const problem = this.explain(error, doing);
    if (problem.connection) this.#stand(problem.connection, problem);
    return problem;
  }

  /** The platform says that there is no network. */
  isOffline() {
    this.#stand("offline", this.explain({ kind: "network" }, "session"));
  }

  streamStarted() {
    this.#streams += 1;
    this.#notify();
  }

  streamEnded(succeeded) {
    this.#streams -= 1;
    if (succeeded) this.recovered();
    this.#notify();
  }

  /** Something worked again. */
  recovered() {
    this.#pause = firstPause;
    if (this.#standing === "offline" || this.#standing === "error") this.#stand("idle");
  }

  #stand(standing, problem) {
    this.#standing = problem?.connection ?? standing;
    this.problem = problem;
    clearTimeout(this.#timer);
    if (this.#standing === "offline" && !this.#closed) {
      this.#timer = setTimeout(() => this.dispatchEvent(new Event("probe")), this.#pause);
      this.#pause = Math.min(this.#pause * 2, longestPause);
    }
    this.#notify();
  }

  #notify() {
    if (!this.#closed) this.dispatchEvent(new Event("state"));
  }
}

/** The name of the settings' server as a person would say it. */
export function hostOf(settings) {
  const { label } = backends[settings.backend];
  if (isInPage(settings)) return "the sandbox in this page";
  if (!settings.baseUrl) return `${label}'s hosted service`;
  try {
    return new URL(settings.baseUrl, location.href).host;
  } catch {
    return "the server";
  }
}

export const explainWith = (settings, error, doing) =>
  explain(error, doing, {
    host: hostOf(settings),
    hasKey: Boolean(settings.apiKey),
    byName: Boolean(settings.agentName),
  });
