// In: the page. Out: the parts of it, tied together: which backend and which conversation is shown, what the buttons lead
// to. Each part does its own work: line.js, conversation.js, transcript.js, composer.js, sessions.js, settings.js, switch.js.

import { isInPage } from "./backends.js";
import { Composer } from "./composer.js";
import { confirmed } from "./confirm.js";
import { announce, required } from "./dom.js";
import { Drawer } from "./drawer.js";
import { isSessionGone } from "./errors.js";
import { showExamples } from "./examples.js";
import { forgetSession, nameSession } from "./kept.js";
import { Line } from "./line.js";
import { SessionPanel } from "./panel.js";
import { Preferences } from "./preferences.js";
import { addressOf, SessionList, sessionIn, titleOf } from "./sessions.js";
import { SettingsDialog } from "./settings.js";
import { StandingView } from "./standing.js";
import { BackendSwitch } from "./switch.js";
import { wireThemeSwitch } from "./theme.js";
import { Transcript } from "./transcript.js";

const preferences = new Preferences();
const settingsDialog = new SettingsDialog(preferences);
const transcript = new Transcript();
const composer = new Composer();
const list = new SessionList();
const panel = new SessionPanel();
const drawer = new Drawer();
const backendSwitch = new BackendSwitch();
const standing = new StandingView();

const lines = new Map(); // backend -> Line
let line;

// --- which backend is shown

function lineOf(name) {
  let found = lines.get(name);
  if (!found) lines.set(name, (found = watch(new Line(preferences.settingsOf(name)))));
  return found;
}

/** Goes to another backend: back to where one was there, or to the settings if it is not set up. */
async function switchTo(name) {
  if (name === line.name && line.connection.client) return;
  if (!preferences.isComplete(name)) return changeSettings({ backend: name });
  const going = goTo(name);
  history.pushState(null, "", addressOf(line.current.session?.id, name));
  await going;
}

/** `address`: what to open there; else what was open. */
async function goTo(name, address) {
  if (line) leaveView();
  preferences.choose(name);
  line = lineOf(name);
  showWelcome();
  showConnection();
  if (address) follow(address);
  else show(line.current ?? line.newConversation());
  if (!line.connection.client) await start();
}

function leaveView() {
  if (line.current) line.current.shown = false;
}

function watch(watched) {
  const shown = () => watched === line;
  watched.addEventListener("connection", () => {
    if (shown()) showConnection();
    showSwitch();
  });
  watched.addEventListener("sessions", () => shown() && showSessions());
  watched.addEventListener("conversation", ({ detail }) => {
    const { conversation, type } = detail;
    if (type === "state") showSwitch();
    if (shown()) heard(conversation, type, detail.detail);
  });
  return watched;
}

// --- which conversation is shown

function heard(conversation, type, words) {
  const isCurrent = conversation === line.current;
  if (type === "said") return isCurrent && announce(words);
  if (type === "session" && isCurrent) {
    line.last = conversation.id;
    composer.moveDraft();
    history.replaceState(null, "", addressOf(conversation.id, line.name));
  }
  if (isCurrent) {
    showGone();
    // A name may have come with the first messages.
    showTitle();
  }
  showSessions();
}

function show(conversation) {
  if (line.current !== conversation) leaveView();
  line.current = conversation;
  if (conversation.session) line.last = conversation.id;
  transcript.show(conversation);
  composer.show(conversation, line.connection.backend.messageLimit);
  conversation.shown = true;
  showTitle();
  showGone();
  showSessions();
  if (conversation.session && !conversation.session.status) line.refreshSession(conversation);
}

function showNew() {
  if (line.current && !line.current.session) {
    show(line.current);
    return composer.focus();
  }
  show(line.newConversation());
  composer.focus();
}

/** Opens what an address names; else the last session; else a new one. */
function follow(hash) {
  const { id, backend } = sessionIn(hash);
  if (backend && backend !== line.name && preferences.isComplete(backend))
    return void goTo(backend, hash);
  if (id === "new") return showNew();
  if (!id) return followLast();
  if (line.current?.id === id) return show(line.current);
  const session = line.sessions.find((one) => one.id === id);
  // A sandbox in the page's memory began anew with the page.
  if (!session && isInPage(line.connection.settings)) return followLast();
  // Not in the list: another person's, or gone, or the list is not there. Loading its messages finds out.
  show(line.conversationOf(session ?? { id }));
}

