import type { Backend, ConnectOptions } from "./index.js";

/** Which requests a fault hits: those for which everything that is named holds. */
export interface FaultMatch {
  /** Whose wire the request speaks. */
  backend?: Backend;
  /**
   * What it asks for. `"sendMessage"` is every message, streamed or not; `"listen"` is Agent Cloud's live messages, which
   * only the sandbox's HTTP server has.
   */
  operation?:
    | "createSession"
    | "getSession"
    | "listSessions"
    | "deleteSession"
    | "cancelSession"
    | "renewSession"
    | "startSession"
    | "setVariables"
    | "sendMessage"
    | "getMessages"
    | "signIn"
    | "listen";
  /** Its method. Without one, no preflight (`OPTIONS`) is hit. */
  method?: string;
  /** Its path without the query; `*` stands for anything: `"/v2/sessions/*"`. */
  path?: string;
  /** The session that its path names. */
  session?: string;
  /** Of the requests that all of the above match: each with this probability, 0 to 1. */
  chance?: number;
  /** Only this one of them, from 1. */
  nth?: number;
  /** This one of them and those after it, from 1. */
  from?: number;
  /** So many of them at most. */
  times?: number;
}

/** The connection is reset, and nothing was done. */
export interface RefuseFault extends FaultMatch {
  /** The name of this fault. */
  fault: "refuse";
  /** Milliseconds until then; default 0. */
  after?: number;
}

/** Everything was done, and the connection is reset before the head. */
export interface LoseFault extends FaultMatch {
  /** The name of this fault. */
  fault: "lose";
  /** Milliseconds until then; default: when the head would have come. */
  after?: number;
}

/** No head ever comes, and the connection stays open. */
export interface HangFault extends FaultMatch {
  /** The name of this fault. */
  fault: "hang";
  /** Whether the server did what the request asked for; default true. */
  taken?: boolean;
}

/** An error comes instead of the answer. */
export interface StatusFault extends FaultMatch {
  /** The name of this fault. */
  fault: "status";
  /** 400 to 599. */
  status: number;
  /** `Retry-After`, in seconds; default: none. */
  retryAfter?: number;
  /** Whether `Retry-After` is told as a date; default false. */
  date?: boolean;
  /** Whether the server did what the request asked for; default false. */
  taken?: boolean;
}

/** A page comes instead of the answer. */
export interface HtmlFault extends FaultMatch {
  /** The name of this fault. */
  fault: "html";
  /** 200 to 599; default 200. */
  status?: number;
  /** Whether the server did what the request asked for; default false. */
  taken?: boolean;
}

/** So many bytes of the body come, then nothing more, and the connection stays open. */
export interface StallFault extends FaultMatch {
  /** The name of this fault. */
  fault: "stall";
  /** How many; default: drawn by the seed. */
  at?: number;
}

/** So many bytes of the body come, then the connection breaks. */
export interface CutFault extends FaultMatch {
  /** The name of this fault. */
  fault: "cut";
  /** How many; default: drawn by the seed. */
  at?: number;
  /** Whether the body ends as if that were all instead; default false. */
  clean?: boolean;
}

/** The body comes in small pieces, with a pause before each. */
export interface DripFault extends FaultMatch {
  /** The name of this fault. */
  fault: "drip";
  /** Milliseconds of the pause. */
  every: number;
  /** Bytes of a piece; default 1. There are 100,000 pieces at most. */
  bytes?: number;
}

/** A frame of a stream comes twice. */
export interface DuplicateFault extends FaultMatch {
  /** The name of this fault. */
  fault: "duplicate";
  /** Which, from 1; default: drawn by the seed. */
  frame?: number;
}

/** A frame of a stream comes only after the next one. */
export interface ReorderFault extends FaultMatch {
  /** The name of this fault. */
  fault: "reorder";
  /** Which, from 1; default: drawn by the seed. */
  frame?: number;
}

/** The lines of a stream end otherwise. */
export interface NewlineFault extends FaultMatch {
  /** The name of this fault. */
  fault: "newline";
  /** With CR LF, or with CR alone. */
  newline: "crlf" | "cr";
}

/** A byte order mark stands before the body. */
export interface BomFault extends FaultMatch {
  /** The name of this fault. */
  fault: "bom";
}

