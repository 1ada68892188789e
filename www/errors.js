// In: whatever a call threw, and what was being done. Out: sentences for a person, what may help, and what it says
// about the connection. It decides by `kind`, the stable word of an AgentlineError; it never shows a stack.

/**
 * @typedef {object} Problem
 * @property {string} title      one sentence
 * @property {string} [detail]   what to do about it, or what the server said
 * @property {"retry" | "settings" | "new-session" | "wake" | "none"} remedy
 * @property {"offline" | "error" | undefined} connection   how the connection stands after it; undefined: as before
 * @property {number} [retryAt]  ms since the epoch, before which a retry is pointless
 */

/** `doing`: "sign-in", "connect", "create", "session" (anything inside an existing session) or "send". */
export function explain(
  error,
  doing,
  { host = "the server", hasKey = false, byName = false } = {},
) {
  const words = byCode[error?.code] ?? byKind[error?.kind] ?? unexpected;
  const problem = words({ doing, host, hasKey, byName }, error);
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

const byCode = {
  // Agent Cloud's words for what the package calls so.
  SESSION_INACTIVE: () => ({
    title: "The session's agent is asleep.",
    detail: "The server took no message. Waking the agent takes a moment.",
    remedy: "wake",
  }),
  ONBOARDING: ({ host }) => ({
    title: "This account was never taken into use.",
    detail: `Sign in to ${host} once in a browser and finish its first steps. Then try again.`,
    remedy: "retry",
    connection: "error",
  }),
  NO_TEAM: () => ({
    title: "This account belongs to no team.",
    detail: "Every session belongs to one: join or make a team, or enter its id in the settings.",
    remedy: "settings",
    connection: "error",
  }),
  STOPPED: () => ({
    title: "The session was stopped.",
    detail: "Its agent takes no more messages, also when it is called again: start a new session.",
    remedy: "new-session",
  }),
  NO_REPLY: () => ({
    title: "The agent gave no answer.",
    detail: "It chose to stay silent, or a newer message overtook this one.",
    remedy: "retry",
  }),
};

/** A session that is there to be read, and takes no more messages. */
export const isSessionStopped = (error) => error?.code === "STOPPED";

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
  unauthorized: ({ doing, hasKey }) =>
    doing === "sign-in"
      ? {
          title: "The e-mail and the password do not belong together.",
          detail: "Check both, and that this is the right server.",
          remedy: "settings",
        }
      : refusedKey(hasKey),
  forbidden: (_, error) => ({
    title: "This key may not do that.",
    detail:
      error.backend === "agentcloud"
        ? "Its account may not belong to this team. Check the team and the app in the settings, or use another key."
        : "Ask whoever runs the server, or use another key.",
    remedy: "settings",
    connection: "error",
  }),
  not_found: ({ doing, host, byName }) => {
    if (doing === "create") {
      return {
        title: `The server has no agent with this ${byName ? "name" : "id"}.`,
        detail: `Check the agent's ${byName ? "name" : "id"} in the settings.`,
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
    detail: sentence(issueOf(error) ?? error.message),
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

const refusedKey = (hasKey) => ({
  title: hasKey ? "The server does not accept this API key." : "The server asks for an API key.",
  detail: hasKey ? "Check the key in the settings." : "Enter one in the settings.",
  remedy: "settings",
  connection: "error",
});

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

/** The first thing that is wrong, with the field's name where there is one. */
function issueOf({ issues }) {
  const [issue] = issues ?? [];
  if (!issue) return undefined;
  const field = issue.path?.findLast((part) => typeof part === "string" && part !== "body");
  return field ? `${field}: ${issue.message}` : issue.message;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function sentence(message) {
  const text = String(message ?? "").trim();
  if (text === "") return undefined;
  return /[.!?…]$/.test(text) ? capital(text) : `${capital(text)}.`;
}
