// Derived from the Rust types by tsify.

/** How `openEvents` asks and reads. */
export type OpenOptions = ReadOptions & RequestOptions;



/** What `sendMessage` and `streamMessage` take. */
export type SendOptions = CallOptions & DeliveryOptions;



/** `WebAssembly.Module`, in projects that know it: Node's own types do not. */
export type WebAssemblyModule = typeof globalThis extends {
    WebAssembly: { Module: { prototype: infer Module } };
}
    ? Module
    : never;


/**
 * A family of servers that agentline can talk to: `"meibel"` (REST and server-sent events), `"agentcloud"` (REST, polled)
 * or `"eliza"` (elizaOS 1.x sessions: REST and server-sent events).
 */
export type Backend = "meibel" | "agentcloud" | "eliza";

/**
 * A message to send.
 */
export interface OutgoingMessage {
    /**
     * What to say. elizaOS takes 1 to 4,000 UTF-16 units.
     */
    text: string;
    /**
     * Files that go with it, where `capabilities.files`.
     */
    files?: (Blob | File)[];
    /**
     * Kept with the message, where the backend keeps such a thing.
     */
    metadata?: Record<string, unknown>;
    /**
     * Milliseconds that the backend may take for the answer. Default: the backend's own limit; 60,000 where the answer is
     * looked for in the history.
     */
    answerTimeout?: number;
    /**
     * Meibel: whether `thinking` events are wanted. Default: the backend's.
     */
    includeThinking?: boolean;
    /**
     * Meibel: whether `tool_call` and `tool_result` events are wanted. Default: the backend's.
     */
    includeToolActivity?: boolean;
    /**
     * Merged into the request as it is, for what has no common name (elizaOS: `transport`).
     */
    backendOptions?: Record<string, unknown>;
}

/**
 * A place where the backend cannot be paged without losing messages.
 */
export interface Gap {
    /**
     * The millisecond since the epoch that more messages share than the backend gives in one answer.
     */
    timestamp: number;
}

/**
 * A tool that the agent asked for.
 */
export interface ToolCall {
    /**
     * The backend's id of the call.
     */
    id?: string;
    /**
     * The tool's name.
     */
    name?: string;
    /**
     * What it was called with, as the backend wrote it.
     */
    arguments?: unknown;
}

/**
 * A whole answer.
 */
export interface Reply {
    /**
     * The answer as a message.
     */
    message: Message;
    /**
     * What the answer quotes, as the backend wrote it.
     */
    citations?: unknown[];
    /**
     * What the answer rests on.
     */
    sources?: Source[];
    /**
     * What the answer cost, as the backend counts it.
     */
    usage?: Record<string, unknown>;
    /**
     * What the agent thought on the way.
     */
    thinking?: string;
    /**
     * The backend's JSON, untouched.
     */
    raw: unknown;
}

/**
 * For a send: whether the backend took the message: surely not (`"no"`), surely (`"yes"`), or nobody can tell
 * (`"unknown"`).
 */
export type Delivered = "no" | "unknown" | "yes";

/**
 * How `readEvents` reads.
 */
export interface ReadOptions {
    /**
     * Aborts the reading; the loop then throws the signal's reason.
     */
    signal?: AbortSignal | undefined;
    /**
     * Milliseconds without a byte, comments included, then an error of kind `timeout`. Default: no limit.
     */
    idleTimeout?: number;
    /**
     * Bytes of one event; more is an error of kind `too_large`. Default: 8 MiB.
     */
    maxEventBytes?: number;
    /**
     * The last event id to begin with. Default: empty.
     */
    lastEventId?: string;
    /**
     * Also give the event that the end of the stream cut off from its blank line, which the standard drops. Default: false.
     */
    dispatchUnfinished?: boolean;
    /**
     * Is given each comment: what follows the colon.
     */
    onComment?: (text: string) => void;
    /**
     * The WebAssembly file, only where the runtime's own loader cannot find it: `agentline/read_wasm_bg.wasm` for
     * `readEvents`, `agentline/events_wasm_bg.wasm` for both, or that of all (`agentline/agentline_wasm_bg.wasm`). The
     * first call that needs it decides for all.
     */
    wasm?: ArrayBuffer | ArrayBufferView | WebAssemblyModule | Response | URL;
}

