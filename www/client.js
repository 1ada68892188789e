// In: settings. Out: a client of the package with what makes conversations of it, the sessions it finds, a token for a password. The package is imported only
// here, and not before it is needed: if it is missing, the page can still say so.

import { backends, isInPage, optionsFor, withoutPasswords } from "./backends.js";

// A person is waiting: the page says at once what happened, has a button to try again, and asks by itself while the
// server is away.
const patience = { maxRetries: 0 };

let sandbox; // one for all backends, as long as the page lives
async function sandboxOfThisPage() {
  const { createSandbox } = await import("agentline/sandbox");
  sandbox ??= createSandbox();
  return sandbox;
}

export async function openClient(settings) {
  const { connect, createConversation } = await import("agentline");
  const own = isInPage(settings)
    ? (await sandboxOfThisPage()).connectOptions(settings.backend)
    : { backend: settings.backend };
  const client = await connect({
    ...own,
    ...optionsFor("connect", settings),
    ...backends[settings.backend].connectsWith,
    allowBrowserKey: true, // the person typed the key into this page for this server
    ...patience,
  });
  return { client, createConversation };
}

/** What a new session of `settings` needs. */
export async function sessionOptions(settings) {
  return isInPage(settings)
    ? { agentId: (await sandboxOfThisPage()).agentId(settings.backend) }
    : optionsFor("createSession", settings);
}

/** The sessions that the server lists for `settings`; undefined where it cannot list them. */
export async function listSessions(client, settings) {
  const backend = backends[settings.backend];
  const query = isInPage(settings)
    ? { ...optionsFor("listSessions", settings), ...(await agentOf(settings)) }
    : optionsFor("listSessions", settings);
  if (!client.capabilities.list || (backend.agentField && !query[backend.agentField]))
    return undefined;
  const found = [];
  for await (const session of client.listSessions(query)) {
    found.push(session);
    if (found.length === backend.mostSessions) break;
  }
  return found;
}

async function agentOf({ backend }) {
  return backends[backend].agentField
    ? { agentId: (await sandboxOfThisPage()).agentId(backend) }
    : {};
}

/** Settings with a token instead of a password. */
export async function signedIn(settings) {
  const who = optionsFor("signIn", settings);
  if (!who.password) return settings;
  const { signIn } = await import("agentline");
  const apiKey = await signIn({ ...who, ...patience });
  return { ...withoutPasswords(settings), apiKey, signInBy: "key" };
}

/** Tries settings before they are taken: resolves with those to take, or throws what is wrong with them. */
export async function tryOut(settings) {
  const taken = await signedIn(settings);
  const { client } = await openClient(taken);
  await listSessions(client, taken);
  return taken;
}
