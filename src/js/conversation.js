// A conversation for user interfaces: a store of snapshots. It carries what happens (pages, answers, the network, the page,
// time) to the machine in Rust, and does what that says next. What an entry looks like is entry.js, how it is published
// snapshots.js.

import { MACHINE } from "./client.js";
import { DELIVERIES, Exchange, LIVES, shown, WHOLE } from "./entry.js";
import { Snapshots, tell, unchanged } from "./snapshots.js";

// what next: conversation.rs has the same list
const LOAD = 1;
const SEND = 2;
const RESUME = 3;
const RENEW = 4;

const STATES = ["idle", "connecting", "streaming", "reconnecting", "offline", "expired", "error"];
const DELIVERED = 2;
const PAGE = 40;
/** So many pages are read to join what is new with what is known. */
const MOST_PAGES = 20;
/** Longer timers fire at once. */
const LONGEST = 0x7fffffff;

const STOPPED = Symbol("stopped");

/** A conversation in a session of `client`, or in one that the first message makes. */
export function createConversation(client, sessionId, options) {
  const store = new Conversation(client, sessionId ?? undefined, options ?? {});
  // a user interface hands them on alone
  return {
    subscribe: (listener) => store.subscribe(listener),
    getSnapshot: () => store.snapshots.current,
    getServerSnapshot: () => store.first,
    send: (message) => store.send(message),
    stop: () => store.stop(),
    retry: (id) => store.retry(id),
    remove: (id) => store.remove(id),
    loadOlder: () => store.loadOlder(),
    refresh: () => store.refresh(),
    renew: () => store.renew(),
    restart: (input) => store.restart(input),
    close: () => store.close(),
  };
}

class Conversation {
  snapshots = new Snapshots(
    () => this.#snapshot(),
    () => this.#settle(),
  );
  first;
  #client;
  #options;
  #machine;
  #sessionId;
  #session;
  #error;
  #rows = new Map();
  #exchanges = [];
  /** by the keys of both their entries */
  #parts = new Map();
  #views = new Map();
  #gaps = Object.freeze([]);
  #before;
  #older = false;
  #loadingOlder;
  #starting;
  #around;
  #controller = new AbortController();
  #timer;
  /** those that are over, once the snapshot says so */
  #settling = [];
  #closed = false;

  constructor(client, sessionId, options) {
    this.#client = client;
    this.#sessionId = sessionId;
    this.#options = options;
    this.#machine = client[MACHINE](sessionId !== undefined, options.renew !== false);
    for (const message of options.initial ?? []) this.#keep(message);
    this.snapshots.make();
    this.first = this.snapshots.current;
  }

