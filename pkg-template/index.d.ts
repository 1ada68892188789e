// The model and the options are derived from the Rust types (model.d.ts); only what has methods stands here.

import type {
  Backend,
  CallOptions,
  Capabilities,
  ConnectOptions,
  CreateSession,
  Delivered,
  Delivery,
  ErrorKind,
  Issue,
  ListSessions,
  Message,
  MessagePage,
  MessageQuery,
  OpenOptions,
  OutgoingMessage,
  ReadOptions,
  Reply,
  ReplyEvent,
  ResumeQuery,
  SendOptions,
  Session,
} from "./model.js";

export type {
  Activity,
  Conversation,
  ConversationMessage,
  ConversationOptions,
  ConversationSnapshot,
  ConversationState,
  Live,
} from "./conversation.js";
export { createConversation } from "./conversation.js";
export type {
  Author,
  Backend,
  CallOptions,
  Capabilities,
  ConnectOptions,
  CreateSession,
  Cursors,
  Delivered,
  Delivery,
  DeliveryOptions,
  ErrorKind,
  Gap,
  Issue,
  ListSessions,
  Message,
  MessagePage,
  MessageQuery,
  OpenOptions,
  OutgoingMessage,
  Paging,
  ReadOptions,
  ReconnectOptions,
  Reply,
  ReplyEvent,
  RequestOptions,
  ResumeQuery,
  Role,
  SendOptions,
  Session,
  SessionStatus,
  Source,
  Streaming,
  ToolCall,
  ToolResult,
  WebAssemblyModule,
} from "./model.js";

/**
 * Opens a client. Loads the WebAssembly module with the first call; makes no request.
 *
 * Rejects with kind `config` where an option cannot work: no or no http `baseUrl`, a raw `apiKey` in a page whose
 * origin is another, a header that no header may be; with the code `WASM_LOAD` where the module is not found.
 */
export function connect(options: ConnectOptions): Promise<Client>;

/**
 * Agent Cloud: signs in by e-mail and password and gives the token, which is an `apiKey` for `connect`. It does not
 * expire.
 *
 * Rejects with kind `unauthorized` where the two do not belong together.
 */
export function signIn(
  options: Pick<
    ConnectOptions,
    "baseUrl" | "fetch" | "headers" | "timeout" | "maxRetries" | "wasm"
  > & {
    /** Whose account it is. */
    email: string;
    /** Sent once, and in no error. */
    password: string;
    /** Aborts the call; it then rejects with the signal's reason. */
    signal?: AbortSignal | undefined;
  },
): Promise<string>;

/**
 * A connection to one backend. Its methods may be called side by side.
 *
 * All of them reject, and their loops throw, with an `AgentlineError`: of kind `unsupported` where the backend has no such
 * operation, `invalid` where the backend or the client refuses what was given, `unauthorized` or `forbidden` for the key's
 * sake, `not_found` or `expired` where there is no such session any more, `rate_limited`, `network`, `timeout` and `server`
 * for the moment's, `protocol` and `too_large` for the answer's. A call whose signal aborts rejects with its reason. Reading is
 * repeated by itself first (`maxRetries`).
 */
export interface Client {
  /** The backend it talks to. */
  readonly backend: Backend;
  /** What this backend can do. */
  readonly capabilities: Capabilities;

