// In: a session (or none yet) and what the person does. Out: an ordered list of entries and how each stands.
// It talks to the client and to what this browser keeps; showing it all is left to transcript.js.
//
// Events: "entries" (the list changed), "entry" (one changed; detail: the entry), "delta" (an answer grew;
// detail: the entry and the text that came), "state" (busy, gone, or how the older messages stand),
// "session" (it got one), "said" (words for a screen reader).
//
// An entry: { key, id?, role, author?, text, at?, state, kept?, problem?, question?, activity? }
//   state of a question: "sending", "stored", "unsent" (not taken), "uncertain" (perhaps taken)
//   state of an answer:  "waiting", "streaming", "complete", "stopped", "cut", "failed"

import { isSessionGone } from "./errors.js";
import {
  dropUnsent,
  keepAnswer,
  keepUnsent,
  moveRecord,
  nameSession,
  readRecord,
  unsentBeside,
} from "./kept.js";

const pageSize = 40;
const draftId = "new";
const stopped = Symbol("stopped by the person");

export class Conversation extends EventTarget {
  entries = [];
  older = "unknown"; // "unknown", "loading", "more", "none", "failed"
  olderProblem = undefined;
  gone = false;
  #connection;
  #flight = undefined; // the question under way: { question, answer, controller }
  #before = undefined;
  #known = new Set(); // ids of the messages that are in `entries`
  #loading = undefined; // the page under way
  #made = 0;

  constructor(connection, session) {
    super();
    this.#connection = connection;
    this.session = session;
    if (!session) {
      this.older = "none";
      this.#addUnsent(readRecord(draftId), []);
    }
  }

  get id() {
    return this.session?.id ?? draftId;
  }

  get busy() {
    return this.#flight !== undefined;
  }

  /** Loads the newest page, or the page before the oldest known message. */
  loadOlder() {
    if (this.session && !this.gone && this.older !== "loading" && this.older !== "none")
      this.#loading = this.#loadPage();
    return this.#loading;
  }