/**
 * How a client is set up.
 */
export interface ConnectOptions {
    /**
     * Which family of servers to talk to.
     */
    backend: Backend;
    /**
     * Where the server is. Default: the hosted service for meibel and agentcloud; required for eliza. A path such as
     * `/agent` is on the page's own origin.
     */
    baseUrl?: string;
    /**
     * The key, or a function that is asked for it before every request.
     */
    apiKey?: string | (() => string | Promise<string>);
    /**
     * Agent Cloud's resource slug (24 hexadecimal digits).
     */
    team?: string;
    /**
     * The elizaOS user id (a uuid). Default: one made for this client.
     */
    userId?: string;
    /**
     * elizaOS: how answers come. `"sse"`: to the request, whole or as a stream; from version 1.7.2 on they are then not in the
     * history, and cannot be found again. `"websocket"`, as the server calls it: into the history, where they are looked
     * for; nothing is streamed, and what was cut off is found again. Default: `"sse"`.
     */
    transport?: "sse" | "websocket";
    /**
     * Carries every request. Default: the platform's.
     */
    fetch?: typeof globalThis.fetch;
    /**
     * Sent with every request. A header that no header may be is an error of kind `config`.
     */
    headers?: Record<string, string>;
    /**
     * Milliseconds to the head of a response, then an error of kind `timeout`. Default: 60,000; a synchronous answer gets
     * more.
     */
    timeout?: number;
    /**
     * Milliseconds without a byte on a stream, then an error of kind `timeout`. Default: 60,000.
     */
    idleTimeout?: number;
    /**
     * How many times a request is repeated where that is safe. Default: 2. A message that may have been taken is never
     * repeated.
     */
    maxRetries?: number;
    /**
     * Bytes of one server-sent event; more is an error of kind `too_large`. Default: 8 MiB.
     */
    maxEventBytes?: number;
    /**
     * Bytes of one JSON body; more is an error of kind `too_large`. Default: 64 MiB.
     */
    maxBodyBytes?: number;
    /**
     * A raw key in a page is an error of kind `config` unless this is true or `baseUrl` has the page's origin. Default:
     * false.
     */
    allowBrowserKey?: boolean;
    /**
     * Agent Cloud: whether an answer is also told over a WebSocket (Socket.IO) while it is looked for, so that it comes
     * sooner and with fewer requests. The first request of that carries the key as every other does, and goes through
     * `fetch`; the WebSocket itself does not, and carries no key. Where it cannot be opened the answer is looked for as
     * without it. Default: true where the runtime has a global `WebSocket` and no `fetch` was given.
     */
    live?: boolean;
    /**
     * The WebAssembly file, only where the runtime's own loader cannot find it, which is an error of kind `config` with the
     * code `WASM_LOAD`: that of the backend (`agentline/eliza_wasm_bg.wasm`, and so on) or that of all
     * (`agentline/agentline_wasm_bg.wasm`). The first call that needs it decides for all.
     */
    wasm?: ArrayBuffer | ArrayBufferView | WebAssemblyModule | Response | URL;
}

/**
 * How an answer comes while it grows: `"sse"` (by server-sent events) or `"poll"` (by asking again and again).
 */
export type Streaming = "sse" | "poll";

/**
 * How far a message is. `"queued"`: not yet handed to the network. `"sending"`: handed over. `"delivered"`: the backend has
 * it. `"unknown"`: the backend may have it; while it is looked for in the history, and for good where that does not tell.
 * `"failed"`: the backend surely has it not.
 */
export type Delivery = "queued" | "sending" | "delivered" | "unknown" | "failed";

