// In: the page. Out: the parts of it, tied together: which conversation is shown, what the buttons lead to.
// Each part does its own work: connection.js, conversation.js, transcript.js, composer.js, sessions.js, settings.js.

import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { announce, element, icon, required } from "./dom.js";
import { Drawer } from "./drawer.js";
import { isSessionGone } from "./errors.js";
import { showExamples } from "./examples.js";
import { forgetSession, nameSession } from "./kept.js";
import { addressOf, SessionList, sessionIn, titleOf } from "./sessions.js";
import { SettingsDialog } from "./settings.js";
import { forget, recall, remember } from "./storage.js";
import { wireThemeSwitch } from "./theme.js";
import { Transcript } from "./transcript.js";

const connection = new Connection();
const settingsDialog = new SettingsDialog(connection);
const transcript = new Transcript();
const composer = new Composer();
const list = new SessionList();
const drawer = new Drawer();

const conversations = new Map(); // session id -> Conversation; an answer goes on while another one is shown
let sessions = [];
let current;

// --- which conversation is shown

function conversationOf(session) {
  let conversation = conversations.get(session.id);
  if (!conversation)
    conversations.set(session.id, (conversation = watch(new Conversation(connection, session))));
  return conversation;
}

function watch(conversation) {
  conversation.addEventListener("state", () => {
    showSessions();
    if (conversation === current) showGone();
  });
  conversation.addEventListener("session", () => {
    conversations.set(conversation.id, conversation);
    sessions = [conversation.session, ...sessions];
    if (conversation === current) {
      remember("last", conversation.id);
      composer.moveDraft();
      history.replaceState(null, "", addressOf(conversation.id));
      showTitle();
    }
    showSessions();
  });
  conversation.addEventListener("entries", () => {
    // A name may have come with the first messages.
    if (conversation === current) showTitle();
    showSessions();
  });
  conversation.addEventListener("said", ({ detail }) => {
    if (conversation === current) announce(detail);
  });
  return conversation;
}

function show(conversation) {
  current = conversation;
  if (conversation.session) remember("last", conversation.id);
  transcript.show(conversation);
  composer.show(conversation, connection.backend.messageLimit);
  showTitle();
  showGone();
  showSessions();
}

function showNew() {
  if (current && !current.session) return composer.focus();
  show(watch(new Conversation(connection)));
  composer.focus();
}

/** Opens what the address names; else the last session; else a new one. */
function follow(hash) {
  const id = sessionIn(hash);
  if (id === "new") return showNew();
  const wanted = id ?? recall("last");
  const session = sessions.find((one) => one.id === wanted);
  if (session) {
    if (!id) history.replaceState(null, "", addressOf(session.id));
    if (current?.id !== session.id) show(conversationOf(session));
  } else if (id || (wanted && !connection.client)) {
    // Not in the list: another person's, or gone, or the list is not there. Loading its messages finds out.
    if (current?.id !== wanted) show(conversationOf({ id: wanted }));
  } else {
    forget("last");
    showNew();
  }
}

// --- what is around it

function showTitle() {
  const title = current?.session ? titleOf(current.id) : "New session";
  required("title").textContent = title;
  document.title = current?.session ? `${title} · agentline` : "agentline";
}

function showSessions() {
  list.show(sessions, current?.id, {
    lastActivity: connection.backend.lastActivity,
    isBusy: (id) => Boolean(conversations.get(id)?.busy),
  });
}

function showGone() {
  required("gone").hidden = !current.gone;
}

const standings = {
  closed: "Not connected",
  connecting: "Connecting",
  idle: "Connected",
  streaming: "Answering",
  offline: "Offline",
  error: "Problem",
};

let standingBefore = "closed";

function showConnection() {
  const { state, problem } = connection;
  const pill = required("standing");
  pill.dataset.state = state;
  pill.title = problem ? problem.title : connection.host;
  required("standing-name").textContent = standings[state];
  const banner = required("banner");
  banner.hidden = !problem;
  banner.dataset.state = state;
  banner.replaceChildren(
    ...(problem
      ? [
          icon("warning"),
          element(
            "p",
            {},
            element("strong", { text: problem.title }),
            problem.detail ? ` ${problem.detail}` : "",
          ),
          element(
            "div",
            { class: "buttons" },
            element("button", {
              type: "button",
              class: "quiet",
              text: "Try again",
              on: { click: start },
            }),
            element("button", {
              type: "button",
              class: "quiet",
              text: "Settings",
              on: { click: () => changeSettings() },
            }),
          ),
        ]
      : []),
  );
  if (problem && state !== standingBefore)
    announce([problem.title, problem.detail].filter(Boolean).join(" "));
  standingBefore = state;
  required("where").textContent = connection.settings.baseUrl
    ? connection.host
    : "No server chosen";
}

