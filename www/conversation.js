// In: a session (or none yet) and what the person does. Out: an ordered list of entries and how each stands.
// It talks to the client and to what this browser keeps; what an entry is made of is entries.js and reply.js, how rows
// that were seen before find their entries is merge.js, showing it all is left to transcript.js.
//
// Events: "entries" (the list changed), "entry" (one changed; detail: the entry), "delta" (an answer grew;
// detail: the entry and the text that came), "state" (busy, gone, or how the older messages stand),
// "session" (it got one), "settled" (an answer came to its end, good or bad), "said" (words for a screen reader).

import {
  entriesOf,
  titleFrom,
  turnOf,
  unsentEntry,
  withBeside,
  withGap,
  withKeptAnswers,
} from "./entries.js";
import { isSessionGone, isSessionStopped } from "./errors.js";
import {
  dropUnsent,
  keepAnswer,
  keepBeside,
  keepMade,
  keepUnsent,
  moveRecord,
  nameSession,
  readRecord,
  unsentBeside,
} from "./kept.js";
import { merge } from "./merge.js";
import { takeEvent, takeReply } from "./reply.js";

const pageSize = 40;
const stopped = Symbol("stopped by the person");
// A row that grows is looked at so often, and counts as whole when it has not grown for so long: an agent that stopped
// never says so in its last row.
const lookEvery = 1_000;
const stillFor = 15_000;
const lateAfter = 2_500; // ms without a sign that the message was taken

export class Conversation extends EventTarget {
  entries = [];
  older = "unknown"; // "unknown", "loading", "more", "none", "failed"
  olderProblem = undefined;
  gone = undefined; // or how the session ended
  #connection;
  #flight = undefined; // the question under way: { question, answer, controller }
  #before = undefined;
  #known = new Set(); // ids of the messages that are in `entries`
  #loading = undefined; // the page under way
  #refreshing = undefined;
  #shown = false;
  #looking = 0; // the timer of the next look at a row that grows
  #grownAt = 0;
  #made = 0;

  constructor(connection, session) {
    super();
    this.#connection = connection;
    this.session = session;
    if (!session) {
      this.older = "none";
      this.#addUnsent(readRecord(this.id), []);
    }
  }

  get id() {
    return this.session?.id ?? `new.${this.#connection.settings.backend}`;
  }

  get busy() {
    return this.#flight !== undefined;
  }

  /** Whether a person looks at it: only then is a row that grows looked at again and again. */
  set shown(shown) {
    this.#shown = shown;
    if (shown) this.refresh();
    else clearTimeout(this.#looking);
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
      const page = await this.#getMessages(query);
      this.#takePage(page, first);
      this.#before = page.cursors.before;
      this.#setOlder(page.hasMore && this.#before !== undefined ? "more" : "none");
      this.#lookAgain();
    } catch (error) {
      this.olderProblem = this.#connection.explain(error, "session");
      if (isSessionGone(error, "session")) this.#goneNow();
      this.#setOlder("failed");
    }
  }