/**
 * How often, and how soon, `openEvents` opens a connection again.
 */
export interface ReconnectOptions {
    /**
     * How many times in a row, as long as no event comes and no connection lasts; then the last failure is thrown.
     * Default: no limit.
     */
    maxAttempts?: number;
    /**
     * The longest pause in milliseconds, also where the server asks for a longer one. Default: 30,000, or the server's
     * `retry` where that is more.
     */
    maxDelay?: number;
}

/**
 * One conversation with one agent.
 */
export interface Session {
    /**
     * The backend's id of the session.
     */
    id: string;
    /**
     * The backend that holds it.
     */
    backend: Backend;
    /**
     * The backend's id of the agent.
     */
    agentId?: string;
    /**
     * The agent's name, where the backend gives one.
     */
    agentName?: string;
    /**
     * What the session is doing.
     */
    status: SessionStatus;
    /**
     * The backend's own word for that.
     */
    backendStatus?: string;
    /**
     * When it was made: a date as the backend wrote it, also where it says no zone.
     */
    createdAt?: string;
    /**
     * When it ends unless it is renewed: a date as the backend wrote it.
     */
    expiresAt?: string;
    /**
     * What its maker attached to it.
     */
    metadata?: Record<string, unknown>;
    /**
     * The backend's JSON, untouched.
     */
    raw: unknown;
}

/**
 * One row of a conversation.
 */
export interface Message {
    /**
     * The backend's id; where it has none, a stable one derived from the row.
     */
    id: string;
    /**
     * Who speaks.
     */
    role: Role;
    /**
     * What a person reads; empty for a pure tool row.
     */
    text: string;
    /**
     * When it was written: a date as the backend wrote it; absent where it says none, never guessed.
     */
    createdAt?: string;
    /**
     * The same in milliseconds since the epoch (may be fractional); absent where the zone is unknown.
     */
    timestamp?: number;
    /**
     * Who wrote it.
     */
    author?: Author;
    /**
     * A tool that the agent asked for.
     */
    toolCall?: ToolCall;
    /**
     * What a tool gave back.
     */
    toolResult?: ToolResult;
    /**
     * What the answer quotes, as the backend wrote it.
     */
    citations?: unknown[];
    /**
     * What the answer rests on.
     */
    sources?: Source[];
    /**
     * False while the row still grows.
     */
    complete: boolean;
    /**
     * The mark that its sender gave it (`SendOptions.clientMessageId`), where the backend kept it: elizaOS.
     */
    clientMessageId?: string;
    /**
     * What its sender or the backend attached to it.
     */
    metadata?: Record<string, unknown>;
    /**
     * The backend's JSON, untouched.
     */
    raw: unknown;
}

/**
 * One thing that the backend found wrong with a request.
 */
export interface Issue {
    /**
     * Where: names of fields and places in lists, outermost first.
     */
    path: (string | number)[];
    /**
     * What.
     */
    message: string;
    /**
     * The backend's own code for it.
     */
    code?: string;
}

/**
 * Part of a session's history.
 */
export interface MessagePage {
    /**
     * Oldest first. Without a cursor, the newest page.
     */
    messages: Message[];
    /**
     * True only if older messages (or, with `after` alone, newer ones) are known to exist.
     */
    hasMore: boolean;
    /**
     * Where to go on.
     */
    cursors: Cursors;
    /**
     * Set where messages may be missing from this page because the backend cannot page inside one millisecond:
     * elizaOS, when more than 100 messages share one.
     */
    gap?: Gap;
}

/**
 * Something that an answer rests on.
 */
export interface Source {
    /**
     * The backend's id of the source.
     */
    id?: string;
    /**
     * Its title.
     */
    title?: string;
    /**
     * Where it is.
     */
    url?: string;
    /**
     * The part that was used.
     */
    snippet?: string;
    /**
     * How well it fits, on the backend's own scale.
     */
    score?: number;
    /**
     * The backend's JSON, untouched.
     */
    raw: unknown;
}

