// In: what happened in a session in this browser. Out: the same after a reload: its local name, the answers that
// were shown, the texts that were not sent.
// Why answers are kept here at all: elizaOS 1.7.2 writes a streamed reply to no history, so after a reload the
// server knows the questions only; and no server keeps an answer that was stopped or cut off here. The record on the server, where there is one, always wins over what is kept.

import { forget, recall, remember, remembered } from "./storage.js";

const maxSessions = 60;
const maxAnswers = 300;
const maxUnits = 1_500_000; // UTF-16 units over all sessions; browsers give an origin about 5 million

const maxBeside = 20_000; // UTF-16 units of what stands beside the text of one answer

// A send whose fate is unknown is taken to be the stored message with the same text, if the two lie this close
// together. Wide, because the two clocks need not agree.
const sameMessageWithin = 10 * 60_000;

const recordName = (sessionId) => `session.${sessionId}`;

export function readRecord(sessionId) {
  const record = recall(recordName(sessionId), {});
  return { touched: 0, answers: [], beside: [], unsent: [], ...record };
}

function changeRecord(sessionId, change) {
  const record = readRecord(sessionId);
  change(record);
  record.touched = Date.now();
  record.answers = record.answers.slice(-maxAnswers);
  record.beside = record.beside.slice(-maxAnswers);
  // A full store gives up its oldest sessions one by one, and at last the oldest answers of this one.
  while (!remember(recordName(sessionId), record)) {
    if (dropOldest(sessionId)) continue;
    if (record.answers.length + record.beside.length === 0) return;
    for (const kept of [record.answers, record.beside]) kept.splice(0, Math.ceil(kept.length / 2));
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

/** Keeps an answer by the id of the stored question; a later answer to the same question takes its place. */
export function keepAnswer(sessionId, questionId, { text, state, at, problem, parts, sources }) {
  // What an agent did on its way may be larger than all it said.
  const beside = { parts, sources };
  const kept = JSON.stringify(beside).length <= maxBeside ? beside : {};
  changeRecord(sessionId, (record) => {
    record.answers = record.answers.filter((answer) => answer.question !== questionId);
    record.answers.push({ question: questionId, text, state, at, problem, ...kept });
  });
}

/** Keeps what an answer rests on, by the id of its row: a history holds the text, and not that. */
export function keepBeside(sessionId, answerId, { sources, citations, parts }) {
  const thoughts = parts.filter((part) => part.kind === "thinking");
  const beside = { id: answerId, sources, citations, thoughts };
  const empty = !sources && !citations && thoughts.length === 0;
  if (empty || JSON.stringify(beside).length > maxBeside) return;
  changeRecord(sessionId, (record) => {
    record.beside = [...record.beside.filter(({ id }) => id !== answerId), beside];
  });
}

/** Keeps a text that the server did not take (`certain`), or may not have taken; of files only what they are called. */
export function keepUnsent(sessionId, { key, text, at, certain, files }) {
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

/** Whether a row of the history is what was sent here. */
export const isStored = (sent, message) =>
  message.role === "user" &&
  message.text === sent.text &&
  Math.abs((message.timestamp ?? NaN) - sent.at) < sameMessageWithin;

/** The unsent texts that the history does not turn out to hold after all. */
export function unsentBeside(unsentTexts, messages) {
  const stored = (unsent) => messages.some((message) => isStored(unsent, message));
  return unsentTexts.filter((unsent) => unsent.certain || !stored(unsent));
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
