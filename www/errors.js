// In: whatever a call threw, and what was being done. Out: sentences for a person, what may help, and what it says
// about the connection. It decides by `kind`, the stable word of an AgentlineError; it never shows a stack.

/**
 * @typedef {object} Problem
 * @property {string} title      one sentence
 * @property {string} [detail]   what to do about it, or what the server said
 * @property {"retry" | "settings" | "new-session" | "none"} remedy
 * @property {"offline" | "error" | undefined} connection   how the connection stands after it; undefined: as before
 * @property {number} [retryAt]  ms since the epoch, before which a retry is pointless
 */

/** `doing`: "connect", "create", "session" (anything inside an existing session) or "send". */
export function explain(error, doing, { host = "the server", hasKey = false } = {}) {
  const problem = (byKind[error?.kind] ?? unexpected)({ doing, host, hasKey }, error);
  if (error?.retryAfter > 0) problem.retryAt = Date.now() + error.retryAfter;
  return problem;
}

/** A session that is gone for good: it ran out (410), was deleted, or the server forgot it in a restart (404). */
export function isSessionGone(error, doing) {
  return (
    error?.kind === "expired" ||
    (error?.kind === "not_found" && (doing === "session" || doing === "send"))
  );
}

const byKind = {
  network: ({ host }) => ({
    title: navigator.onLine === false ? "You are offline." : `${capital(host)} cannot be reached.`,
    detail:
      navigator.onLine === false
        ? "The page tries again as soon as the network is back."
        : "Is it running, and is the address right?",
    remedy: "retry",
    connection: "offline",
  }),
  timeout: ({ doing, host }) => ({
    title:
      doing === "send" ? "The answer did not come in time." : `${capital(host)} does not answer.`,
    detail: "It may be busy. Try again in a moment.",
    remedy: "retry",
    connection: doing === "send" ? undefined : "offline",
  }),
  unauthorized: ({ hasKey }) => ({
    title: hasKey ? "The server does not accept this API key." : "The server asks for an API key.",
    detail: hasKey ? "Check the key in the settings." : "Enter one in the settings.",
    remedy: "settings",
    connection: "error",
  }),
  forbidden: () => ({
    title: "This API key may not do that.",
    detail: "Ask whoever runs the server, or use another key.",
    remedy: "settings",
    connection: "error",
  }),
  not_found: ({ doing, host }) => {
    if (doing === "create") {
      return {
        title: "The server has no agent with this id.",
        detail: "Check the agent id in the settings.",
        remedy: "settings",
        connection: "error",
      };
    }
    return doing === "connect"
      ? {
          title: `${capital(host)} answers, but not as an agent server.`,
          detail: "Check the address in the settings.",
          remedy: "settings",
          connection: "error",
        }
      : gone();
  },
  expired: () => gone(),
  invalid: (_, error) => ({
    title: "The server does not accept this.",
    detail: error.issues?.[0]?.message ?? sentence(error.message),
    remedy: "none",
  }),
  rate_limited: () => ({
    title: "The server has had too many requests.",
    detail: "It asks for a pause.",
    remedy: "retry",
  }),
  server: ({ host }, error) => ({
    title: `${capital(host)} has a problem of its own${error.status ? ` (status ${error.status})` : ""}.`,
    detail: "This is not your doing. Try again in a moment.",
    remedy: "retry",
  }),
  agent: (_, error) => ({
    title: "The agent did not finish its answer.",
    detail: sentence(error.message),
    remedy: "retry",
  }),
  truncated: () => ({
    title: "The answer was cut off.",
    detail: "The connection ended before the answer was complete.",
    remedy: "retry",
  }),
  protocol: ({ doing, host }, error) => ({
    title: `${capital(host)} answered with something this page cannot read.`,
    detail:
      doing === "connect" ? "Is this the address of an agent server?" : sentence(error.message),
    remedy: doing === "connect" ? "settings" : "retry",
    connection: doing === "connect" ? "error" : undefined,
  }),
  too_large: () => ({
    title: "The answer is too large to show.",
    detail: "What had arrived is kept.",
    remedy: "retry",
  }),
  config: (_, error) => ({
    title: "The settings do not work.",
    detail: sentence(error.message),
    remedy: "settings",
    connection: "error",
  }),
  unsupported: () => ({
    title: "This server cannot do that.",
    remedy: "none",
  }),
};

const gone = () => ({
  title: "This session has expired.",
  detail: "The server no longer knows it. What you typed is kept.",
  remedy: "new-session",
});

const unexpected = (_, error) => ({
  title: "Something went wrong in this page.",
  detail: sentence(error?.message ?? String(error)),
  remedy: "retry",
});

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function sentence(message) {
  const text = String(message ?? "").trim();
  if (text === "") return undefined;
  return /[.!?…]$/.test(text) ? capital(text) : `${capital(text)}.`;
}