/**
 * What `openEvents` asks, and how often.
 */
export interface RequestOptions {
    /**
     * Default: the request's own, or GET. A method other than GET is repeated only if `reconnect` says so.
     */
    method?: string;
    /**
     * Sent with the request, or a function that is asked for them before every attempt.
     */
    headers?: ConstructorParameters<typeof Headers>[0] | (() => ConstructorParameters<typeof Headers>[0] | Promise<ConstructorParameters<typeof Headers>[0]>);
    /**
     * Sent with every attempt; a stream can be sent only once, and so excludes `reconnect`.
     */
    body?: RequestInit["body"];
    /**
     * Carries every request. Default: the platform's.
     */
    fetch?: typeof globalThis.fetch;
    /**
     * Whether a connection that ended is opened again. Default: yes for GET, without a limit.
     */
    reconnect?: boolean | ReconnectOptions;
}

/**
 * What `sendMessage` and `streamMessage` take besides.
 */
export interface DeliveryOptions {
    /**
     * What to do with a message of which nobody knows whether it arrived, and which then surely is not in the history:
     * nothing (`"never"`, the default), or send it again (`"when-absent"`), at most `maxRetries` times.
     */
    redeliver?: "never" | "when-absent" | undefined;
    /**
     * Whether the history is read where an answer was cut off, or where nobody knows whether the message arrived, so that the
     * answer is found there. Default: true.
     */
    resume?: boolean | undefined;
    /**
     * The client's own id of the message; elizaOS keeps it with the message, in the metadata as `agentlineMessageId`. Never
     * use one twice. Default: a new uuid for each message.
     */
    clientMessageId?: string | undefined;
    /**
     * Is told each change of how far the message is, in order and at once. What it throws is reported as an uncaught error,
     * and changes nothing.
     */
    onDelivery?: ((state: Delivery) => void) | undefined;
}

/**
 * What a backend can do. An operation that it cannot do rejects with kind `unsupported`, without a request.
 */
export interface Capabilities {
    /**
     * How an answer comes while it grows.
     */
    stream: Streaming;
    /**
     * `listSessions` works.
     */
    list: boolean;
    /**
     * `deleteSession` works.
     */
    delete: boolean;
    /**
     * `cancelSession` works.
     */
    cancel: boolean;
    /**
     * `renewSession` works.
     */
    renew: boolean;
    /**
     * `startSession` works.
     */
    start: boolean;
    /**
     * `setVariables` works.
     */
    variables: boolean;
    /**
     * A message may carry files.
     */
    files: boolean;
    /**
     * Who pages towards older messages.
     */
    before: Paging;
    /**
     * Who pages towards newer messages.
     */
    after: Paging;
    /**
     * Whether an answer that was streamed is in the history afterwards, where `resumeReply` finds it again.
     */
    storesStreamedReplies: boolean;
    /**
     * Whether a sent message can be found again in the history for certain, by its `clientMessageId`. Else it is found by
     * its text, author and time.
     */
    exactDelivery: boolean;
}

/**
 * What a new session needs.
 */
export interface CreateSession {
    /**
     * Meibel agent id, Agent Cloud app id, elizaOS agent uuid.
     */
    agentId?: string;
    /**
     * Meibel: the agent's published name instead.
     */
    agentName?: string;
    /**
     * elizaOS: for whom; else the client's.
     */
    userId?: string;
    /**
     * elizaOS metadata, Meibel `initial_context`; unsupported elsewhere.
     */
    metadata?: Record<string, unknown>;
    /**
     * Meibel: what the agent is told first.
     */
    prompt?: string;
    /**
     * Agent Cloud: the app's variables.
     */
    variables?: Record<string, string>;
    /**
     * Merged into the request as it is, for what has no common name (elizaOS: `timeoutConfig`).
     */
    backendOptions?: Record<string, unknown>;
}

