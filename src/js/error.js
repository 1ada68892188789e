// The error that everything rejects with. Rust says what is in it; this only makes an Error of that.

const BRAND = Symbol.for("agentline.error");

export class AgentlineError extends Error {
  /** @param {{ kind: string, message: string } & Record<string, unknown>} what @param {unknown} [cause] */
  constructor(what, cause) {
    const { message, ...rest } = what;
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, rest);
  }

  get [BRAND]() {
    return true;
  }
}

Object.defineProperty(AgentlineError.prototype, "name", { value: "AgentlineError" });

/** Also true for an error of another copy of the package: `instanceof` is not. */
export function isAgentlineError(error) {
  return typeof error === "object" && error !== null && error[BRAND] === true;
}

/** What a caller's function threw that must not stop who called it: told as a platform tells what a listener throws. */
export function reportUncaught(error) {
  if (globalThis.reportError) return reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}

/** What a second consumer of a stream is told. */
export function takenAlready(stream) {
  const message = `${stream} has one consumer, and this one is taken already`;
  return new AgentlineError({ kind: "invalid", message, code: "STREAM_TAKEN", retryable: false });
}
