// In: what happened in a session in this browser. Out: the same after a reload: its local name, the answers that
// were shown, the texts that were not sent. What of that is shown again is the package's store's to say.
// Why answers are kept here at all: elizaOS 1.7.2 writes a streamed reply to no history, so after a reload the
// server knows the questions only; and no server keeps an answer that was stopped or cut off here. The record on the server, where there is one, always wins over what is kept.

import { forget, recall, remember, remembered } from "./storage.js";

const maxSessions = 60;
const maxAnswers = 300;
const maxUnits = 1_500_000; // UTF-16 units over all sessions; browsers give an origin about 5 million

const maxBeside = 20_000; // UTF-16 units of what stands beside the text of one answer

const recordName = (sessionId) => `session.${sessionId}`;

export function readRecord(sessionId) {
  const record = recall(recordName(sessionId), {});
  return { touched: 0, answers: [], unsent: [], ...record };
}

function changeRecord(sessionId, change) {
  const record = readRecord(sessionId);
  change(record);
  record.touched = Date.now();
  record.answers = record.answers.slice(-maxAnswers);
  // A full store gives up its oldest sessions one by one, and at last the oldest answers of this one.
  while (!remember(recordName(sessionId), record)) {
    if (dropOldest(sessionId)) continue;
    if (record.answers.length === 0) return;
    record.answers.splice(0, Math.ceil(record.answers.length / 2));
  }
  prune(sessionId);
}

function prune(exceptId) {
  for (;;) {
    const records = remembered("session.");
    const units = records.reduce((sum, record) => sum + record.length, 0);
    if (records.length <= maxSessions && units <= maxUnits) return;
    if (!dropOldest(exceptId)) return;
  }
}

function dropOldest(exceptId) {
  const oldest = remembered("session.")
    .filter(({ name }) => name !== recordName(exceptId))
    .map(({ name }) => ({ name, touched: recall(name, {}).touched ?? 0 }))
    .sort((a, b) => a.touched - b.touched)[0];
  if (oldest) forget(oldest.name);
  return Boolean(oldest);
}

const told = new WeakSet(); // messages that are kept as they are

/**
 * Keeps what the server does not hold of `messages`: texts that did not get through, and answers. `stored`: it holds whole
 * answers; of those only what they rest on and what the agent thought is kept. `leaving`: also an answer that is coming.
 */
export function keep(sessionId, messages, stored, leaving = false) {
  for (const message of messages) {
    if (told.has(message) || (isComing(message) && !leaving)) continue;
    told.add(message);
    if (message.role === "user" && message.delivery) keepQuestion(sessionId, message);
    else if (message.answers && !message.kept) keepReply(sessionId, message, stored);
  }
}

const isComing = ({ live }) =>
  live === "waiting" || live === "streaming" || live === "reconnecting";

function keepQuestion(sessionId, { delivery, clientMessageId: key, text, timestamp: at, files }) {
  if (delivery === "delivered") return dropUnsent(sessionId, key);
  const certain = delivery === "failed" || delivery === "queued";
  keepUnsent(sessionId, { key, text, at, certain, files });
}

function keepReply(sessionId, message, stored) {
  const { answers, id, text, live, activity = [], sources, citations } = message;
  const { timestamp: at = Date.now() } = message;
  const whole = stored && live === undefined;
  // the rows of tools are in the history, and what the agent was doing is of no interest any more
  const did = whole ? activity.filter(({ type }) => type !== "status") : activity;
  if (whole && !sources && !citations && !did.some(({ type }) => type === "thinking")) return;
  if (live !== undefined && text === "" && did.length === 0) return;
  const { kind, message: words, code } = message.error ?? {};
  const error = kind && { kind, message: words, code };
  keepAnswer(sessionId, answers, { id, text, live, at, error, activity: did, sources, citations });
}

/** Keeps an answer by the id of the stored question; a later answer to the same question takes its place. */
export function keepAnswer(sessionId, questionId, { activity, sources, citations, ...answer }) {
  // What an agent did on its way may be larger than all it said.
  const beside = { activity, sources, citations };
  const kept = JSON.stringify(beside).length <= maxBeside ? beside : {};
  changeRecord(sessionId, (record) => {
    record.answers = record.answers.filter((other) => other.question !== questionId);
    record.answers.push({ question: questionId, ...answer, ...kept });
  });
}

/** What is kept of a session, as the package's store takes it. */
export function initialOf({ answers, unsent }) {
  return [
    ...answers.map(({ question, at, ...answer }) => ({
      ...answer,
      role: "assistant",
      answers: question,
      timestamp: at,
    })),
    ...unsent.map(({ key, text, at, certain }) => ({
      role: "user",
      clientMessageId: key,
      text,
      timestamp: at,
      delivery: certain ? "failed" : "unknown",
    })),
  ];
}

/** Keeps a text that the server did not take (`certain`), or may not have taken; of files only what they are called. */
function keepUnsent(sessionId, { key, text, at, certain, files }) {
  changeRecord(sessionId, (record) => {
    record.unsent = record.unsent.filter((unsent) => unsent.key !== key);
    record.unsent.push({ key, text, at, certain, files: files?.map(({ name }) => name) });
  });
}

/** Keeps where a session was made, for a server that cannot list its sessions. */
export function keepMade(sessionId, { backend, agent }) {
  changeRecord(sessionId, (record) => {
    record.made = { backend, agent, at: Date.now() };
  });
}

/** The sessions that were made in this browser at this place. */
export function sessionsOfThisBrowser({ backend, agent }) {
  return remembered("session.")
    .map(({ name }) => ({ id: name.slice("session.".length), made: recall(name, {}).made }))
    .filter(({ made }) => made && made.backend === backend && made.agent === agent)
    .map(({ id, made }) => ({ id, createdAt: new Date(made.at).toISOString() }));
}

export function dropUnsent(sessionId, key) {
  if (readRecord(sessionId).unsent.some((unsent) => unsent.key === key)) {
    changeRecord(sessionId, (record) => {
      record.unsent = record.unsent.filter((unsent) => unsent.key !== key);
    });
  }
}

export function nameSession(sessionId, title, byHand) {
  if (!byHand && readRecord(sessionId).title) return;
  changeRecord(sessionId, (record) => {
    record.title = title || undefined;
  });
}

export function forgetSession(sessionId) {
  forget(recordName(sessionId));
  forget(`draft.${sessionId}`);
}

/** What was shown before a session had an id moves to the session once it has one. */
export function moveRecord(fromId, toId) {
  const record = readRecord(fromId);
  forget(recordName(fromId));
  if (record.unsent.length > 0) changeRecord(toId, (other) => other.unsent.push(...record.unsent));
}