  subscribe(listener) {
    const { snapshots } = this;
    const leave = this.#closed ? () => false : snapshots.add(listener);
    if (!this.#closed) this.#look();
    tell(listener, snapshots.current);
    return () => {
      if (leave() && !this.#closed) this.#look();
    };
  }

  async send(message) {
    const outgoing = typeof message === "string" ? { text: message } : { ...message };
    outgoing.text = String(outgoing.text ?? "");
    if (this.#closed) return;
    const random = crypto.getRandomValues(new Uint8Array(16));
    const now = Date.now();
    const turn = this.#machine.send(now, random, outgoing.text);
    const clientMessageId = this.#machine.clientMessageId(turn);
    const exchange = this.#exchange(turn, outgoing, clientMessageId, now);
    this.#look();
    await exchange.settled;
  }

  stop() {
    if (this.#closed) return;
    this.#exchanges[this.#machine.flight]?.controller.abort(STOPPED);
  }

  async retry(id) {
    const exchange = this.#find(id);
    if (this.#closed || exchange === undefined) return;
    const message = this.#messageOf(id);
    if (this.#parts.get(Number(message.key)).isAnswer) {
      // what was sent by an earlier conversation is known by its message only
      const { text } = this.#messageOf(message.answers) ?? exchange.outgoing;
      await this.send({ ...exchange.outgoing, text });
    } else if (this.#machine.again(exchange.turn)) {
      exchange.repeat();
      this.#look();
      await exchange.settled;
    }
  }

  remove(id) {
    const exchange = this.#find(id);
    if (this.#closed || exchange === undefined) return;
    const { delivery } = this.#messageOf(id);
    if (delivery === undefined || delivery === "delivered" || delivery === "sending") return;
    this.#machine.remove(exchange.turn);
    exchange.settle();
    this.#go();
  }

  loadOlder() {
    this.#loadingOlder ??= this.#loadOlder().finally(() => {
      this.#loadingOlder = undefined;
    });
    return this.#loadingOlder;
  }

  refresh() {
    if (this.#closed) return;
    this.#machine.refresh();
    this.#look();
  }

  async renew() {
    if (!this.#closed && this.#sessionId !== undefined) await this.#renew();
  }

  async restart(input) {
    if (this.#closed) return;
    const flight = this.#exchanges[this.#machine.flight];
    this.stop();
    await flight?.settled;
    try {
      const session = await this.#make(input);
      if (this.#closed) return;
      this.#controller.abort();
      this.#controller = new AbortController();
      this.#machine.restart();
      this.#before = undefined;
      this.#older = false;
      this.#gaps = Object.freeze([]);
      this.#begin(session);
    } catch (error) {
      this.#error = error;
    }
    this.#go();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.snapshots.close();
    this.#around?.abort();
    clearTimeout(this.#timer);
    this.#controller.abort();
    for (const exchange of this.#exchanges) {
      exchange.controller?.abort(STOPPED);
      exchange.settle();
    }
    this.#machine.free();
  }

  // --- what is around

  /** Tells the machine how the platform and the page stand, and goes on. */
  #look() {
    if (this.#around === undefined) {
      this.#around = new AbortController();
      const { signal } = this.#around;
      const look = () => this.#look();
      globalThis.addEventListener?.("online", look, { signal });
      globalThis.addEventListener?.("offline", look, { signal });
      globalThis.document?.addEventListener("visibilitychange", look, { signal });
      if (this.#sessionId !== undefined) this.#ask();
    }
    this.#machine.around(
      globalThis.navigator?.onLine !== false,
      globalThis.document?.visibilityState !== "hidden",
      this.snapshots.watched,
    );
    this.#go();
  }

  /** Does all that is to be done now. */
  #go() {
    if (this.#closed) return;
    const machine = this.#machine;
    for (let next = machine.next(Date.now()); next !== 0; next = machine.next(Date.now())) {
      if (next === LOAD) this.#load();
      else if (next === SEND) this.#send(this.#exchanges[machine.turn]);
      else if (next === RESUME) this.#resume(machine.turn);
      else if (next === RENEW) this.#renew();
    }
    clearTimeout(this.#timer);
    const pause = machine.wakeAt - Date.now();
    if (pause < LONGEST) this.#timer = setTimeout(() => this.#go(), Math.max(0, pause));
    this.#changed();
  }

  /** What follows an answer of the backend, unless the conversation is over or went on elsewhere meanwhile. */
  #alive(signal) {
    return !this.#closed && !signal.aborted;
  }

  // --- the session

  async #ask() {
    if (!this.#client.capabilities.renew || this.#options.renew === false) return;
    const { signal } = this.#controller;
    try {
      const session = await this.#client.getSession(this.#sessionId, { signal });
      if (this.#alive(signal)) this.#expires(session);
    } catch (error) {
      // reading the history tells
      if (this.#alive(signal)) this.#machine.notRenewed(Date.now(), error?.kind ?? "");
    }
    this.#go();
  }

  async #renew() {
    const { signal } = this.#controller;
    try {
      const session = await this.#client.renewSession(this.#sessionId, { signal });
      if (this.#alive(signal)) this.#expires(session);
    } catch (error) {
      if (!this.#alive(signal)) return;
      this.#error = error;
      this.#machine.notRenewed(Date.now(), error?.kind ?? "other");
    }
    this.#go();
  }

  #expires(session) {
    this.#session = Object.freeze(session);
    const { expiresAt, raw } = session;
    this.#machine.expires(Date.now(), String(expiresAt ?? ""), JSON.stringify(raw) ?? "");
  }

  async #make(input = this.#options.create) {
    if (typeof input === "function") return await input();
    const { agentId } = this.#session ?? {};
    return await this.#client.createSession(input ?? { agentId });
  }

  #begin(session) {
    this.#sessionId = session.id;
    this.#error = undefined;
    this.#machine.begun();
    this.#expires(session);
  }

  /** The session that messages go to; the first of them makes it. */
  async #place() {
    if (this.#sessionId === undefined) {
      this.#starting ??= this.#make().finally(() => {
        this.#starting = undefined;
      });
      const session = await this.#starting;
      if (!this.#closed && this.#sessionId === undefined) this.#begin(session);
    }
    return this.#sessionId;
  }

  // --- the history

  async #load() {
    const { signal } = this.#controller;
    try {
      const pages = [await this.#page(undefined, signal)];
      const joins = ({ messages }) => messages.some(({ id }) => this.#machine.joins(id));
      while (this.#alive(signal) && pages[0].hasMore && !joins(pages[0])) {
        if (pages.length === MOST_PAGES) {
          this.#machine.forget();
          break;
        }
        pages.unshift(await this.#page(pages[0].cursors.before, signal));
      }
      if (!this.#alive(signal)) return;
      const [{ hasMore, cursors }] = pages;
      if (this.#before === undefined || !joins(pages[0])) this.#reaches(hasMore, cursors);
      this.#take(pages, false);
      this.#error = undefined;
    } catch (error) {
      this.#unread(error, signal);
    }
    this.#go();
  }

  async #loadOlder() {
    if (this.#closed || !this.#older) return;
    const { signal } = this.#controller;
    try {
      const page = await this.#page(this.#before, signal);
      if (!this.#alive(signal)) return;
      this.#reaches(page.hasMore, page.cursors);
      this.#take([page], true);
      this.#error = undefined;
    } catch (error) {
      if (!this.#alive(signal)) return;
      this.#error = error;
      this.#machine.refused(error?.kind ?? "other");
    }
    this.#go();
  }

  #page(before, signal) {
    const limit = this.#options.pageSize ?? PAGE;
    const query = before === undefined ? { limit } : { limit, before };
    return this.#client.getMessages(this.#sessionId, query, { signal });
  }

  #reaches(hasMore, { before }) {
    this.#older = hasMore && before !== undefined;
    this.#before = before;
  }

  #take(pages, older) {
    for (const { messages, gap } of pages) {
      for (const message of messages) this.#row(message);
      if (gap && !this.#gaps.some(({ timestamp }) => timestamp === gap.timestamp))
        this.#gaps = Object.freeze([...this.#gaps, gap]);
    }
    this.#machine.page(Date.now(), older);
  }

  #row(message) {
    const { id, role, timestamp = Number.NaN, clientMessageId = "", text, complete } = message;
    const told = this.#machine.row(id, role, timestamp, clientMessageId, text, complete);
    if (told % 2 === 1) this.#rows.set(Math.floor(told / 2), message);
  }

  #unread(error, signal) {
    if (!this.#alive(signal)) return;
    this.#error = error;
    this.#machine.unread(Date.now(), error?.kind ?? "other", error?.retryAfter ?? 0);
  }

  // --- messages and answers

  #exchange(turn, outgoing, clientMessageId, at) {
    const exchange = new Exchange(turn, outgoing, clientMessageId, at);
    this.#exchanges[turn] = exchange;
    this.#parts.set(this.#machine.question(turn), { exchange, isAnswer: false });
    this.#parts.set(this.#machine.answer(turn), { exchange, isAnswer: true });
    return exchange;
  }

  #send(exchange) {
    const { outgoing, clientMessageId, again } = exchange;
    this.#carry(exchange, async (signal) => {
      const sessionId = await this.#place();
      signal.throwIfAborted();
      this.#delivery(exchange, "sending");
      return this.#client.streamMessage(sessionId, outgoing, {
        signal,
        clientMessageId,
        redeliver: again ? "when-absent" : "never",
        onDelivery: (state) => this.#delivery(exchange, state),
      });
    });
  }

  #resume(turn) {
    const machine = this.#machine;
    const key = machine.question(turn);
    const exchange = this.#exchanges[turn] ?? this.#ofRow(turn, key);
    const { text } = exchange;
    // elsewhere it is the newest message that has no answer
    const { exactDelivery } = this.#client.capabilities;
    const clientMessageId = (exactDelivery && exchange.clientMessageId) || undefined;
    this.#carry(exchange, (signal) =>
      this.#client.resumeReply(
        this.#sessionId,
        { clientMessageId, shown: text || undefined },
        { signal },
      ),
    );
  }

