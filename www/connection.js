// In: the settings. Out: an open client, and how the connection stands: "closed", "connecting", "idle",
// "streaming", "offline" or "error". It leaves it to others to show that, and what to do with a client.
//
// Events: "state" whenever `state` or `problem` may have changed; "opened" with the sessions of this user; "probe"
// when it is time to ask an unreachable server again.

import { backends, isComplete, optionsFor, readFields } from "./backends.js";
import { explain } from "./errors.js";
import { forget, recall, remember } from "./storage.js";

// While the server is unreachable it is asked again by itself, ever more seldom.
const firstPause = 2_000;
const longestPause = 30_000;

export class Connection extends EventTarget {
  settings = { backend: Object.keys(backends)[0] };
  defaults = {};
  client = undefined;
  problem = undefined;
  #standing = "closed";
  #streams = 0;
  #pause = firstPause;
  #timer = 0;
  #openings = 0;

  /** Reads the defaults served beside the page and what this browser knows. Says whether that is enough to connect. */
  async prepare() {
    this.defaults = await readDefaults();
    const kept = recall("settings", {});
    const key = recall("key", undefined, "sessionStorage") ?? recall("key", undefined);
    this.settings = {
      ...this.settings,
      ...this.defaults,
      ...kept,
      userId: kept.userId ?? userOfThisBrowser(),
    };
    if (!backends[this.settings.backend]) this.settings.backend = Object.keys(backends)[0];
    if (key) this.settings.apiKey = key;
    return isComplete(this.settings);
  }

  /** Takes new settings; what equals a default is not kept, so that a later default is not hidden by an old one. */
  change(settings, rememberKey) {
    const { apiKey, ...rest } = settings;
    const own = Object.entries(rest).filter(([name, value]) => value !== this.defaults[name]);
    remember("settings", Object.fromEntries(own));
    forget("key");
    forget("key", "sessionStorage");
    if (apiKey) remember("key", apiKey, rememberKey ? "localStorage" : "sessionStorage");
    if (settings.userId) remember("user", settings.userId);
    this.settings = settings;
  }

  get keyIsRemembered() {
    return recall("key", undefined) !== undefined;
  }

  get backend() {
    return backends[this.settings.backend];
  }

  /** The server's name as a person would say it. */
  get host() {
    return hostOf(this.settings);
  }

  get state() {
    return this.#standing === "idle" && this.#streams > 0 ? "streaming" : this.#standing;
  }

  /** Opens a client with the settings and asks the server for the sessions of this user, which proves the connection. */
  async open() {
    const opening = ++this.#openings;
    clearTimeout(this.#timer);
    this.#stand("connecting");
    try {
      const client = await openClient(this.settings);
      const sessions = await listOwn(client, this.settings);
      // Newer settings came meanwhile.
      if (opening !== this.#openings) return;
      this.client = client;
      this.#pause = firstPause;
      this.#stand("idle");
      this.dispatchEvent(new CustomEvent("opened", { detail: sessions }));
    } catch (error) {
      if (opening === this.#openings) this.#stand("error", this.explain(error, "connect"));
      throw error;
    }
  }

  /** The newest list of this user's sessions. */
  listSessions() {
    return this.run("connect", (client) => listOwn(client, this.settings));
  }

  /** Runs one call of the client, and learns from how it ends how the connection stands. */
  async run(doing, call) {
    if (!this.client) await this.open();
    try {
      const result = await call(this.client);
      this.#recovered();
      return result;
    } catch (error) {
      this.learn(error, doing);
      throw error;
    }
  }

  createSession() {
    return this.run("create", (client) =>
      client.createSession(optionsFor("createSession", this.settings)),
    );
  }

  explain(error, doing) {
    return explain(error, doing, { host: this.host, hasKey: Boolean(this.settings.apiKey) });
  }

  /** A failure outside `run`, such as one inside a stream. */
  learn(error, doing) {
    const problem = this.explain(error, doing);
    if (problem.connection) this.#stand(problem.connection, problem);
    return problem;
  }

  streamStarted() {
    this.#streams += 1;
    this.#notify();
  }

  streamEnded(succeeded) {
    this.#streams -= 1;
    if (succeeded) this.#recovered();
    this.#notify();
  }

  #recovered() {
    this.#pause = firstPause;
    if (this.#standing === "offline" || this.#standing === "error") this.#stand("idle");
  }

  #stand(standing, problem) {
    this.#standing = problem?.connection ?? standing;
    this.problem = problem;
    clearTimeout(this.#timer);
    if (this.#standing === "offline") {
      this.#timer = setTimeout(() => this.dispatchEvent(new Event("probe")), this.#pause);
      this.#pause = Math.min(this.#pause * 2, longestPause);
    }
    this.#notify();
  }

  #notify() {
    this.dispatchEvent(new Event("state"));
  }
}

/** Tries settings before they are taken: resolves with nothing, or throws what is wrong with them. */
export async function tryOut(settings) {
  await listOwn(await openClient(settings), settings);
}

export function hostOf(settings) {
  try {
    return new URL(settings.baseUrl, location.href).host;
  } catch {
    return "the server";
  }
}

async function openClient(settings) {
  // Not a static import: if the package is missing, the page can still say so.
  const { connect } = await import("agentline");
  return connect({
    backend: settings.backend,
    ...optionsFor("connect", settings),
    allowBrowserKey: true, // the person typed the key into this page for this server
    // A person is waiting: the page says at once what happened, has a button to try again, and asks by itself
    // while the server is away.
    maxRetries: 0,
  });
}

async function listOwn(client, settings) {
  const { owns } = backends[settings.backend];
  const own = [];
  for await (const session of client.listSessions()) {
    if (owns(session, settings)) own.push(session);
  }
  return own;
}

/** `config.json` beside the page, as `./demo` writes it. The page works without one. */
async function readDefaults() {
  try {
    const response = await fetch(new URL("config.json", document.baseURI), {
      cache: "no-store",
      signal: AbortSignal.timeout(3_000),
    });
    const given = response.ok ? await response.json() : {};
    const backend = backends[given.backend];
    return backend ? { backend: given.backend, ...readFields(backend, given).values } : {};
  } catch {
    return {};
  }
}

/** The user id is made once per browser, so that the list of sessions stays the same person's. */
function userOfThisBrowser() {
  const known = recall("user");
  if (typeof known === "string") return known;
  const made = makeUuid();
  remember("user", made);
  return made;
}

// crypto.randomUUID is missing where the page is served over plain http from another machine.
export function makeUuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
