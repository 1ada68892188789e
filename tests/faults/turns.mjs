// In: the package, a sandbox as a server, a backend, a seed. Out: turns, in each of which something may go wrong, and what
// each one did that it must not do. What the server holds is asked for when nothing goes wrong any more.
import { setTimeout as sleep } from "node:timers/promises";
import { Chance } from "./chance.mjs";

const SESSION_TURNS = 20;
const LIMITS = { timeout: 400, idleTimeout: 400 };
const ANSWER_TIMEOUT = 1500;
// Agent Cloud's agent ends each of its turns with a question.
const ASKS = { agentcloud: "\n\nAnything else?" };
const HOWS = ["stream", "stream", "send"];
const WORDS = ["añb", "😀", "alpha", "- item", "`code`", "два", "0.5", "\u2028", "end"];

/** Each gives a rule for the requests of one session. */
const FAULTS = {
  refuse: () => ({ fault: "refuse" }),
  lose: () => ({ fault: "lose" }),
  hang: (chance) => ({ fault: "hang", taken: chance.holds(0.5) }),
  busy: () => ({ fault: "status", status: 429, retryAfter: 0, times: 1 }),
  broken: (chance) => ({ fault: "status", status: 500, taken: chance.holds(0.5) }),
  away: (chance) => ({ fault: "status", status: 503, taken: chance.holds(0.5) }),
  html: (chance) => ({ fault: "html", taken: chance.holds(0.5) }),
  stall: (chance) => ({ fault: "stall", at: chance.below(1500) }),
  cut: (chance) => ({ fault: "cut", at: chance.below(1500), clean: chance.holds(0.5) }),
  drip: () => ({ fault: "drip", every: 1, bytes: 16 }),
  duplicate: () => ({ fault: "duplicate" }),
  newline: (chance) => ({ fault: "newline", newline: chance.one(["crlf", "cr"]) }),
  bom: () => ({ fault: "bom" }),
  split: () => ({ fault: "split", pause: 1 }),
};

/** How a turn may end: with the whole answer, or with an error that says how far it came. */
export const ENDS = [
  "done",
  "network",
  "timeout",
  "server",
  "protocol",
  "truncated",
  "rate_limited",
];

/** What may follow each state of a message. */
export const FOLLOWS = {
  queued: ["sending", "failed"],
  sending: ["delivered", "unknown", "failed"],
  unknown: ["sending", "delivered", "failed"],
  delivered: [],
  failed: [],
};

export class Turns {
  #chance;
  #connect;
  #sandbox;
  #client;
  #plain;
  #session;
  #said = [];

  constructor({ connect, sandbox, backend, seed }) {
    this.#connect = connect;
    this.#sandbox = sandbox;
    this.#chance = new Chance(seed);
    this.backend = backend;
    this.count = 0;
    this.ends = {};
  }

  async open() {
    const options = this.#sandbox.options(this.backend);
    this.#client = await this.#connect({ ...options, ...LIMITS });
    this.#plain = await this.#connect(options);
  }

