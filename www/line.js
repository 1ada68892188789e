// In: the settings of one backend. Out: all that the page has open there: the connection, the sessions, their
// conversations, and which one was shown last. Each backend has its own, so an answer goes on while one looks at another
// backend. Showing any of it is left to main.js.
//
// Events: "connection" (how it stands), "sessions" (the list, or something in it), "conversation" with
// { conversation, type, detail }: an event of a conversation.

import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { forget, recall, remember } from "./storage.js";

export class Line extends EventTarget {
  sessions = [];
  current = undefined;
  #conversations = new Map(); // session id -> Conversation; an answer goes on while another one is shown

  constructor(settings) {
    super();
    this.connection = new Connection(settings);
    this.connection.addEventListener("state", () => this.dispatchEvent(new Event("connection")));
    this.connection.addEventListener("opened", ({ detail }) => this.#take(detail));
    this.connection.addEventListener("probe", () => this.open());
  }

  get name() {
    return this.connection.settings.backend;
  }

  get capabilities() {
    return this.connection.client?.capabilities;
  }

  get isBusy() {
    return [this.current, ...this.#conversations.values()].some((one) => one?.busy);
  }

  /** Says whether it worked; what went wrong is the connection's to say. */
  async open() {
    try {
      await this.connection.open();
      return true;
    } catch {
      return false;
    }
  }

  /** Settings changed: what is under way here ends. */
  close() {
    this.connection.close();
    for (const conversation of this.#all()) conversation.close();
  }

  /** The page is going away. */
  leave() {
    for (const conversation of this.#all()) conversation.leave();
  }

  #all() {
    return new Set([this.current, ...this.#conversations.values()].filter(Boolean));
  }

  async refreshSessions() {
    if (this.connection.state !== "idle") return;
    try {
      this.#take(await this.connection.listSessions());
    } catch {
      // As above.
    }
  }

  #take(found) {
    const at = (session) => this.connection.backend.lastActivity(session) || 0;
    this.sessions = [...found].sort((a, b) => at(b) - at(a));
    for (const session of found) {
      const conversation = this.#conversations.get(session.id);
      if (conversation) conversation.session = session;
    }
    this.dispatchEvent(new Event("sessions"));
  }

  /** Asks how one session stands. Nobody waits for it: what goes wrong is found out by what one does next. */
  async refreshSession(conversation) {
    const { client } = this.connection;
    if (!client || !conversation.session || conversation.gone) return;
    try {
      this.#replace(await client.getSession(conversation.id));
    } catch {
      return;
    }
  }

  #replace(session) {
    const place = this.sessions.findIndex((one) => one.id === session.id);
    // A list says more of a session than the session's own page, or less.
    const known = this.sessions[place];
    const whole = { ...known, ...session, raw: { ...known?.raw, ...session.raw } };
    if (place >= 0) this.sessions = this.sessions.with(place, whole);
    const conversation = this.#conversations.get(session.id);
    if (conversation) conversation.session = whole;
    this.dispatchEvent(new Event("sessions"));
  }

  conversationOf(session) {
    let conversation = this.#conversations.get(session.id);
    if (!conversation) {
      conversation = this.#watch(new Conversation(this.connection, session));
      this.#conversations.set(session.id, conversation);
    }
    return conversation;
  }

  newConversation() {
    return this.#watch(new Conversation(this.connection));
  }

  busy(id) {
    return Boolean(this.#conversations.get(id)?.busy);
  }

  stop(id) {
    this.#conversations.get(id)?.stop();
  }

  /** A session is not there any more, or nobody wants to see it. */
  drop(id) {
    this.#conversations.get(id)?.close();
    this.leaveOut(id);
  }

  /** A session is gone, and its conversation goes on in another one. */
  leaveOut(id) {
    this.#conversations.delete(id);
    this.sessions = this.sessions.filter((one) => one.id !== id);
  }

  /** The session that was shown last in this browser. */
  get last() {
    return recall(`last.${this.name}`);
  }

  set last(id) {
    if (id) remember(`last.${this.name}`, id);
    else forget(`last.${this.name}`);
  }

  #watch(conversation) {
    conversation.addEventListener("session", () => {
      this.#conversations.set(conversation.id, conversation);
      this.sessions = [conversation.session, ...this.sessions];
    });
    conversation.addEventListener("settled", () => this.refreshSession(conversation));
    for (const type of ["state", "session", "entries", "said"]) {
      conversation.addEventListener(type, ({ detail }) =>
        this.dispatchEvent(
          new CustomEvent("conversation", { detail: { conversation, type, detail } }),
        ),
      );
    }
    return conversation;
  }
}
