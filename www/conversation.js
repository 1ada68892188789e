// In: a session (or none yet) and what the person does. Out: an ordered list of entries and how each stands, from the
// package's store, which does all the work: what the server says, what is on its way, and what this browser kept become one
// list there. Here it is only told in the page's words, and kept for the next visit.
//
// Events: "entries" (the list changed), "entry" (one changed; detail: the entry), "delta" (an answer grew;
// detail: the entry and the text that came), "state" (busy, gone, or how the older messages stand),
// "session" (it got one), "settled" (an answer came to its end, good or bad), "said" (words for a screen reader).

import { contentOf, groupsOf, isComing, titleFrom, withGaps } from "./entries.js";
import { isSessionStopped } from "./errors.js";
import {
  dropUnsent,
  initialOf,
  keep,
  keepMade,
  moveRecord,
  nameSession,
  readRecord,
} from "./kept.js";

const pageSize = 40;
const lateAfter = 2_500; // ms without a sign that the message was taken

export class Conversation extends EventTarget {
  entries = [];
  older = "unknown"; // "unknown", "loading", "more", "none", "failed"
  olderProblem = undefined;
  gone = undefined; // or how the session ended
  busy = false;
  #connection;
  #store = undefined;
  #opening = undefined; // the promise of a store
  #listening = false;
  #leave = undefined; // ends the listening
  #snapshot = undefined;
  #groups = new Map(); // key of an entry -> the messages that it shows
  #problems = new WeakMap(); // error -> what the page says of it
  #loadingOlder = false;
  #late = undefined; // the timer after which a message that was not taken is late
  #retried = new Set(); // keys of entries
  #lostFiles = new Map(); // client message id -> names
  #shown = false;
  #going = false; // a message of which no snapshot tells yet
  #wasBusy = false; // by the snapshot before

  constructor(connection, session) {
    super();
    this.#connection = connection;
    this.session = session;
    if (!session) {
      this.older = "none";
      if (readRecord(this.id).unsent.length > 0) this.#open();
    }
  }

  get id() {
    return this.session?.id ?? `new.${this.#connection.settings.backend}`;
  }

  /** Whether a person looks at it: else the store need not look whether there is something new. */
  set shown(shown) {
    this.#shown = shown;
    this.#listen();
    if (shown) this.refresh();
  }