  /** The exchange of a message that somebody else sent from here: another page, or this one before it was left. */
  #ofRow(turn, key) {
    const row = this.#rows.get(key);
    const exchange = this.#exchange(turn, { text: row.text }, row.clientMessageId, row.timestamp);
    exchange.questionId = row.id;
    return exchange;
  }

  /** Reads an answer to its end. Never throws: how it went is in the snapshot. */
  async #carry(exchange, open) {
    const machine = this.#machine;
    const { turn } = exchange;
    const controller = (exchange.controller = new AbortController());
    let kind = "";
    let error;
    try {
      for await (const event of await open(controller.signal)) this.#event(exchange, event);
    } catch (thrown) {
      error = thrown;
      kind = controller.signal.aborted ? "stopped" : (thrown?.kind ?? "other");
    }
    if (this.#closed) return;
    if (error !== undefined) this.#broke(exchange, error, kind);
    machine.ended(Date.now(), turn, kind, error?.retryAfter ?? 0, exchange.shown);
    this.#settling.push(exchange);
    this.#go();
  }

  #event(exchange, event) {
    const machine = this.#machine;
    const { turn } = exchange;
    if (this.#closed) return;
    if (event.type === "start") {
      const id = event.message?.id ?? event.messageId;
      exchange.questionId = id ?? exchange.questionId;
      if (id === undefined) machine.delivery(turn, DELIVERED);
      else machine.began(turn, id);
    } else if (event.type !== "status" || !machine.said(turn, event.text)) {
      machine.grew(turn, exchange.take(event));
      if (event.type === "done") {
        const { message } = event.reply;
        machine.named(turn, message.id);
        machine.told(turn, message);
      }
    }
    this.#changed();
  }

  #broke(exchange, error, kind) {
    const partial = error?.partial?.message?.text ?? "";
    if (partial.length > exchange.text.length) exchange.text = partial;
    if (kind !== "stopped") exchange.error = error;
    const fate = { no: "failed", yes: "delivered", unknown: "unknown" }[error?.delivered];
    const { delivery } = exchange;
    const left = delivery === "queued" ? "failed" : delivery === "sending" ? "unknown" : delivery;
    this.#delivery(exchange, fate ?? left);
  }

  #delivery(exchange, state) {
    if (this.#closed) return;
    exchange.delivery = state;
    this.#machine.delivery(exchange.turn, DELIVERIES.indexOf(state));
    this.#changed();
  }

  // --- what an earlier conversation showed

  #keep(message) {
    const { role, text, delivery, timestamp = Number.NaN, answers, id } = message;
    if (role === "user" && delivery !== undefined && delivery !== "delivered") {
      const { clientMessageId = id, files } = message;
      const certain = delivery === "failed" || delivery === "queued";
      const turn = this.#machine.keepMessage(clientMessageId, text, timestamp, certain);
      const exchange = this.#exchange(turn, { text, files }, clientMessageId, timestamp);
      exchange.error = message.error;
      exchange.settle();
    } else if (answers !== undefined) {
      const live = message.live === undefined ? WHOLE : LIVES.indexOf(message.live);
      const turn = this.#machine.keepAnswer(answers, live);
      if (live === WHOLE) this.#machine.named(turn, id);
      const exchange = this.#exchange(turn, { text: "" }, "", Number.NaN);
      const { activity = [], citations, sources, usage, error, author } = message;
      Object.assign(exchange, { id, text, activity: [...activity], citations, sources, usage });
      Object.assign(exchange, { error, author, questionId: answers, at: message.timestamp });
      exchange.settle();
    }
  }

  // --- publishing

  #changed() {
    if (!this.#closed) this.snapshots.changed();
  }

  #settle() {
    for (const exchange of this.#settling.splice(0)) exchange.settle();
  }

  #snapshot() {
    const snapshot = { state: STATES[this.#machine.state], messages: this.#messages() };
    snapshot.loaded = this.#machine.loaded;
    snapshot.hasOlder = this.#older;
    if (this.#gaps.length > 0) snapshot.gaps = this.#gaps;
    if (this.#error !== undefined) snapshot.error = this.#error;
    if (this.#sessionId !== undefined) snapshot.sessionId = this.#sessionId;
    if (this.#session !== undefined) snapshot.session = this.#session;
    return snapshot;
  }

  #messages() {
    const entries = this.#machine.entries();
    const views = new Map();
    const messages = [];
    for (let at = 0; at < entries.length; at += 4) {
      const [key, row, version, kind] = entries.subarray(at, at + 4);
      let view = this.#views.get(key);
      if (view?.row !== row || view.version !== version || view.kind !== kind) {
        view = { row, version, kind, message: this.#shown(key, row, kind) };
      }
      views.set(key, view);
      messages.push(view.message);
    }
    this.#views = views;
    return unchanged(this.snapshots.current?.messages, messages);
  }

  #shown(key, row, kind) {
    const exchange = this.#parts.get(key)?.exchange;
    const found = this.#rows.get(row);
    // an answer is kept by what its message is called
    if (exchange && found?.role === "user") exchange.questionId = found.id;
    return shown(key, kind, found, exchange);
  }

  #messageOf(id) {
    return this.snapshots.current.messages.findLast(
      (message) => message.id === id || message.key === id,
    );
  }

  #find(id) {
    const message = this.#messageOf(id);
    return message && this.#parts.get(Number(message.key))?.exchange;
  }
}