/**
 * What a session is doing; the backend's own word is in `backendStatus`. `"active"`: open for messages. `"running"`: the
 * agent works. `"waiting"`: the agent waits for a person. `"completed"`, `"failed"`, `"cancelled"`, `"expired"`: over, and
 * why. `"unknown"`: the backend's word means none of these.
 */
export type SessionStatus = "active" | "running" | "waiting" | "completed" | "failed" | "cancelled" | "expired" | "unknown";

/**
 * What a tool gave back.
 */
export interface ToolResult {
    /**
     * The backend's id of the call.
     */
    id?: string;
    /**
     * The tool's name.
     */
    name?: string;
    /**
     * What it gave back, as the backend wrote it.
     */
    result?: unknown;
}

/**
 * What every call takes.
 */
export interface CallOptions {
    /**
     * Aborts the call; it then rejects with the signal's reason.
     */
    signal?: AbortSignal | undefined;
    /**
     * Milliseconds to the head of a response, for this call: also of an answer that comes only when the agent has finished.
     * Default: the client's, and five minutes or more for such an answer.
     */
    timeout?: number | undefined;
    /**
     * Sent with the requests of this call, over the client's own.
     */
    headers?: Record<string, string> | undefined;
}

/**
 * Where a page ends: hand one back as `before` or `after`, as it is.
 */
export interface Cursors {
    /**
     * Older messages come before this.
     */
    before?: string;
    /**
     * Newer messages come after this.
     */
    after?: string;
}

/**
 * Which answer `resumeReply` finds. Default: that to the newest message of the user.
 */
export interface ResumeQuery {
    /**
     * The answer to the first message of the user behind this: a point in time, or a cursor `after` that a page gave.
     */
    after?: string | number | Date | undefined;
    /**
     * The answer to the message with this id, where `capabilities.exactDelivery`.
     */
    clientMessageId?: string | undefined;
    /**
     * What is on the screen of the answer already: only what goes beyond it comes, or one `replace`.
     */
    shown?: string | undefined;
    /**
     * Milliseconds without a sign of the answer, then an error of kind `truncated`. Default: 60,000.
     */
    answerTimeout?: number | undefined;
}

/**
 * Which messages are wanted. A number or a `Date` is a point in time (milliseconds since the epoch), and so is a string
 * that is an ISO date with a zone; any other string is a cursor that a page gave.
 */
export interface MessageQuery {
    /**
     * How many make a page. Default: 50.
     */
    limit?: number | undefined;
    /**
     * Only messages strictly older than this.
     */
    before?: string | number | Date | undefined;
    /**
     * Only messages strictly newer than this.
     */
    after?: string | number | Date | undefined;
    /**
     * Which end of the range comes first: the newest (`"backward"`, the default) or the oldest (`"forward"`, the default
     * of `getMessages` with `after` alone). A page is oldest first either way.
     */
    direction?: "backward" | "forward" | undefined;
}

/**
 * Which sessions are wanted.
 */
export interface ListSessions {
    /**
     * Only those with this agent.
     */
    agentId?: string;
    /**
     * elizaOS: only those of this user; without it, every user's.
     */
    userId?: string;
    /**
     * Only those with this `status`; Meibel also takes its own words.
     */
    status?: string;
    /**
     * How many to ask for at a time, where the backend pages its sessions (Meibel). All of them come either way.
     */
    limit?: number;
}

/**
 * Who does the paging: `"server"` (it finds the rows) or `"client"` (it reads all of them and filters).
 */
export type Paging = "server" | "client";

/**
 * Who speaks: the person (`"user"`), the agent (`"assistant"`), a tool that the agent called (`"tool"`), the backend itself
 * (`"system"`), or somebody for whom the backend has another word (`"unknown"`).
 */
export type Role = "user" | "assistant" | "tool" | "system" | "unknown";

/**
 * Who wrote a message.
 */
export interface Author {
    /**
     * The backend's id of the author.
     */
    id?: string;
    /**
     * The author's name.
     */
    name?: string;
}

