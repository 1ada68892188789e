import type { Backend } from "./index.js";

/** How a gateway is set up. An option that is not known throws: one that is misspelt would protect nothing. */
export interface GatewayOptions {
  /** Which family of servers stands behind it. */
  backend: Backend;
  /** Where the server is. Default: the hosted service for meibel and agentcloud; required for eliza. */
  baseUrl?: string;
  /**
   * The server's key, or a function that is asked for it with every request. `""` for a server that asks for none.
   * It goes into the one header in which the server expects it, and nowhere else.
   */
  apiKey: string | (() => string | Promise<string>);
  /** Agent Cloud's resource slug (24 hexadecimal digits). Default: the team that the key's account works in. */
  team?: string;
  /** Where the gateway is mounted, and the `baseUrl` of the page's client. Default: `/agent`. */
  path?: string;
  /**
   * The origins of other pages that it serves, as a browser writes them: `https://app.example`. Pages of its own origin
   * always may. Default: none.
   */
  allowOrigins?: string[];
  /**
   * Asked before every request that goes to the server: only `true` lets it through, a `Response` is the answer as it
   * is, everything else is a refusal (403). Who reads the request's body reads a clone of it. Without it, everybody who
   * reaches the gateway may use every session whose id they know, and list those that the server lists.
   */
  authorize?(
    request: Request,
    what: GatewayRequest,
  ): boolean | Response | Promise<boolean | Response>;
  /** Milliseconds between `: ping` comments on a stream on which the server is silent. Default: 15,000. */
  heartbeat?: number;
  /**
   * Milliseconds to the head of an answer. Default: 30,000; an answer that comes only when the agent has finished gets
   * at least 310,000.
   */
  timeout?: number;
  /** Milliseconds without a byte from the server, or of a request's body. Default: 120,000. */
  idleTimeout?: number;
  /** Bytes of a request's body, and of an answer that is no stream. Default: 16 MiB. */
  maxBodyBytes?: number;
  /** How many requests one client may make. Default: any number. */
  limits?: GatewayLimits;
  /**
   * Told what an answer does not tell: what `authorize` or `apiKey` threw, and why the server could not be reached. What
   * comes from the platform does not hold the key.
   */
  onError?(error: unknown): void;
  /** Carries every request to the server. Default: the platform's. */
  fetch?: typeof globalThis.fetch;
}

/** What a request to the gateway is for. */
export interface GatewayRequest {
  /**
   * The client's method to which the request belongs. One call may take several requests: `sendMessage` on Agent Cloud
   * also looks for the answer, by `getMessages` and `getSession`.
   */
  operation: GatewayOperation;
  /** The session that it is about; a new session and a list are about none. */
  sessionId?: string;
}

/**
 * What requests are for: `sendMessage` is also `streamMessage`, and `getTeam` is Agent Cloud's client asking for the team
 * that it was not told.
 */
export type GatewayOperation =
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
  | "getTeam";

/** How many requests one client may make. */
export interface GatewayLimits {
  /** How many in a minute, all at once or one after another. Each isolate, and each process, counts for itself. */
  requestsPerMinute?: number;
  /**
   * Who makes a request. Default: on Cloudflare the visitor's address; elsewhere all clients are counted as one, because
   * every header there may be written by anybody.
   */
  client?(request: Request): string | undefined;
}

/**
 * Makes a gateway: a function that answers the requests of pages' clients by asking the server, with a key that the
 * pages never see. It lets through what agentline's own client asks of this backend, and nothing else. A page connects
 * with `{ backend, baseUrl: "/agent" }` and no key.
 *
 * It throws an `AgentlineError` of kind `config` where an option is missing, unknown or of another type; what else cannot
 * work rejects the first request so.
 */
export function createGateway(options: GatewayOptions): (request: Request) => Promise<Response>;