  /** The store, which needs a client, and that no server. */
  #open() {
    this.#opening ??= this.#connection.make().then(({ client, createConversation }) => {
      const record = readRecord(this.id);
      for (const { key, files } of record.unsent) this.#lostFiles.set(key, files);
      this.#store = createConversation(client, this.session?.id, {
        pageSize,
        create: () => this.#create(),
        initial: initialOf(record),
      });
      this.#listen(true);
      return this.#store;
    });
    this.#opening.catch((error) => {
      this.#opening = undefined;
      this.#connection.learn(error, "connect");
    });
    return this.#opening;
  }

  #listen(always = this.#shown || this.busy) {
    if (!this.#store || always === this.#listening) return;
    this.#listening = always;
    if (always) this.#leave = this.#store.subscribe((snapshot) => this.#take(snapshot));
    else this.#leave();
  }

  async #create() {
    const session = await this.#connection.createSession();
    moveRecord(this.id, session.id);
    this.session = session;
    keepMade(session.id, this.#connection.place);
    const question = this.entries.find((entry) => entry.role === "user");
    if (question) nameSession(session.id, titleFrom(question.text), false);
    this.#notify("session");
    return session;
  }

  /** Loads the newest page, or the page before the oldest known message. */
  async loadOlder() {
    if (!this.session || this.gone || this.#loadingOlder) return;
    if (this.#store && !this.#snapshot.loaded) return this.#store.refresh();
    this.#loadingOlder = true;
    this.#showOlder();
    try {
      const store = this.#store ?? (await this.#open());
      await store.loadOlder();
    } catch (error) {
      this.older = "failed";
      this.olderProblem = this.#explain(error, "session");
    }
    this.#loadingOlder = false;
    // it publishes with the next frame
    if (this.#store) this.#take(this.#store.getSnapshot());
  }

  /** Looks whether the server has something newer: what others wrote, the end of an answer that was cut off here. */
  refresh() {
    if (this.session && !this.gone) this.#store?.refresh();
  }

  // --- what the store says

  #take(snapshot) {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    const isNew = before?.messages !== snapshot.messages || before?.gaps !== snapshot.gaps;
    if (isNew || !before) this.#takeMessages(snapshot);
    if (snapshot.error && snapshot.error !== before?.error)
      this.#connection.learn(snapshot.error, this.session ? "session" : "create");
    if (snapshot.loaded && !snapshot.error && before?.error) this.#connection.recovered();
    this.#showQueued(snapshot);
    this.#showStanding(snapshot);
  }

  /** Only without a network does a message wait for so long that one has to say so. */
  #showQueued({ state }) {
    const wanted = state === "offline" ? "queued" : "sending";
    for (const entry of this.entries) {
      if (entry.message?.delivery !== "queued" || entry.state === wanted) continue;
      entry.state = wanted;
      this.#notify("entry", entry);
    }
  }

  #takeMessages({ messages, gaps }) {
    const groups = new Map();
    const known = new Map(this.entries.map((entry) => [entry.key, entry]));
    const changed = [];
    const added = [];
    const entries = groupsOf(messages).map((group) => {
      const key = `message-${group[0].key}`;
      const old = this.#groups.get(key);
      groups.set(key, group);
      const entry = known.get(key);
      if (!entry || !old) {
        added.push(this.#added(group));
        return added.at(-1);
      }
      if (old.length !== group.length || old.some((one, at) => one !== group[at]))
        changed.push([entry, this.#renewed(entry, group)]);
      return entry;
    });
    this.#groups = groups;
    for (const [at, entry] of entries.entries()) {
      const next = entries[at + 1];
      if (entry.state === "uncertain" && next && isComing(next)) entry.state = "checking";
    }
    const all = withGaps(entries, gaps);
    const listChanged =
      all.length !== this.entries.length || all.some((one, at) => one.key !== this.entries[at].key);
    this.entries = listChanged ? all : this.entries;
    this.#keep(messages);
    if (listChanged) this.#notify("entries");
    for (const [entry, before] of changed) this.#tell(entry, before);
    // what was kept of an error is none that happened now
    for (const entry of added)
      if (entry.message.error?.name === "AgentlineError") this.#fails(entry);
  }

  #added(group) {
    const entry = contentOf(group);
    this.#complete(entry);
    return entry;
  }

  /** Brings an entry up to date, and gives what it was. */
  #renewed(entry, group) {
    const before = { ...entry };
    Object.assign(entry, contentOf(group, entry));
    this.#complete(entry);
    return before;
  }

  #complete(entry) {
    const { error, clientMessageId } = entry.message;
    entry.problem = error && this.#explain(error, this.session ? "send" : "create");
    entry.retried = this.#retried.has(entry.key);
    const lost = this.#lostFiles.get(clientMessageId);
    entry.lostFiles = lost?.length > 0 && !entry.files ? lost : undefined;
  }

  #tell(entry, before) {
    const { text, state } = entry;
    const grew = state === "streaming" && before.state === state && text.startsWith(before.text);
    if (grew && entry.parts.length === before.parts.length) {
      this.#notify("delta", { entry, delta: text.slice(before.text.length) });
    } else this.#notify("entry", entry);
    if (before.state === state && entry.problem === before.problem)
      return this.#sayStatus(entry, before);
    if (state === "streaming" && before.state === "waiting") this.#said("Answer started");
    if (state === "resuming") this.#said("The answer was cut off. Looking for the rest.");
    if (state === "stopped") this.#said("Answer stopped");
    if (state === "complete" && isComing(before))
      this.#said(
        text === "" ? "Answer finished. It is empty." : `Answer finished: ${shortened(text)}`,
      );
    this.#fails(entry);
  }

  #sayStatus({ parts }, before) {
    const last = parts.at(-1);
    if (last?.kind === "status" && parts.length !== before.parts.length) this.#said(last.text);
  }

  #fails({ problem, message }) {
    if (!problem) return;
    this.#connection.learn(message.error, "send");
    if (isSessionStopped(message.error)) this.end("stopped");
    this.#said([problem.title, problem.detail].filter(Boolean).join(" "));
  }

  #explain(error, doing) {
    // what was kept of an error is no object of the package, but has its words
    const known = this.#problems.get(error);
    const problem = known ?? this.#connection.explain(error, doing);
    this.#problems.set(error, problem);
    return problem;
  }

  /** Whatever the server has not is kept by this browser. */
  #keep(messages, leaving) {
    const { capabilities } = this.#connection.made;
    keep(this.id, messages, capabilities.storesStreamedReplies, leaving);
    if (!this.session) return;
    const question = this.entries.find((entry) => entry.role === "user");
    if (question) nameSession(this.id, titleFrom(question.text), false);
  }

  #showStanding(snapshot) {
    const { entries } = this;
    const answer = entries.findLast(isComing);
    const question = answer && entries[entries.indexOf(answer) - 1];
    const wasBusy = this.#wasBusy;
    // what waits for the network can wait for more
    if (answer) this.#going = false;
    const waits = snapshot.state === "offline" && question?.state === "queued";
    this.busy = this.#going || (Boolean(answer) && !waits);
    const ended = wasBusy && !this.busy;
    this.#wasBusy = this.busy;
    if (!wasBusy && this.busy) this.#connection.streamStarted();
    if (ended) this.#connection.streamEnded(entries.at(-1)?.state === "complete");
    if (question?.state === "sending") this.#late ??= setTimeout(() => this.#isLate(), lateAfter);
    else this.#late = void clearTimeout(this.#late);
    // the last snapshot of the session before may come late
    if (snapshot.state === "expired" && snapshot.sessionId === this.session?.id)
      this.gone = "expired";
    this.#showOlder();
    if (ended) this.#notify("settled");
    this.#listen();
  }

  #isLate() {
    const { agentIsLate } = this.#connection.backend;
    const answer = this.entries.findLast(isComing);
    if (!answer || !agentIsLate) return;
    answer.parts = [...answer.parts, { kind: "status", text: agentIsLate }];
    this.#said(agentIsLate);
    this.#notify("entry", answer);
  }

  #showOlder() {
    const { loaded, hasOlder, error, state } = this.#snapshot ?? {};
    const failed = error && !this.#loadingOlder && state !== "expired";
    this.olderProblem = failed ? this.#explain(error, "session") : undefined;
    if (!this.session) this.older = "none";
    else if (this.gone && !loaded) this.older = "failed";
    else if (failed && (!loaded || hasOlder)) this.older = "failed";
    else if (!loaded || this.#loadingOlder) this.older = "loading";
    else this.older = hasOlder ? "more" : "none";
    this.#notify("state");
  }

  // --- what the person does

  /** Sends a text, and says whether it could. How it went is in the entries. */
  async send(text, files = []) {
    if (this.gone) return false;
    this.#goes();
    try {
      await this.#open();
    } catch {
      // the package itself is missing: the connection says so
      this.#going = this.busy = false;
      this.#notify("state");
      return false;
    }
    this.#listen(true);
    const given = files.length > 0 ? { files } : {};
    this.#store.send({ text, ...given, ...this.#connection.backend.asksFor });
    return true;
  }

  /** A message goes out. The snapshot says so with the next frame. */
  #goes() {
    this.#going = true;
    this.busy = true;
    this.#notify("state");
  }

  stop() {
    this.#store?.stop();
  }

  /** The page is going away, and the answer with it: what has arrived is kept at once, while there is time. */
  leave() {
    if (this.#store) this.#keep(this.#store.getSnapshot().messages, true);
  }

  /** Ends what is under way here. */
  close() {
    this.#leave?.();
    this.#store?.close();
  }

  /** Sends a text again: the question of a failed answer as a new message, an unsent one in its own place. */
  retry(entry) {
    if (this.busy || this.gone) return;
    if (entry.role !== "user") {
      this.#retried.add(entry.key);
      entry.retried = true;
      this.#notify("entry", entry);
    }
    this.#goes();
    this.#listen(true);
    this.#store.retry(entry.message.key);
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
    const { key, clientMessageId } = entry.message;
    this.#store.remove(key);
    dropUnsent(this.id, clientMessageId);
    this.entries = this.entries.filter((other) => other !== entry);
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

  /** The session takes no more messages: it "expired" (the server forgot it), was "cancelled" or "stopped". */
  end(how) {
    this.gone = how;
    this.#notify("state");
  }

  /** Goes on in a new session, below what was said, and says whether it could. */
  async restart() {
    const old = this.session;
    try {
      await (await this.#open()).restart();
    } catch {
      // as in `send`; what else goes wrong is in the snapshot
    }
    if (this.session === old) return false;
    this.gone = undefined;
    this.#notify("state");
    return true;
  }

  #said(text) {
    this.#notify("said", text);
  }

  #notify(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const shortened = (text) => (text.length > 600 ? `${text.slice(0, 600)}…` : text);