// --- connecting

async function start() {
  try {
    await connection.open();
  } catch {
    // The banner says what happened. The page stays usable: what is typed is kept.
    if (!current) follow(location.hash);
  }
}

function opened(found) {
  sessions = newestFirst(found);
  if (current) showSessions();
  else follow(location.hash);
  if (current.older === "failed") current.loadOlder();
}

async function refreshSessions() {
  if (connection.state !== "idle") return;
  try {
    const found = await connection.listSessions();
    sessions = newestFirst(found);
    showSessions();
  } catch {
    // As above: `connection` tells.
  }
}

function newestFirst(found) {
  const at = (session) => connection.backend.lastActivity(session) || 0;
  return [...found].sort((a, b) => at(b) - at(a));
}

async function changeSettings(options) {
  const changed = await settingsDialog.open(options);
  if (!changed) return;
  for (const conversation of [current, ...conversations.values()]) conversation?.stop();
  conversations.clear();
  current = undefined;
  sessions = [];
  connection.change(changed.settings, changed.rememberKey);
  connection.client = undefined;
  history.replaceState(null, "", location.pathname + location.search);
  showWelcome();
  await start();
}

function showWelcome() {
  showExamples(connection, (text) => {
    composer.replace(text);
  });
}

// --- what the person does

async function deleteSession(session) {
  const dialog = required("confirm");
  required("confirm-name").textContent = titleOf(session.id);
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue !== "delete") return;
  conversations.get(session.id)?.stop();
  try {
    await connection.run("session", (client) => client.deleteSession(session.id));
  } catch (error) {
    if (!isSessionGone(error, "session")) {
      announce(connection.explain(error, "session").title);
      return;
    }
  }
  conversations.delete(session.id);
  sessions = sessions.filter((one) => one.id !== session.id);
  forgetSession(session.id);
  announce("Session deleted");
  if (current?.id === session.id) {
    forget("last");
    current = undefined;
    location.hash = addressOf(sessions[0]?.id);
    if (!sessions[0]) showNew();
  } else {
    showSessions();
  }
  composer.focus();
}

/** A session that is gone leaves its typed texts to a new one. */
function continueInNewSession() {
  const old = current;
  const typed = [...old.unsent.map((entry) => old.take(entry)), composer.text].filter(
    (text) => text.trim() !== "",
  );
  sessions = sessions.filter((one) => one.id !== old.id);
  forget(`draft.${old.id}`);
  forget("last");
  location.hash = "#new";
  showNew();
  if (typed.length > 0) composer.replace(typed.join("\n\n"));
}

function wire() {
  composer.addEventListener("send", ({ detail: text }) => {
    current.send(text);
    transcript.toEnd();
  });
  composer.addEventListener("stop", () => current.stop());
  list.addEventListener("rename", ({ detail: { id, title } }) => {
    nameSession(id, title, true);
    showSessions();
    showTitle();
  });
  list.addEventListener("delete", ({ detail: { session } }) => deleteSession(session));
  required("rows").addEventListener("entry-action", ({ detail: { action, entry } }) => {
    if (action === "retry") {
      current.retry(entry);
      transcript.toEnd();
    } else if (action === "edit") {
      composer.giveBack(current.take(entry));
    } else {
      changeSettings();
    }
  });
  required("new-session").addEventListener("click", (event) => {
    event.preventDefault();
    if (location.hash !== "#new") location.hash = "#new";
    showNew();
    drawer.close();
  });
  required("continue").addEventListener("click", continueInNewSession);
  required("open-settings").addEventListener("click", () => changeSettings());
  required("standing").addEventListener("click", () =>
    changeSettings({ problem: connection.problem }),
  );
  wireThemeSwitch(required("theme"));
  connection.addEventListener("state", showConnection);
  connection.addEventListener("opened", ({ detail }) => opened(detail));
  connection.addEventListener("probe", start);
  addEventListener("hashchange", () => {
    follow(location.hash);
    drawer.close();
  });
  addEventListener("online", () => connection.state === "offline" && start());
  addEventListener("offline", () => showConnection());
  addEventListener("pagehide", () => {
    for (const conversation of [current, ...conversations.values()]) conversation?.leave();
  });
  document.addEventListener(
    "visibilitychange",
    () => document.visibilityState === "visible" && refreshSessions(),
  );
  document.addEventListener("keydown", (event) => {
    if (
      event.key !== "Escape" ||
      event.isComposing ||
      event.defaultPrevented ||
      document.querySelector("dialog[open]")
    )
      return;
    if (drawer.isOpen) drawer.close();
    else current?.stop();
  });
}

wire();
const ready = await connection.prepare();
showWelcome();
showConnection();
if (ready) {
  await start();
} else {
  follow(location.hash);
  await changeSettings({ first: true });
}
