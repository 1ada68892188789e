// In: what is known of one entry of a conversation: a row of the history, a message that was sent, the events of an answer.
// Out: the frozen message that a user interface shows. Which entries there are, and in which order, Rust says.

export const DELIVERIES = ["queued", "sending", "delivered", "unknown", "failed"];
export const LIVES = [
  undefined,
  "waiting",
  "streaming",
  "reconnecting",
  undefined,
  "stopped",
  "failed",
];
export const WHOLE = 4;

// what an entry is: conversation.rs has the same numbers
const QUESTION = 1;
const ANSWER = 8;
const KEPT = 16;
const STILL = 33;

/** A message that is sent from here, and the answer to it. */
export class Exchange {
  text = "";
  activity = [];
  reply = undefined;
  citations = undefined;
  sources = undefined;
  usage = undefined;
  error = undefined;
  /** the backend's id of the message */
  questionId = undefined;
  /** when the first of the answer came */
  at = undefined;
  controller = undefined;
  /** what was told last of whether the backend has the message */
  delivery = "queued";
  /** it is sent again */
  again = false;

  /** @param {number} turn @param {Record<string, unknown>} outgoing */
  constructor(turn, outgoing, clientMessageId, sentAt) {
    this.turn = turn;
    this.outgoing = outgoing;
    this.clientMessageId = clientMessageId;
    this.sentAt = sentAt;
    this.#wait();
  }

  #wait() {
    this.settled = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Whether there is something of the answer. */
  get shown() {
    return this.text !== "" || this.activity.length > 0;
  }

  /** The message is sent again. */
  repeat() {
    this.again = true;
    this.delivery = "queued";
    this.error = undefined;
    this.#wait();
  }

  /** Takes an event of the answer; says whether it has a text. */
  take(event) {
    this.at ??= Date.now();
    switch (event.type) {
      case "content":
        this.text += event.delta;
        break;
      case "replace":
        this.text = event.text;
        break;
      case "citations":
        this.#rests(event);
        break;
      case "done":
        this.finish(event.reply);
        break;
      default:
        this.#does(event);
    }
    return this.text !== "";
  }

  finish(reply) {
    const { message, thinking } = reply;
    this.reply = reply;
    this.text = message.text;
    this.usage = reply.usage;
    this.#rests({
      citations: reply.citations ?? message.citations,
      sources: reply.sources ?? message.sources,
    });
    if (thinking && !this.activity.some(({ type }) => type === "thinking"))
      this.activity.unshift(Object.freeze({ type: "thinking", delta: thinking }));
  }

  #rests({ citations, sources }) {
    if (citations?.length > 0) this.citations = citations;
    if (sources?.length > 0) this.sources = sources;
  }

  #does(event) {
    const last = this.activity.at(-1);
    let next = event;
    if (last?.type === event.type) {
      if (event.type === "status" && last.text === event.text) return;
      if (event.type === "thinking") {
        next = { ...event, delta: last.delta + event.delta };
        this.activity.pop();
      }
    }
    this.activity.push(Object.freeze({ ...next }));
  }
}

/**
 * The message of an entry. `row`: its message of the history, if it has one; `exchange`: what was sent, if it is a part of
 * that.
 */
export function shown(key, kind, row, exchange) {
  const named = { key: String(key) };
  if (kind >= STILL) return derived(row, { ...named, complete: true });
  if (kind === 0 || exchange === undefined) return derived(row, named);
  if (kind < ANSWER) return question(named, DELIVERIES[kind - QUESTION], row, exchange);
  const kept = kind >= KEPT;
  return answer(named, kind - (kept ? KEPT : ANSWER), kept, row, exchange);
}

function question(named, delivery, row, exchange) {
  const { clientMessageId, outgoing, sentAt, error } = exchange;
  const { files } = outgoing;
  const lost = delivery === "failed" || delivery === "unknown";
  const more = {
    ...named,
    delivery,
    clientMessageId: clientMessageId || undefined,
    files: files?.length > 0 ? Object.freeze([...files]) : undefined,
    error: lost ? error : undefined,
  };
  if (row) return derived(row, more);
  const id = exchange.questionId ?? clientMessageId;
  const { text } = outgoing;
  return derived(
    { id, role: "user", text, timestamp: sentAt, complete: true, raw: undefined },
    more,
  );
}

function answer(named, state, kept, row, exchange) {
  const { reply, activity, citations, sources, usage, questionId, error, at } = exchange;
  const whole = state === WHOLE;
  const more = {
    ...named,
    live: LIVES[state],
    answers: questionId,
    activity: activity.length > 0 ? Object.freeze([...activity]) : undefined,
    citations: row?.citations ?? citations,
    sources: row?.sources ?? sources,
    usage,
    error: whole ? undefined : error,
    kept: kept || undefined,
  };
  if (row) return derived(row, more);
  if (whole && reply) return derived(reply.message, more);
  const { text, author, id = named.key } = exchange;
  const message = {
    id,
    role: "assistant",
    text,
    timestamp: at,
    author,
    complete: whole,
    raw: undefined,
  };
  return derived(message, more);
}

/** `message` with `more`, without looking at what is parsed only when somebody does. */
function derived(message, more) {
  const properties = Object.getOwnPropertyDescriptors(message);
  for (const [name, value] of Object.entries(more)) {
    if (value !== undefined) properties[name] = { value, enumerable: true };
  }
  return Object.freeze(Object.create(Object.getPrototypeOf(message), properties));
}
