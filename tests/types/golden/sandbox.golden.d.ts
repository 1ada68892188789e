import type { Backend, ConnectOptions } from "./index.js";

/** How a sandbox is set up. An option that is not known throws. */
export interface SandboxOptions {
  /**
   * What the agent does with a text that steers nothing: talk, word by word (default), or answer `echo: <text>`.
   * With either, the first word steers it: `say`, `stream 20 100 …`, `wait 2000 …`, `cutwait 40000 …`, `throw`,
   * `throwmid …`. For Meibel it may come after switches: `style=guide newline=crlf stream 20 100 …`.
   */
  agents?: "conversation" | "echo";
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
}

/**
 * Makes servers that live in memory, with a scripted agent: for tests, and for a page without a server.
 * Its WebAssembly is loaded with the first request.
 *
 * It speaks Meibel's API version 2, Agent Cloud over HTTP (no live messages) and elizaOS sessions as server 1.7.2 does.
 */
export function createSandbox(options?: SandboxOptions): Sandbox;