  /** Makes a session with an agent. Never repeated when the server may have made one already. */
  createSession(input: CreateSession, options?: CallOptions): Promise<Session>;
  /** One session as it is now. Rejects with kind `not_found` or `expired` where there is no such session any more. */
  getSession(sessionId: string, options?: CallOptions): Promise<Session>;
  /** All sessions that are wanted, in the backend's order. Each loop over it asks anew, page by page. */
  listSessions(query?: ListSessions, options?: CallOptions): AsyncIterable<Session>;
  /** Removes a session. Where `capabilities.delete`. */
  deleteSession(sessionId: string, options?: CallOptions): Promise<void>;
  /** Stops a session's work. Where `capabilities.cancel`. */
  cancelSession(sessionId: string, options?: CallOptions): Promise<void>;
  /** Gives a session more time: how much is the backend's choice, see `expiresAt`. Where `capabilities.renew`. */
  renewSession(sessionId: string, options?: CallOptions): Promise<Session>;
  /** Agent Cloud: wakes the session's agent. No other operation does that. */
  startSession(sessionId: string, options?: CallOptions): Promise<void>;
  /** Agent Cloud: sets the variables of the session's app. */
  setVariables(
    sessionId: string,
    variables: Record<string, string>,
    options?: CallOptions,
  ): Promise<void>;

  /**
   * Sends a message and gives the whole answer. Never sent again when the server may have taken it: it is then looked for
   * in the history, and so is its answer (`resume`), or it is sent again where it surely is not there (`redeliver`). The
   * error's `delivered` says what is known of that, and its `partial` has what had come of the answer.
   */
  sendMessage(
    sessionId: string,
    message: string | OutgoingMessage,
    options?: SendOptions,
  ): Promise<Reply>;
  /**
   * Sends a message at once, and not when the loop begins, and gives the answer while it grows; the same is true of it when
   * something goes wrong, which a `status` event says. Errors come in its loop.
   */
  streamMessage(
    sessionId: string,
    message: string | OutgoingMessage,
    options?: SendOptions,
  ): ReplyStream;
  /**
   * Finds the answer to a message that was sent before, as after a page was loaded anew: in the history, which is asked
   * again and again until the answer is there.
   *
   * The loop throws with kind `not_found` and the code `NO_MESSAGE` where there is no such message, and with kind
   * `truncated` where its answer is not there in the time allowed; with the code `REPLY_NOT_STORED` at once where the
   * backend does not keep it (`capabilities.storesStreamedReplies`).
   */
  resumeReply(sessionId: string, query?: ResumeQuery, options?: CallOptions): ReplyStream;

  /**
   * One page of the history, oldest first: the newest one; with `before`, the one that ends there; with `after` alone,
   * the one that follows. Hand a page's cursors back to go on.
   */
  getMessages(sessionId: string, query?: MessageQuery, options?: CallOptions): Promise<MessagePage>;
  /**
   * The whole history or a range of it, newest first unless `direction` is `"forward"`; `limit` is the size of a page. Throws
   * with kind `protocol` and the code `HISTORY_GAP` where messages would be left out (`MessagePage.gap`).
   */
  messages(sessionId: string, query?: MessageQuery, options?: CallOptions): AsyncIterable<Message>;
  /**
   * Whatever is new in the history, from `after` (a cursor) or from now on, oldest first, asked for again and again until
   * the loop is left.
   */
  followMessages(
    sessionId: string,
    query?: { after?: string | undefined },
    options?: CallOptions,
  ): AsyncIterable<Message>;
}

/**
 * An answer coming in. It has one consumer: one loop, or one of `text`, `reply` and `toReadableStream`; `text` and
 * `reply` may be asked beside a loop and settle with it. Leaving the loop aborts the request.
 *
 * The loop throws with kind `truncated` where the stream ends before the answer, with `partial`; with kind `agent` where
 * the backend says that the answer failed.
 */
export interface ReplyStream extends AsyncIterable<ReplyEvent> {
  /** How far the message is. Of `resumeReply`: `"unknown"` until it is found. */
  readonly delivery: Delivery;
  /** The client's own id of the message. Of `resumeReply`: what was asked with, else empty. */
  readonly clientMessageId: string;
  /** The whole answer as text. Rejects with what the loop would throw. */
  text(): Promise<string>;
  /** The final reply. Rejects with what the loop would throw. */
  reply(): Promise<Reply>;
  /** The events as a stream of the platform, which reads no further ahead than it is read. Cancelling it aborts the request. */
  toReadableStream(): ReadableStream<ReplyEvent>;
  /** Stops the request; the loop throws `reason`, or an `AbortError`. */
  abort(reason?: unknown): void;
}

