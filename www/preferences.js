// In: what this browser keeps, and the defaults served beside the page. Out: the settings of each backend, and which
// backend is chosen; both kept when they change. Whether they work is for connection.js to find out.
//
// A key is kept for as long as the tab lives, and longer only if the person asks for that. It is kept apart from the
// other settings, never in an address.

import { backends, isComplete, withoutPasswords } from "./backends.js";
import { readFields } from "./fields.js";
import { forget, recall, remember } from "./storage.js";

export class Preferences {
  #defaults = {}; // by backend
  #taken = {}; // by backend: what was entered here, also where the browser keeps nothing
  #backend = Object.keys(backends)[0];

  async load() {
    const given = await readDefaults();
    for (const [name, { fields }] of Object.entries(backends)) {
      if (given[name]) this.#defaults[name] = readFields(fields, given[name]).values;
    }
    const chosen = [recall("backend"), given.backend, ...Object.keys(backends)];
    this.#backend = chosen.find((name) => Object.hasOwn(backends, name ?? ""));
  }

  /** The name of the chosen backend. */
  get backend() {
    return this.#backend;
  }

  choose(name) {
    this.#backend = name;
    remember("backend", name);
  }

  /** What the page's server says of a backend; nothing where it says nothing. */
  defaultsOf(name) {
    return this.#defaults[name] ?? {};
  }

  settingsOf(name) {
    if (this.#taken[name]) return this.#taken[name];
    const kept = recall(`settings.${name}`, {});
    const key =
      recall(`key.${name}`, undefined, "sessionStorage") ?? recall(`key.${name}`, undefined);
    return {
      ...this.#defaults[name],
      ...kept,
      ...(key && { apiKey: key }),
      userId: kept.userId ?? userOfThisBrowser(),
      backend: name,
    };
  }

  isComplete(name) {
    return isComplete(this.settingsOf(name));
  }

  /** What equals a default is not kept, so that a later default is not hidden by an old one. */
  keep({ backend, ...settings }, rememberKey) {
    const defaults = this.defaultsOf(backend);
    const whole = withoutPasswords({ backend, ...settings });
    this.#taken[backend] = { userId: userOfThisBrowser(), ...whole };
    const { apiKey, ...rest } = whole;
    const own = Object.entries(rest).filter(
      ([name, value]) => name !== "backend" && value !== defaults[name],
    );
    remember(`settings.${backend}`, Object.fromEntries(own));
    forget(`key.${backend}`);
    forget(`key.${backend}`, "sessionStorage");
    if (apiKey && apiKey !== defaults.apiKey)
      remember(`key.${backend}`, apiKey, rememberKey ? "localStorage" : "sessionStorage");
    if (settings.userId) remember("user", settings.userId);
  }

  keyIsRemembered(name) {
    return recall(`key.${name}`, undefined) !== undefined;
  }
}

/**
 * `config.json` beside the page, as `./demo` writes it: `{ backend?, eliza?: { … }, meibel?: { … }, agentcloud?: { … } }`.
 * The page works without one.
 */
async function readDefaults() {
  try {
    const response = await fetch(new URL("config.json", document.baseURI), {
      cache: "no-store",
      signal: AbortSignal.timeout(3_000),
    });
    return (response.ok && (await response.json())) || {};
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
