// A conversation for user interfaces. What it is made of is the client's: see index.d.ts.

import type { AgentlineError, Client } from "./index.js";
import type {
  CreateSession,
  Delivery,
  Gap,
  Message,
  OutgoingMessage,
  ReplyEvent,
  Session,
} from "./model.js";

/**
 * How a conversation stands. `"connecting"`: its history is read for the first time. `"streaming"`: an answer is coming.
 * `"reconnecting"`: something broke and is tried again, or the rest of a cut answer is looked for. `"offline"`: the
 * platform has no network. `"expired"`: the session is gone, see `restart`. `"error"`: something broke that waiting does
 * not mend, see `error`. Else `"idle"`.
 */
export type ConversationState =
  | "idle"
  | "connecting"
  | "streaming"
  | "reconnecting"
  | "offline"
  | "expired"
  | "error";

/**
 * How an answer stands that is not whole. `"waiting"`: nothing of its text has come. `"streaming"`: it is coming.
 * `"reconnecting"`: it was cut, and the rest is looked for in the history. `"stopped"`: by `stop`. `"failed"`: the rest
 * will not come, and its `error` says why.
 */
export type Live = "waiting" | "streaming" | "reconnecting" | "stopped" | "failed";

/** What an agent did on its way to an answer; thoughts that came in pieces are one. */
export type Activity =
  | ReplyEvent.thinking
  | ReplyEvent.status
  | ReplyEvent.tool_call
  | ReplyEvent.tool_result
  | ReplyEvent.other;

/** A message of a conversation. One that is not in the history has a `raw` of `undefined`. */
export type ConversationMessage = Message & {
  /** Stays the same from the moment the message is sent; `id` becomes the backend's. */
  readonly key: string;
  /** Of a message that was sent from here: how far it is. */
  readonly delivery?: Delivery;
  /** Of an answer that is not whole: how it stands. */
  readonly live?: Live;
  /** Why a message did not get through, or an answer did not come to its end. */
  readonly error?: AgentlineError;
  /** Of an answer that came in here: the `id` of the message that it answers. */
  readonly answers?: string;
  /** Of an answer that came in here: what the agent did on its way, in its order. */
  readonly activity?: readonly Activity[];
  /** Of an answer that came in here: what it cost, in the backend's words. */
  readonly usage?: Record<string, unknown>;
  /** The files that went with a message from here. */
  readonly files?: readonly (Blob | File)[];
  /** It is here only because `initial` had it: the history has it not. */
  readonly kept?: true;
};

/** A conversation at one moment. Frozen; the same object until something changed, and so is each message in it. */
export type ConversationSnapshot = {
  /** How it stands. */
  readonly state: ConversationState;
  /** All messages, oldest first. */
  readonly messages: readonly ConversationMessage[];
  /** Whether the history was read: before that, nothing is known of how many messages there are. */
  readonly loaded: boolean;
  /** Whether `loadOlder` would bring more. */
  readonly hasOlder: boolean;
  /** Moments of which the server could not list all messages. */
  readonly gaps?: readonly Gap[];
  /** Why the history could not be read, or the session not be renewed or made. What became of a message is at the message. */
  readonly error?: AgentlineError;
  /** The session that messages go to. */
  readonly sessionId?: string;
  /** What is known of it: where it was made here, or is renewed. */
  readonly session?: Session;
};

/** What a conversation can be told. */
export type ConversationOptions = {
  /** How many messages make a page. Default: 40. */
  pageSize?: number | undefined;
  /** Whether the session is renewed in time while somebody listens and the page is seen. Default: true. */
  renew?: boolean | undefined;
  /** How a session is made: by the first message where there is none, and by `restart`. */
  create?: CreateSession | (() => Promise<Session>) | undefined;
  /**
   * Messages of an earlier snapshot, such as a page keeps them for its next visit. What the history has not of them stays:
   * messages that did not get through, and answers that the backend does not store. An answer that was coming is looked
   * for again.
   */
  initial?: readonly ConversationMessage[] | undefined;
};

/**
 * A conversation as a store of snapshots, for React's `useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot)`,
 * for `$conversation` in Svelte, and for `from(conversation)` in Solid. Its functions need no `this`. None of them throws
 * or rejects: how it went is in the snapshot.
 */
export interface Conversation {
  /**
   * Calls `listener` at once with the snapshot, and again whenever there is another one, at most once a frame. The history
   * is read when the first listener comes, and looked at again while there is one. Returns what ends it.
   */
  subscribe(listener: (snapshot: ConversationSnapshot) => void): () => void;
  /** The snapshot that was published last. */
  getSnapshot(): ConversationSnapshot;
  /** The snapshot that it began with, for rendering on a server. */
  getServerSnapshot(): ConversationSnapshot;
  /**
   * Sends a message, after those that are still to go. It stands in the transcript at once. Resolves when its answer is
   * there, or will not come.
   */
  send(message: string | OutgoingMessage): Promise<void>;
  /** Stops the answer that is coming. What was shown stays, marked as `"stopped"`. */
  stop(): void;
  /**
   * Tries again, by `id` or `key`: a message whose delivery is `"failed"` or `"unknown"` is looked for and sent again only
   * where it surely has not arrived; the message of an answer is sent as a new one.
   */
  retry(id: string): Promise<void>;
  /** Takes out a message that did not get through, by `id` or `key`. */
  remove(id: string): void;
  /** Loads the page before the oldest message. */
  loadOlder(): Promise<void>;
  /** Looks whether the history has something newer. That happens by itself when the network is back and the page is seen again. */
  refresh(): void;
  /** Gives the session more time now. */
  renew(): Promise<void>;
  /**
   * Goes on in a new session, made by `input`, by `create` or with the same agent. What was said stays above; what did not
   * get through can be sent again.
   */
  restart(input?: CreateSession | (() => Promise<Session>)): Promise<void>;
  /** Ends it: whatever is under way is aborted, and no timer is left. Its last snapshot stays. */
  close(): void;
}

/**
 * Makes a conversation in a session, or in one that the first message makes (`create`). It makes no request until somebody
 * subscribes or sends.
 */
export function createConversation(
  client: Client,
  sessionId?: string | null,
  options?: ConversationOptions,
): Conversation;