  #getMessages(query) {
    return this.#connection.run("session", (client) => client.getMessages(this.session.id, query));
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
    const stored = withBeside(entriesOf(messages), record.beside);
    const { answerIdOf } = this.#connection.backend;
    const isAnswered = (id) => Boolean(answerIdOf) && this.#known.has(answerIdOf(id));
    const rows = withKeptAnswers(stored, record.answers, this.entries[0], isAnswered);
    this.entries = [...withGap(rows, page.gap), ...this.entries];
    if (newest) this.#addUnsent(record, messages);
    const firstQuestion = this.entries.find((entry) => entry.role === "user");
    if (firstQuestion) nameSession(this.id, titleFrom(firstQuestion.text), false);
    this.#notify("entries");
  }

  #addUnsent(record, messages) {
    const shown = new Set(this.entries.map((entry) => entry.key));
    const others = record.unsent.filter((unsent) => !shown.has(unsent.key));
    const left = unsentBeside(others, messages);
    for (const unsent of others) {
      if (!left.includes(unsent)) dropUnsent(this.id, unsent.key);
    }
    this.entries = [...this.entries, ...left.map(unsentEntry)];
  }

  /** Looks whether the server has something newer: what others wrote, the end of an answer that was cut off here. */
  refresh() {
    if (!this.session || this.busy || this.gone) return;
    if (this.older !== "more" && this.older !== "none") return;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
  }

  async #refresh() {
    try {
      const { messages } = await this.#getMessages({ limit: pageSize });
      // What was begun meanwhile is not in them, or half.
      if (this.busy) return;
      for (const { id } of messages) this.#known.add(id);
      const { entries, changed, grown, stored } = merge(this.entries, entriesOf(messages));
      for (const question of stored) dropUnsent(this.id, question.key);
      if (grown) this.#grownAt = Date.now();
      const listChanged = entries.length !== this.entries.length;
      this.entries = entries;
      if (listChanged) this.#notify("entries");
      for (const entry of changed) this.#notify("entry", entry);
      this.#lookAgain();
    } catch (error) {
      if (!error?.kind) throw error;
      // `connection` tells. A session that is gone is found out here as well as by sending.
      if (isSessionGone(error, "session")) this.#goneNow();
    }
  }

  #lookAgain() {
    clearTimeout(this.#looking);
    const growing = this.entries.filter((entry) => entry.state === "growing");
    if (growing.length === 0) return;
    this.#grownAt ||= Date.now();
    if (Date.now() - this.#grownAt < stillFor) {
      if (this.#shown) this.#looking = setTimeout(() => this.refresh(), lookEvery);
      return;
    }
    for (const entry of growing) {
      entry.state = "complete";
      this.#notify("entry", entry);
    }
  }

  /** Sends a text and reads the answer to its end. Never throws: how it went is in the entries. */
  async send(text, files = []) {
    if (this.busy || this.gone) return;
    const at = Date.now();
    const { question, answer } = turnOf(`sent-${at}-${this.#made++}`, text, files, at);
    const flight = { question, answer, controller: new AbortController() };
    this.#flight = flight;
    clearTimeout(this.#looking);
    this.entries = [...this.entries, question, answer];
    // Kept before it leaves, so that a crash of the page loses no text either.
    keepUnsent(this.id, { ...question, certain: false });
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
      this.#notify("settled");
    }
  }

  async #begin({ question, controller }) {
    const session = await this.#connection.createSession();
    moveRecord(this.id, session.id);
    this.session = session;
    keepMade(session.id, this.#connection.place);
    nameSession(session.id, titleFrom(question.text), false);
    this.#notify("session");
    controller.signal.throwIfAborted();
  }

  async #read({ question, answer, controller }) {
    const { client, backend } = this.#connection;
    const { text, files } = question;
    const message = { text, ...(files.length > 0 && { files }), ...backend.asksFor };
    const stream = client.streamMessage(this.session.id, message, { signal: controller.signal });
    const late = { type: "status", text: backend.agentIsLate ?? "" };
    const timer = setTimeout(() => {
      if (question.state === "sending") this.#grow(answer, late);
    }, lateAfter);
    try {
      for await (const event of stream) this.#take(question, answer, event);
    } finally {
      clearTimeout(timer);
    }
  }

  #take(question, answer, event) {
    if (event.type === "start") {
      this.#delivered(question, event.message?.id ?? event.messageId);
    } else if (event.type === "done") {
      this.#delivered(question);
      this.#finish(answer, event.reply);
    } else {
      this.#grow(answer, event);
    }
  }

  #grow(answer, event) {
    if (answer.state === "waiting" && (event.type === "content" || event.type === "replace")) {
      answer.state = "streaming";
      answer.at = Date.now();
      this.#notify("entry", answer);
      this.#said("Answer started");
    }
    const changed = takeEvent(answer, event);
    if (changed === "text") this.#notify("delta", { entry: answer, delta: event.delta });
    else if (changed) this.#notify("entry", answer);
    if (event.type === "status" && changed) this.#said(event.text);
  }

  #delivered(question, messageId) {
    question.state = "stored";
    if (messageId) {
      question.id = messageId;
      question.ids = [messageId];
      this.#known.add(messageId);
    }
    dropUnsent(this.id, question.key);
    this.#notify("entry", question);
  }

  #finish(answer, reply) {
    const { message } = reply;
    const { capabilities } = this.#connection.client;
    takeReply(answer, reply);
    answer.state = "complete";
    answer.at = message.timestamp ?? Date.now();
    answer.id = message.id;
    answer.ids = this.#connection.backend.rowsOf?.(message) ?? [message.id];
    for (const id of answer.ids) this.#known.add(id);
    if (capabilities.storesStreamedReplies) keepBeside(this.id, message.id, answer);
    else this.#keep(answer);
    this.#notify("entry", answer);
  }

  #keep(answer) {
    const { question, problem } = answer;
    if (question.id)
      keepAnswer(this.id, question.id, {
        ...answer,
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
      keepUnsent(this.id, { ...question, certain: fate === "no" });
      this.#notify("entries");
      this.#notify("entry", question);
    }
    if (isSessionGone(error, doing)) this.#goneNow();
    if (isSessionStopped(error)) this.end("stopped");
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
      this.send(entry.text, entry.files);
    } else if (entry.question) {
      entry.retried = true;
      this.#notify("entry", entry);
      this.send(entry.question.text, entry.question.files);
    }
  }

  /** Calls the session's agent back, and sends again what found it away. */
  async wake(entry) {
    if (this.busy || this.gone) return;
    try {
      await this.#connection.run("session", (client) => client.startSession(this.session.id));
      this.#said("The agent was called");
      this.retry(entry);
    } catch (error) {
      entry.problem = this.#connection.explain(error, "session");
      this.#notify("entry", entry);
    }
  }

  /** Takes an unsent text out of the conversation, to be edited or sent elsewhere. */
  take(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    dropUnsent(this.id, entry.key);
    this.#notify("entries");
    return entry;
  }

  /** What never reached the session, oldest first. */
  get unsent() {
    return this.entries.filter((entry) => entry.state === "unsent" || entry.state === "uncertain");
  }

  /** Nobody has written or begun anything here. */
  get isUntouched() {
    return !this.session && this.entries.length === 0;
  }

  #goneNow() {
    this.end("expired");
  }

  /** The session takes no more messages: it "expired" (the server forgot it), was "cancelled" or "stopped". */
  end(how) {
    this.gone = how;
    this.#notify("state");
  }

  #said(text) {
    this.#notify("said", text);
  }

  #notify(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const longer = (first, second = "") => (second.length > first.length ? second : first);

const shortened = (text) => (text.length > 600 ? `${text.slice(0, 600)}…` : text);