  /** One turn. Gives what went wrong that must not, in sentences; mostly none. */
  async next() {
    if (this.count % SESSION_TURNS === 0) await this.#begin();
    this.count += 1;
    const turn = this.#draw();
    await this.#sandbox.setFaults(turn.rules, this.#chance.below(2 ** 31));
    const outcome = await this.#play(turn);
    await this.#sandbox.setFaults([]);
    this.ends[outcome.kind] = (this.ends[outcome.kind] ?? 0) + 1;
    this.#said.push({ ...turn, ...outcome });
    const wrong = [...this.#judge(turn, outcome), ...(await this.#compare())];
    const what = `turn ${this.count} (${turn.how}, ${turn.faults.join(" + ") || "no fault"} -> ${outcome.kind})`;
    return wrong.map((sentence) => `${this.backend}: ${what}: ${sentence}`);
  }

  async #begin() {
    this.#session = await this.#plain.createSession({
      agentId: this.#sandbox.agentId(this.backend),
    });
    this.#said = [];
    // Agent Cloud's agent greets first, and what is said meanwhile waits
    if (this.backend === "agentcloud") await sleep(400);
  }

  #draw() {
    const chance = this.#chance;
    const words = Array.from({ length: 1 + chance.below(6) }, () => chance.one(WORDS));
    const answer = `${this.count} ${words.join(" ")} ${this.#session.id.slice(-6)}`;
    const faults = Array.from({ length: chance.one([0, 1, 1, 1, 2]) }, () =>
      chance.one(Object.keys(FAULTS)),
    );
    const rules = faults.map((name) => ({
      ...FAULTS[name](chance),
      session: this.#session.id,
      operation: chance.holds(0.8) ? "sendMessage" : "getMessages",
      ...(chance.holds(0.6) ? { nth: 1 } : {}),
    }));
    // only one of them can take the place of the whole answer
    const replaces = ["refuse", "lose", "hang", "status", "html"];
    const kept = rules.filter(
      (rule, at) =>
        !replaces.includes(rule.fault) ||
        rules.findIndex(({ fault }) => replaces.includes(fault)) === at,
    );
    return {
      answer: answer + (ASKS[this.backend] ?? ""),
      text: `stream ${1 + chance.below(5)} ${chance.below(8)} ${answer}`,
      faults,
      rules: kept,
      // Meibel's synchronous answer is waited for for minutes
      how: this.backend === "meibel" && faults.includes("hang") ? "stream" : chance.one(HOWS),
      redeliver: chance.one(["never", "when-absent"]),
    };
  }

  async #play({ text, how, redeliver }) {
    const states = [];
    const call = { redeliver, onDelivery: (state) => states.push(state) };
    const message = { text, answerTimeout: ANSWER_TIMEOUT };
    let shown = "";
    let dones = 0;
    try {
      if (how === "send") {
        const reply = await this.#client.sendMessage(this.#session.id, message, call);
        return { kind: "done", reply, shown: reply.message.text, dones: 1, states };
      }
      let reply;
      for await (const event of this.#client.streamMessage(this.#session.id, message, call)) {
        if (event.type === "content") shown += event.delta;
        if (event.type === "replace") shown = event.text;
        if (event.type === "done") {
          dones += 1;
          reply = event.reply;
        }
      }
      return { kind: "done", reply, shown, dones, states };
    } catch (error) {
      return { kind: error.kind ?? String(error), error, shown, dones, states };
    }
  }

  /** What a turn must be by itself. */
  *#judge({ answer }, { kind, reply, error, shown, dones, states }) {
    if (!ENDS.includes(kind)) yield `it ended with ${kind}: ${error?.stack}`;
    if (kind === "done") {
      if (dones !== 1) yield `${dones} times done`;
      if (reply?.message.text !== answer) {
        yield `the answer is ${JSON.stringify(reply?.message.text)}, not ${JSON.stringify(answer)}`;
      }
      if (shown !== reply?.message.text) yield `it showed ${JSON.stringify(shown)}`;
      if (states.at(-1) !== "delivered") yield `answered, and yet ${states.at(-1)}`;
    } else {
      if (dones !== 0) yield "an error after its end";
      const end = { yes: "delivered", no: "failed", unknown: "unknown" }[error.delivered];
      if (states.at(-1) !== end) yield `delivered: ${error.delivered}, and yet ${states.at(-1)}`;
    }
    const odd = states.findIndex(
      (state, at) => !FOLLOWS[states[at - 1] ?? "queued"].includes(state),
    );
    if (odd >= 0) yield `its states are ${states.join(", ")}`;
  }

  /** What the server holds, against what was said of it. */
  async #compare() {
    const rows = await this.#settled();
    const mine = rows.filter(({ role }) => role === "user").map(({ text }) => text);
    const wrong = [];
    for (const { text, kind, error } of this.#said) {
      const stored = mine.filter((row) => row === text).length;
      const delivered = kind === "done" ? "yes" : error.delivered;
      if (stored > 1) wrong.push(`${JSON.stringify(text)} was stored ${stored} times`);
      if (delivered === "yes" && stored === 0) wrong.push(`${JSON.stringify(text)} was lost`);
      if (delivered === "no" && stored > 0) {
        wrong.push(`${JSON.stringify(text)} was stored, and the error says that it was not`);
      }
    }
    const order = mine.map((text) => this.#said.findIndex((said) => said.text === text));
    if (order.some((place, at) => at > 0 && place < order[at - 1])) {
      wrong.push(`the messages stand in the order ${order.join(", ")}`);
    }
    return wrong;
  }

  /** The history, once the agent has answered what it was told. */
  async #settled() {
    let before;
    for (let tries = 0; tries < 40; tries++) {
      const { messages } = await this.#plain.getMessages(this.#session.id, { limit: 100 });
      const told = JSON.stringify(messages.map(({ id, text, complete }) => [id, text, complete]));
      const waits = this.backend !== "eliza" && messages.at(-1)?.role === "user";
      const grows = messages.some(({ complete }) => !complete);
      if (told === before && !waits && !grows) return messages;
      before = told;
      await sleep(40);
    }
    return (await this.#plain.getMessages(this.#session.id, { limit: 100 })).messages;
  }
}