function followLast() {
  const { last, sessions, connection } = line;
  const session = sessions.find((one) => one.id === last);
  if (session || (last && !connection.client && !isInPage(connection.settings))) {
    show(line.conversationOf(session ?? { id: last }));
    history.replaceState(null, "", addressOf(last, line.name));
  } else {
    line.last = undefined;
    showNew();
  }
}

// --- what is around it

function showTitle() {
  const { session } = line.current ?? {};
  const title = session ? titleOf(session, line.connection.backend) : "New session";
  required("title").textContent = title;
  document.title = session ? `${title} · agentline` : "agentline";
}

function showSessions() {
  const { current, sessions, connection, capabilities } = line;
  list.show(sessions, current?.id, {
    backend: connection.backend,
    backendName: line.name,
    isBusy: (id) => line.busy(id),
    canDelete: Boolean(capabilities?.delete),
  });
  panel.show(current?.session, capabilities);
  composer.canAttach = Boolean(capabilities?.files);
}

function showSwitch() {
  backendSwitch.show(line?.name, (name) => {
    if (lines.get(name)?.isBusy) return "busy";
    return preferences.isComplete(name) ? "ready" : "new";
  });
}

const endings = {
  expired: ["This session has expired.", "The server no longer knows it."],
  cancelled: ["This session was cancelled.", "Its agent takes no more messages."],
  stopped: ["This session was stopped.", "Its agent takes no more messages."],
};

function showGone() {
  const { gone } = line.current;
  required("gone").hidden = !gone;
  const [title, detail] = endings[gone] ?? ["", ""];
  required("gone-title").textContent = title;
  required("gone-detail").textContent = `${detail} What you typed is kept.`;
}

function showConnection() {
  standing.show(line.connection, { retry: start, settings: () => changeSettings() });
  showSwitch();
  if (line.current) showSessions();
}

function showWelcome() {
  const defaults = preferences.defaultsOf(line.name);
  showExamples(line.connection.settings, defaults, (text) => composer.replace(text));
}

// --- connecting

async function start() {
  const opened = line;
  // Where it fails, the banner says what happened. The page stays usable: what is typed is kept.
  await opened.open();
  if (opened !== line) return;
  if (opened.current.isUntouched && composer.text === "" && sessionIn(location.hash).id !== "new")
    followLast();
  const { current } = opened;
  if (current.older === "failed") current.loadOlder();
  if (current.session && !current.session.status) opened.refreshSession(current);
}

async function changeSettings(options) {
  const changed = await settingsDialog.open(options);
  if (!changed) return;
  const { settings, rememberKey, others } = changed;
  preferences.keep(settings, rememberKey);
  for (const other of others) preferences.keep(other, preferences.keyIsRemembered(other.backend));
  for (const name of [settings.backend, ...others.map((other) => other.backend)]) renewed(name);
  history.replaceState(null, "", location.pathname + location.search);
  await goTo(settings.backend);
}

/** What was open with other settings is closed. */
function renewed(name) {
  const old = lines.get(name);
  if (!old || same(old.connection.settings, preferences.settingsOf(name))) return;
  old.close();
  lines.delete(name);
}

const same = (one, other) => {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
};

// --- what the person does

async function deleteSession(session) {
  const from = line;
  const name = titleOf(session, from.connection.backend);
  const sure = await confirmed({
    title: "Delete this session?",
    lead: `“${name}” goes from the server, and its answers from this browser. This cannot be undone.`,
    yes: "Delete",
  });
  if (!sure) return;
  from.stop(session.id);
  try {
    await from.connection.run("session", (client) => client.deleteSession(session.id));
  } catch (error) {
    if (!isSessionGone(error, "session"))
      return announce(from.connection.explain(error, "session").title);
  }
  from.drop(session.id);
  forgetSession(session.id);
  announce("Session deleted");
  if (from !== line) return;
  if (line.current?.id === session.id) {
    leaveView();
    line.last = undefined;
    line.current = undefined;
    const [next] = line.sessions;
    location.hash = addressOf(next?.id, line.name);
    if (!next) showNew();
  } else {
    showSessions();
  }
  composer.focus();
}

async function cancelSession(conversation) {
  const sure = await confirmed({
    title: "Cancel this session?",
    lead: "Its agent stops working and takes no more messages. What was said stays readable.",
    yes: "Cancel the session",
    no: "Go back",
  });
  if (!sure) return;
  const cancel = (client) => client.cancelSession(conversation.id);
  if (await act(conversation, "Session cancelled", cancel)) conversation.end("cancelled");
}