/** Every character of several bytes is cut in two, with a pause between the halves. */
export interface SplitFault extends FaultMatch {
  /** The name of this fault. */
  fault: "split";
  /** Milliseconds of the pause; default 5. */
  pause?: number;
}

/** The history differs from what was said. What is left out is stored as the server does it. */
export interface StoreFault extends FaultMatch {
  /** The name of this fault. */
  fault: "store";
  /** Whether the user's message is stored. */
  message?: boolean;
  /** Whether the agent's answer is stored. */
  answer?: boolean;
}

/** The server's clock is wrong when it stamps what comes of the request. */
export interface SkewFault extends FaultMatch {
  /** The name of this fault. */
  fault: "skew";
  /** Milliseconds; negative where it is slow. */
  ms: number;
  /** Up to so many milliseconds more or less each time; default 0. */
  jitter?: number;
}

/**
 * One fault, and the requests that it hits. Bytes count in the body from 0, frames of a stream from 1. Those of frames and
 * lines leave an answer alone that is no event stream.
 */
export type Fault =
  | RefuseFault
  | LoseFault
  | HangFault
  | StatusFault
  | HtmlFault
  | StallFault
  | CutFault
  | DripFault
  | DuplicateFault
  | ReorderFault
  | NewlineFault
  | BomFault
  | SplitFault
  | StoreFault
  | SkewFault;

/**
 * What goes wrong. All rules that hit a request are applied, one after another; only one of them can take the place of the
 * whole answer (`refuse`, `lose`, `hang`, `status`, `html`). The same seed and the same requests meet the same faults;
 * without a seed of their own they take the sandbox's.
 */
export type Faults = readonly Fault[] | SeededFaults;

/** Faults with a seed of their own. */
export interface SeededFaults {
  /** As in the list that may stand in place of this object. */
  rules: readonly Fault[];
  /** A whole number; default: the sandbox's. */
  seed?: number;
}

/** How a sandbox is set up. An option that is not known throws. */
export interface SandboxOptions {
  /**
   * What the agent does with a text that steers nothing: talk, word by word (default), or answer `echo: <text>`.
   * With either, the first word steers it: `say`, `stream 20 100 …`, `wait 2000 …`, `cutwait 40000 …`, `throw`,
   * `throwmid …`. For Meibel it may come after switches: `style=guide newline=crlf stream 20 100 …`.
   */
  agents?: "conversation" | "echo";
  /**
   * What goes wrong on purpose: `[{ fault: "cut", at: 200, operation: "sendMessage", nth: 2 }]`. A word or a number that
   * cannot be throws at once.
   */
  faults?: Faults;
  /** The API keys that are accepted. Without any, none is asked for; Agent Cloud then takes the one of `connectOptions`. */
  keys?: string[];
  /** Milliseconds before each answer's head; default 0. */
  latency?: number;
  /** The same seed gives the same ids, words and pauses; default: another one each time. */
  seed?: number;
}

/**
 * The servers in memory, told apart by their paths: Meibel's below `/v2`, Agent Cloud's below its team's id, elizaOS's below
 * `/api`. They forget everything with the object.
 */
export interface Sandbox {
  /**
   * Answers a request as the server would, in the server's time. Give it to `connect` as `fetch`. It rejects as the
   * platform's does: with the signal's reason, or with a `TypeError` where the connection breaks.
   */
  fetch: typeof fetch;
  /** What `connect` needs: `connect(sandbox.connectOptions("eliza"))`. */
  connectOptions(backend: Backend): ConnectOptions;
  /** The agent to create a session with. */
  agentId(backend: Backend): string;
  /**
   * Lets other things go wrong from now on; the rules count from their beginning, and a seed stays until there is another.
   * `fetch("/__fixture/faults")` tells `{ seed, rules, hits }`: how many requests each rule has hit.
   */
  setFaults(faults: Faults): void;
}

/**
 * Makes servers that live in memory, with a scripted agent: for tests, and for a page without a server.
 * Its WebAssembly is loaded with the first request.
 *
 * It speaks Meibel's API version 2, Agent Cloud over HTTP (no live messages) and elizaOS sessions as server 1.7.2 does.
 */
export function createSandbox(options?: SandboxOptions): Sandbox;
