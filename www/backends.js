// In: nothing. Out: the backends that this page can talk to, each with its fields, its limits and how it says what the
// page shows of a session. To add one, add an entry; the settings dialog, the switch, the validation and the client's
// options all follow from it. What a backend can do is not here: its client says so (`capabilities`).
//
// An entry:
//   label, fields                  what a person sees and fills in (see fields.js)
//   agentField                     the field that must be filled for the list of sessions to be asked for, if any
//   messageLimit                   UTF-16 units of a message
//   mostSessions                   how many of the list are asked for, where it comes in pages
//   asksFor, connectsWith          what goes with every message, and with the client's options
//   agentIsLate                    what to say while a message is not taken because its agent may still come
//   title, lastActivity            of a session, from the backend's own JSON where the model has no word for it
//   answerIdOf                     the id of the row that answers a question, where the package derives it from the question's
//   rowsOf                         the ids of the stored rows of which a whole answer was made

import {
  allFieldsIn,
  asTyped,
  fieldsIn,
  readAddress,
  readEmail,
  readFields,
  readKey,
  readObjectId,
  readUuid,
  readWord,
} from "./fields.js";

const baseUrl = {
  name: "baseUrl",
  takes: ["connect", "signIn"],
  label: "Server address",
  inputMode: "url",
  placeholder: "http://127.0.0.1:3000",
  hint: "Where the server listens.",
  required: true,
  read: readAddress,
};

const apiKey = {
  name: "apiKey",
  takes: ["connect"],
  label: "API key",
  secret: true,
  hint: "Leave it empty if the server asks for none.",
  read: readKey,
};

const agentId = {
  name: "agentId",
  takes: ["createSession"],
  label: "Agent id",
  hint: "The agent that new sessions talk to.",
  required: true,
};

/** The servers of a backend: a real one, whose fields these are, or the sandbox inside this page. */
const place = (fields) => ({
  name: "place",
  label: "Where it runs",
  ways: {
    server: { label: "On a server", fields },
    page: {
      label: "In this page",
      hint: "A sandbox with a scripted agent, in this page's memory. It forgets everything when the page is left.",
      fields: [],
    },
  },
});

const isoTime = (text) => Date.parse(text ?? "");

export const backends = {
  eliza: {
    label: "elizaOS",
    fields: [
      place([
        baseUrl,
        apiKey,
        {
          ...agentId,
          placeholder: "00000000-0000-0000-0000-000000000000",
          read: readUuid("An agent id"),
        },
      ]),
      {
        name: "userId",
        takes: ["connect", "listSessions"],
        label: "Your user id",
        required: true,
        made: true,
        hint: "Made once for this browser. Sessions of this id are the ones in your list.",
        read: readUuid("A user id"),
      },
    ],
    messageLimit: 4000, // the server answers 400 above it
    lastActivity: (session) => isoTime(session.raw?.lastActivity ?? session.createdAt),
  },
  meibel: {
    label: "Meibel",
    fields: [
      place([
        {
          ...baseUrl,
          required: false,
          placeholder: "Meibel's hosted service",
          hint: "Leave it empty for Meibel's hosted service. Another one ends in /v2.",
        },
        apiKey,
        {
          name: "agentBy",
          label: "Agent",
          ways: {
            id: {
              label: "By its id",
              fields: [
                {
                  ...agentId,
                  takes: ["createSession", "listSessions"],
                  placeholder: "agent_…",
                  hint: "The agent that new sessions talk to, and whose sessions are listed.",
                  read: readWord("An agent id"),
                },
              ],
            },
            name: {
              label: "By its name",
              fields: [
                {
                  name: "agentName",
                  takes: ["createSession"],
                  label: "Published name",
                  required: true,
                  hint: "Meibel lists sessions by the agent's id only: with a name, the list holds those of this browser.",
                  read: asTyped,
                },
              ],
            },
          },
        },
      ]),
    ],
    agentField: "agentId",
    mostSessions: 100,
    answerIdOf: (questionId) => `${questionId}:assistant`,
    asksFor: { includeThinking: true, includeToolActivity: true },
    lastActivity: (session) =>
      isoTime(session.raw?.end_time ?? session.raw?.start_time ?? session.createdAt),
  },
  agentcloud: {
    label: "Agent Cloud",
    fields: [
      place([
        {
          ...baseUrl,
          required: false,
          placeholder: "Agent Cloud's hosted service",
          hint: "Leave it empty for the hosted service. A browser lets a page reach Agent Cloud only through the page's own server: then give the path there, such as /agentcloud.",
        },
        {
          name: "signInBy",
          label: "Sign in by",
          ways: {
            key: {
              label: "Token or API key",
              fields: [
                {
                  ...apiKey,
                  label: "Token or API key",
                  required: true,
                  hint: "From your account's page, or from an earlier sign-in.",
                },
              ],
            },
            password: {
              label: "E-mail and password",
              hint: "They are sent to the server once. Only the token that comes back is kept.",
              fields: [
                {
                  name: "email",
                  takes: ["signIn"],
                  label: "E-mail",
                  inputMode: "email",
                  required: true,
                  once: true,
                  autocomplete: "username",
                  read: readEmail,
                },
                {
                  name: "password",
                  takes: ["signIn"],
                  label: "Password",
                  secret: true,
                  required: true,
                  once: true,
                  autocomplete: "current-password",
                  read: asTyped,
                },
              ],
            },
          },
        },
        {
          name: "team",
          takes: ["connect"],
          label: "Team",
          optional: true,
          placeholder: "24 hexadecimal digits",
          hint: "Optional: without it, your account's current team.",
          read: readObjectId("A team"),
        },
        {
          ...agentId,
          takes: ["createSession", "listSessions"],
          label: "App id",
          placeholder: "24 hexadecimal digits",
          hint: "The chat app that new sessions talk to, and whose sessions are listed.",
          read: readObjectId("An app id"),
        },
      ]),
    ],
    mostSessions: 50, // the server gives ten at a time
    connectsWith: { timeout: 7_000 }, // also how long a message waits for an agent that is on its way
    agentIsLate: "The agent is not there yet: the message waits for it",
    title: (session) => session.raw?.name,
    lastActivity: (session) =>
      isoTime(session.raw?.lastUpdatedDate ?? session.raw?.startDate ?? session.createdAt),
    rowsOf: (message) =>
      Array.isArray(message.raw) ? message.raw.map((row) => row?._id) : [message.id],
  },
};

/** The part of the settings that one call of the client takes. */
export function optionsFor(call, settings) {
  const taken = fieldsIn(backends[settings.backend].fields, settings).filter(
    (field) => field.takes?.includes(call) && settings[field.name],
  );
  return Object.fromEntries(taken.map((field) => [field.name, settings[field.name]]));
}

export function isComplete(settings) {
  const backend = backends[settings.backend];
  return (
    Boolean(backend) && Object.keys(readFields(backend.fields, settings).problems).length === 0
  );
}

/** Whether its servers are in this page's memory. */
export const isInPage = (settings) => settings.place === "page";

/** What a person typed that must not be kept: it was given away for a token. */
export const withoutPasswords = (settings) => {
  const fields = allFieldsIn(backends[settings.backend].fields);
  const once = new Set(fields.filter((field) => field.once).map((field) => field.name));
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !once.has(name)));
};