/** One call that changes how a session stands; says whether it worked. */
async function act(conversation, words, call) {
  const from = line;
  try {
    await from.connection.run("session", call);
  } catch (error) {
    const { title, detail } = from.connection.explain(error, "session");
    announce([title, detail].filter(Boolean).join(" "));
    return false;
  }
  announce(words);
  await from.refreshSession(conversation);
  conversation.refresh();
  return true;
}

const sessionActions = {
  wake: (conversation) =>
    act(conversation, "The agent was called", (client) => client.startSession(conversation.id)),
  renew: (conversation) =>
    act(conversation, "The session has more time", (client) =>
      client.renewSession(conversation.id),
    ),
  cancel: cancelSession,
  delete: (conversation) => deleteSession(conversation.session),
};

/** The conversation of a session that is gone goes on in a new one, with what was typed. */
async function continueInNewSession() {
  const from = line;
  const conversation = from.current;
  const { id } = conversation;
  const again = required("continue");
  again.disabled = true;
  const goesOn = await conversation.restart();
  again.disabled = false;
  if (!goesOn) return;
  from.leaveOut(id);
  announce("A new session was started");
  if (conversation !== line.current) return;
  const kept = conversation.unsent.map((entry) => conversation.take(entry));
  const typed = [...kept.map(({ text }) => text), composer.text].filter((text) => text.trim());
  const files = [...kept.flatMap((entry) => entry.files ?? []), ...composer.files];
  composer.replace(typed.join("\n\n"), files);
  showSessions();
}

function openNew() {
  const address = addressOf(undefined, line.name);
  if (location.hash !== address) history.pushState(null, "", address);
  showNew();
  drawer.close();
}

const entryActions = {
  retry: (entry) => line.current.retry(entry),
  wake: (entry) => line.current.wake(entry),
  settings: () => changeSettings(),
  edit(entry) {
    const { text, files } = line.current.take(entry);
    composer.giveBack(text, files);
  },
};

function wire() {
  composer.addEventListener("send", ({ detail: { text, files } }) => {
    const sending = line.current.send(text, files);
    sending.then((could) => could || composer.giveBack(text, files));
    transcript.toEnd();
  });
  composer.addEventListener("stop", () => line.current.stop());
  backendSwitch.addEventListener("switch", ({ detail: name }) => {
    switchTo(name);
    drawer.close();
  });
  list.addEventListener("rename", ({ detail: { id, title } }) => {
    nameSession(id, title, true);
    showSessions();
    showTitle();
  });
  list.addEventListener("delete", ({ detail: { session } }) => deleteSession(session));
  panel.addEventListener("do", ({ detail: action }) => sessionActions[action](line.current));
  required("rows").addEventListener("entry-action", ({ detail: { action, entry } }) => {
    entryActions[action](entry);
    if (action === "retry") transcript.toEnd();
  });
  required("new-session").addEventListener("click", (event) => {
    event.preventDefault();
    openNew();
  });
  required("continue").addEventListener("click", continueInNewSession);
  required("open-settings").addEventListener("click", () => changeSettings());
  required("standing").addEventListener("click", () =>
    changeSettings({ problem: line.connection.problem }),
  );
  wireThemeSwitch(required("theme"));
  addEventListener("hashchange", () => {
    follow(location.hash);
    drawer.close();
  });
  addEventListener("online", () => line.connection.state === "offline" && start());
  addEventListener("offline", () => line.connection.client && line.connection.isOffline());
  addEventListener("pagehide", () => {
    for (const one of lines.values()) one.leave();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    line.refreshSessions();
    line.current?.refresh();
  });
  document.addEventListener("keydown", (event) => {
    const taken = event.isComposing || event.defaultPrevented;
    if (event.key !== "Escape" || taken) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    if (drawer.isOpen) drawer.close();
    else line.current?.stop();
  });
}

await preferences.load();
const named = sessionIn(location.hash).backend;
if (named && preferences.isComplete(named)) preferences.choose(named);
wire();
if (preferences.isComplete(preferences.backend)) {
  await goTo(preferences.backend, location.hash);
} else {
  line = lineOf(preferences.backend);
  showWelcome();
  showConnection();
  follow(location.hash);
  await changeSettings({ first: true });
}