  async #loadPage() {
    const first = this.older === "unknown" || this.#before === undefined;
    this.#setOlder("loading");
    try {
      const query = first ? { limit: pageSize } : { limit: pageSize, before: this.#before };
      const page = await this.#connection.run("session", (client) =>
        client.getMessages(this.session.id, query),
      );
      this.#takePage(page, first);
      this.#before = page.cursors.before;
      this.#setOlder(page.hasMore && this.#before !== undefined ? "more" : "none");
    } catch (error) {
      this.olderProblem = this.#connection.explain(error, "session");
      if (isSessionGone(error, "session")) this.#goneNow();
      this.#setOlder("failed");
    }
  }

  #setOlder(older) {
    this.older = older;
    if (older !== "failed") this.olderProblem = undefined;
    this.#notify("state");
  }

  #takePage(page, newest) {
    const record = readRecord(this.id);
    const messages = page.messages.filter((message) => !this.#known.has(message.id));
    for (const message of messages) this.#known.add(message.id);
    const entries = this.#withKeptAnswers(messages, record.answers);
    if (page.gap) entries.splice(placeOf(page.gap, entries), 0, gapEntry(page.gap));
    this.entries = [...entries, ...this.entries];
    if (newest) this.#addUnsent(record, messages);
    const firstQuestion = this.entries.find((entry) => entry.role === "user");
    if (firstQuestion) nameSession(this.id, titleFrom(firstQuestion.text), false);
    this.#notify("entries");
  }

  /** Puts each kept answer behind its question, unless the server itself has an answer there. */
  #withKeptAnswers(messages, answers) {
    const entries = [];
    messages.forEach((message, index) => {
      const question = fromMessage(message);
      entries.push(question);
      if (message.role !== "user") return;
      const next = messages[index + 1] ?? this.entries[0];
      if (next && next.role !== "user") return;
      for (const answer of answers.filter((kept) => kept.question === message.id)) {
        entries.push({
          key: `kept-${message.id}`,
          role: "assistant",
          ...answer,
          question,
          kept: true,
        });
      }
    });
    return entries;
  }

  #addUnsent(record, messages) {
    const shown = new Set(this.entries.map((entry) => entry.key));
    const others = record.unsent.filter((unsent) => !shown.has(unsent.key));
    const left = unsentBeside(others, messages);
    for (const unsent of others) {
      if (!left.includes(unsent)) dropUnsent(this.id, unsent.key);
    }
    const entries = left.map(({ key, text, at, certain }) => ({
      key,
      role: "user",
      text,
      at,
      state: certain ? "unsent" : "uncertain",
    }));
    this.entries = [...this.entries, ...entries];
  }

  /** Sends a text and reads the answer to its end. Never throws: how it went is in the entries. */
  async send(text) {
    if (this.busy || this.gone) return;
    const at = Date.now();
    const question = {
      key: `sent-${at}-${this.#made++}`,
      role: "user",
      text,
      at,
      state: "sending",
    };
    const answer = {
      key: `answer-${question.key}`,
      role: "assistant",
      text: "",
      state: "waiting",
      question,
    };
    const flight = { question, answer, controller: new AbortController() };
    this.#flight = flight;
    this.entries = [...this.entries, question, answer];
    // Kept before it leaves, so that a crash of the page loses no text either.
    keepUnsent(this.id, { key: question.key, text, at, certain: false });
    this.#notify("entries");
    this.#notify("state");
    this.#connection.streamStarted();
    let succeeded = false;
    try {
      // A page that is still on its way must not bring this question a second time.
      await this.#loading;
      if (!this.session) await this.#begin(flight);
      await this.#read(flight);
      succeeded = true;
      this.#said(
        answer.text === ""
          ? "Answer finished. It is empty."
          : `Answer finished: ${shortened(answer.text)}`,
      );
    } catch (error) {
      this.#fail(flight, error);
    } finally {
      this.#flight = undefined;
      this.#connection.streamEnded(succeeded);
      this.#notify("state");
    }
  }

  async #begin({ question, controller }) {
    const session = await this.#connection.createSession();
    moveRecord(draftId, session.id);
    this.session = session;
    nameSession(session.id, titleFrom(question.text), false);
    this.#notify("session");
    controller.signal.throwIfAborted();
  }

  async #read({ question, answer, controller }) {
    const stream = this.#connection.client.streamMessage(this.session.id, question.text, {
      signal: controller.signal,
    });
    for await (const event of stream) {
      switch (event.type) {
        case "start":
          this.#delivered(question, event.messageId);
          break;
        case "content":
          this.#grow(answer, event.delta);
          break;
        case "replace":
          answer.text = event.text;
          this.#notify("entry", answer);
          break;
        case "status":
          answer.activity = event.text;
          this.#notify("entry", answer);
          break;
        case "tool_call":
          answer.activity = event.name ? `Using ${event.name}` : "Using a tool";
          this.#notify("entry", answer);
          break;
        case "done":
          this.#delivered(question);
          this.#finish(answer, event.reply.message);
          break;
        default:
          break;
      }
    }
  }

  #grow(answer, delta) {
    if (answer.state === "waiting") {
      answer.state = "streaming";
      answer.at = Date.now();
      this.#notify("entry", answer);
      this.#said("Answer started");
    }
    answer.text += delta;
    this.#notify("delta", { entry: answer, delta });
  }

  #delivered(question, messageId) {
    question.state = "stored";
    if (messageId) {
      question.id = messageId;
      this.#known.add(messageId);
    }
    dropUnsent(this.id, question.key);
    this.#notify("entry", question);
  }

  #finish(answer, message) {
    answer.state = "complete";
    answer.text = message.text;
    answer.at = message.timestamp ?? Date.now();
    answer.author = message.author?.name;
    answer.id = message.id;
    this.#known.add(message.id);
    if (!this.#connection.client.capabilities.storesStreamedReplies) this.#keep(answer);
    this.#notify("entry", answer);
  }

  #keep(answer) {
    const { question, text, state, at, problem } = answer;
    if (question.id)
      keepAnswer(this.id, question.id, {
        text,
        state,
        at,
        problem: problem && { ...problem, retryAt: undefined },
      });
  }

  #fail({ question, answer, controller }, error) {
    const byPerson = controller.signal.aborted && controller.signal.reason === stopped;
    const doing = this.session ? "send" : "create";
    const problem = byPerson ? undefined : this.#connection.learn(error, doing);
    const fate =
      question.state === "stored" ? "yes" : !this.session ? "no" : (error?.delivered ?? "unknown");
    answer.text = longer(answer.text, error?.partial?.message?.text);
    answer.at ??= Date.now();
    if (fate === "yes" || answer.text !== "") {
      this.#delivered(question);
      answer.state = byPerson ? "stopped" : error?.kind === "agent" ? "failed" : "cut";
      answer.problem = problem;
      this.#keep(answer);
      this.#notify("entry", answer);
    } else {
      question.state = fate === "no" ? "unsent" : "uncertain";
      question.problem = problem;
      this.entries = this.entries.filter((entry) => entry !== answer);
      keepUnsent(this.id, {
        key: question.key,
        text: question.text,
        at: question.at,
        certain: fate === "no",
      });
      this.#notify("entries");
      this.#notify("entry", question);
    }
    if (isSessionGone(error, doing)) this.#goneNow();
    this.#said(
      byPerson ? "Answer stopped" : [problem.title, problem.detail].filter(Boolean).join(" "),
    );
  }

  stop() {
    this.#flight?.controller.abort(stopped);
  }

  /** The page is going away, and the answer with it: what has arrived is kept at once, while there is time. */
  leave() {
    const answer = this.#flight?.answer;
    if (answer && answer.text !== "") this.#keep({ ...answer, state: "stopped" });
    this.stop();
  }

  /** Sends a text again: the question of a failed answer as a new message, an unsent one in its own place. */
  retry(entry) {
    if (this.busy || this.gone) return;
    if (entry.role === "user") {
      this.take(entry);
      this.send(entry.text);
    } else if (entry.question) {
      entry.retried = true;
      this.#notify("entry", entry);
      this.send(entry.question.text);
    }
  }

  /** Takes an unsent text out of the conversation, to be edited or sent elsewhere. */
  take(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    dropUnsent(this.id, entry.key);
    this.#notify("entries");
    return entry.text;
  }

  /** The texts that never reached the session, oldest first. */
  get unsent() {
    return this.entries.filter((entry) => entry.state === "unsent" || entry.state === "uncertain");
  }

  #goneNow() {
    this.gone = true;
    this.#notify("state");
  }

  #said(text) {
    this.#notify("said", text);
  }

  #notify(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function fromMessage(message) {
  return {
    key: `message-${message.id}`,
    id: message.id,
    role: message.role,
    author: message.author?.name,
    text: message.text,
    at: message.timestamp,
    state: message.role === "user" ? "stored" : "complete",
  };
}

/** Where the server could not list all messages of one moment, the transcript says so. */
function gapEntry({ timestamp }) {
  const text = "Some messages of this moment may be missing: the server cannot list them all.";
  return { key: `gap-${timestamp}`, role: "system", text, at: timestamp, state: "complete" };
}

function placeOf({ timestamp }, entries) {
  const later = entries.findIndex((entry) => entry.at > timestamp);
  return later < 0 ? entries.length : later;
}

export function titleFrom(text) {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 57).trimEnd()}…` : line;
}

const longer = (first, second = "") => (second.length > first.length ? second : first);

const shortened = (text) => (text.length > 600 ? `${text.slice(0, 600)}…` : text);