/** One event of a stream. */
export type ServerSentEvent = {
  /** Its name; `"message"` where it has none. */
  event: string;
  /** Its data lines, joined by line feeds. */
  data: string;
  /** The last event id in force. */
  id: string;
};

/** The events of one source. It has one consumer; leaving the loop cancels the body. */
export interface EventStream extends AsyncIterable<ServerSentEvent> {
  /** The last event id in force. */
  readonly lastEventId: string;
  /** The reconnection time in milliseconds, if the stream set one; at most what a timer takes, 2,147,483,647. */
  readonly retry?: number;
  /** Stops the reading; the loop throws `reason`, or an `AbortError`. */
  abort(reason?: unknown): void;
}

/**
 * Reads server-sent events as the HTML standard says (sections 9.2.5 and 9.2.6), however the network cut them, in their
 * order. Neither status nor content type of a response is looked at.
 *
 * The loop throws with kind `network` where the body breaks, `timeout` after `idleTimeout`, `too_large` beyond
 * `maxEventBytes`, and the signal's reason after an abort. Its end is the end of the body.
 */
export function readEvents(
  source: Response | ReadableStream<Uint8Array>,
  options?: ReadOptions,
): EventStream;

/**
 * Opens a stream of server-sent events and reads it, as `EventSource` does (HTML standard, sections 9.2.2 and 9.2.3), with
 * any method, headers and body. The request is made when the first event is asked for, and nothing is read ahead of the
 * loop: a slow loop slows the network.
 *
 * A connection that ends, breaks or is silent for `idleTimeout` is opened again with `Last-Event-ID`, after the server's
 * `retry` (default: a second) and at random up to twice that, then four times, eight times, as long as no event comes;
 * at once when the platform is online again or the page is seen again. So are 408, 429 and 5xx, after `Retry-After` where
 * it is given. 204 ends the loop; any other answer that is no stream of events ends it with an error that has the
 * `status`, the `headers` and the `body`. Only GET is repeated unless `reconnect` says so.
 *
 * Redirects are followed only by a GET without headers of its own: platforms take a header that holds a key along to
 * another origin.
 */
export function openEvents(input: string | URL | Request, options?: OpenOptions): EventStream;

/** What everything rejects with. No message, body or stack of it holds the key. */
export class AgentlineError extends Error {
  private constructor();
  /** Always this, also where a minifier renames the class. */
  readonly name: "AgentlineError";
  /** Why it failed. */
  readonly kind: ErrorKind;
  /** Where it failed; absent for `readEvents`, `openEvents` and where `connect` was not told. */
  readonly backend?: Backend;
  /** The HTTP status, where the server answered. */
  readonly status?: number;
  /** The backend's own code, or agentline's where it has none. */
  readonly code?: string;
  /** The backend's id of the request, where it gives one. */
  readonly requestId?: string;
  /** Whether the same call may succeed later and does no harm if made again. */
  readonly retryable: boolean;
  /** How long the backend asks to wait, in milliseconds. */
  readonly retryAfter?: number;
  /** Details of a refusal, in the backend's order. */
  readonly issues?: Issue[];
  /** What had arrived of the answer when it failed. */
  readonly partial?: Reply;
  /** For a send: whether the backend took the message. Only after `"no"` is it safe to send it again. */
  readonly delivered?: Delivered;
  /** The body of the refusal, parsed where it is JSON: at most 4 KiB, without the server's stack. */
  readonly body?: unknown;
  /** The headers of a refusal of `openEvents`, without those that let somebody in, such as cookies. */
  readonly headers?: Record<string, string>;
}

/** Whether something is an `AgentlineError`, also one of another copy of the package. */
export function isAgentlineError(error: unknown): error is AgentlineError;
