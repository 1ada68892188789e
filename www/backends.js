// In: nothing. Out: the backends that this page can talk to, each with its fields, its limits and how it says
// whose a session is. Only what works stands here. To add one ("meibel", "agentcloud"), add a line to `backends`;
// the settings dialog, the validation and the client's options all follow from its fields.

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// A field: `read` turns what was typed into what is kept, or throws the sentence that says what is wrong with it.
// `goesTo` says which call of the client takes it.
const fields = {
  baseUrl: {
    name: "baseUrl",
    goesTo: "connect",
    label: "Server address",
    inputMode: "url",
    required: true,
    placeholder: "http://127.0.0.1:3000",
    hint: "Where the server listens.",
    read: readAddress,
  },
  apiKey: {
    name: "apiKey",
    goesTo: "connect",
    label: "API key",
    secret: true,
    hint: "Leave it empty if the server asks for none.",
    read: readKey,
  },
  agentId: {
    name: "agentId",
    goesTo: "createSession",
    label: "Agent id",
    required: true,
    placeholder: "00000000-0000-0000-0000-000000000000",
    hint: "The agent that new sessions talk to.",
    read: (typed) => readUuid(typed, "An agent id"),
  },
  userId: {
    name: "userId",
    goesTo: "connect",
    label: "Your user id",
    required: true,
    made: true,
    hint: "Made once for this browser. Sessions of this id are the ones in your list.",
    read: (typed) => readUuid(typed, "A user id"),
  },
};

export const backends = {
  eliza: {
    label: "elizaOS",
    fields: [fields.baseUrl, fields.apiKey, fields.agentId, fields.userId],
    messageLimit: 4000, // UTF-16 units; the server answers 400 above it
    owns: (session, settings) => session.raw?.userId === settings.userId,
    lastActivity: (session) => Date.parse(session.raw?.lastActivity ?? session.createdAt ?? ""),
  },
};

/** Reads what was typed: `{ values, problems }`, the problems by field name. */
export function readFields(backend, typed) {
  const values = {};
  const problems = {};
  for (const field of backend.fields) {
    const text = (typed[field.name] ?? "").trim();
    if (text === "") {
      if (field.required) problems[field.name] = `${field.label} is needed.`;
      continue;
    }
    try {
      values[field.name] = field.read(text);
    } catch (problem) {
      problems[field.name] = problem.message;
    }
  }
  return { values, problems };
}

/** The part of the settings that one call of the client takes. */
export function optionsFor(call, settings) {
  const taken = backends[settings.backend].fields.filter(
    (field) => field.goesTo === call && settings[field.name],
  );
  return Object.fromEntries(taken.map((field) => [field.name, settings[field.name]]));
}

export function isComplete(settings) {
  const backend = backends[settings.backend];
  return Boolean(backend) && Object.keys(readFields(backend, settings).problems).length === 0;
}

function readAddress(typed) {
  // A gateway on this page's own server is named by its path.
  if (typed.startsWith("/") && !typed.startsWith("//")) return typed;
  const local = /^(localhost|127\.|\[::1\])/i.test(typed);
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed)
    ? typed
    : `${local ? "http" : "https"}://${typed}`;
  let url;
  try {
    url = new URL(whole);
  } catch {
    // Told below.
  }
  // Chromium takes a space in a host's name.
  if (!url || /\s/.test(typed)) {
    throw new Error("This is not an address. It looks like http://127.0.0.1:3000.");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Error("An address starts with http:// or https://.");
  if (url.username || url.password)
    throw new Error("Leave the name and the password out of the address.");
  return url.href.replace(/\/+$/, "");
}

function readKey(typed) {
  if (/[^\x21-\x7e]/.test(typed))
    throw new Error("A key has no spaces and no letters beyond A to Z. Was it copied whole?");
  return typed;
}

function readUuid(typed, what) {
  if (!uuid.test(typed))
    throw new Error(
      `${what} is 32 hexadecimal digits in five groups, like 11111111-2222-4333-8444-555555555555.`,
    );
  return typed.toLowerCase();
}