/**
 * Why something failed.
 *
 * * `config`: the client was set up with something that cannot work; no request was made
 * * `network`: the server could not be reached, or the connection broke
 * * `timeout`: nothing came in the time allowed
 * * `unauthorized`: the key is missing or wrong
 * * `forbidden`: the key does not reach that far
 * * `not_found`: there is no such thing
 * * `expired`: there was such a thing, and its time ran out
 * * `invalid`: the backend or the client refused what was asked
 * * `rate_limited`: too many requests
 * * `server`: the server failed
 * * `agent`: the backend said that the answer failed
 * * `protocol`: the server said something that agentline does not understand
 * * `truncated`: the stream ended before the answer did
 * * `too_large`: more bytes than the limit allows
 * * `unsupported`: this backend has no such operation; no request was made
 */
export type ErrorKind = "config" | "network" | "timeout" | "unauthorized" | "forbidden" | "not_found" | "expired" | "invalid" | "rate_limited" | "server" | "agent" | "protocol" | "truncated" | "too_large" | "unsupported";

/**
 * What happens while an answer comes in. The joined `content` deltas, with each `replace` applied, equal
 * `done.reply.message.text`. `done` comes exactly once, and last.
 */
export declare namespace ReplyEvent {
    /**
     * The backend took the message.
     */
    export type start = { type: "start";
    /**
     * The backend's id of this exchange: on elizaOS and Meibel the id under which the sent message is in the
     * history.
     */
    messageId?: string;
    /**
     * The sent message as the backend stored it, where it says so.
     */
    message?: Message };
    /**
     * More of the answer.
     */
    export type content = { type: "content";
    /**
     * Goes behind what came before.
     */
    delta: string };
    /**
     * More of what the agent thinks.
     */
    export type thinking = { type: "thinking";
    /**
     * Goes behind what came before.
     */
    delta: string };
    /**
     * What the backend is doing, in words for a person.
     */
    export type status = { type: "status";
    /**
     * One line.
     */
    text: string };
    /**
     * The agent asked for a tool.
     */
    export type tool_call = { type: "tool_call";
    /**
     * The backend's id of the call.
     */
    id?: string;
    /**
     * The tool's name.
     */
    name?: string;
    /**
     * What it was called with, as the backend wrote it.
     */
    arguments?: unknown };
    /**
     * A tool gave something back.
     */
    export type tool_result = { type: "tool_result";
    /**
     * The backend's id of the call.
     */
    id?: string;
    /**
     * The tool's name.
     */
    name?: string;
    /**
     * What it gave back, as the backend wrote it.
     */
    result?: unknown };
    /**
     * What the answer rests on.
     */
    export type citations = { type: "citations";
    /**
     * What the answer quotes, as the backend wrote it.
     */
    citations: unknown[];
    /**
     * What the answer rests on.
     */
    sources?: Source[] };
    /**
     * The backend took back what it streamed.
     */
    export type replace = { type: "replace";
    /**
     * The whole answer so far.
     */
    text: string };
    /**
     * The answer is whole.
     */
    export type done = { type: "done";
    /**
     * The answer.
     */
    reply: Reply };
    /**
     * Something that this version of agentline does not know; nothing is dropped.
     */
    export type other = { type: "other";
    /**
     * The name that the backend gave it.
     */
    event?: string;
    /**
     * The backend's JSON, untouched; a string where it is no JSON.
     */
    data: unknown };
}

/**
 * What happens while an answer comes in. The joined `content` deltas, with each `replace` applied, equal
 * `done.reply.message.text`. `done` comes exactly once, and last.
 */
export type ReplyEvent = ReplyEvent.start | ReplyEvent.content | ReplyEvent.thinking | ReplyEvent.status | ReplyEvent.tool_call | ReplyEvent.tool_result | ReplyEvent.citations | ReplyEvent.replace | ReplyEvent.done | ReplyEvent.other;
