// In: what happened in a session in this browser. Out: the same after a reload: its local name, the answers that
// were shown, the texts that were not sent.
// Why answers are kept here at all: elizaOS 1.7.2 writes a streamed reply to no history, so after a reload the
// server knows the questions only. The record on the server, where there is one, always wins over what is kept.

import { forget, recall, remember, remembered } from "./storage.js";

const maxSessions = 60;
const maxAnswers = 300;
const maxUnits = 1_500_000; // UTF-16 units over all sessions; browsers give an origin about 5 million

// A send whose fate is unknown is taken to be the stored message with the same text, if the two lie this close
// together. Wide, because the two clocks need not agree.
const sameMessageWithin = 10 * 60_000;

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

/** Keeps an answer by the id of the stored question; a later answer to the same question takes its place. */
export function keepAnswer(sessionId, questionId, { text, state, at, problem }) {
  changeRecord(sessionId, (record) => {
    record.answers = record.answers.filter((answer) => answer.question !== questionId);
    record.answers.push({ question: questionId, text, state, at, problem });
  });
}

/** Keeps a text that the server did not take (`certain`), or may not have taken. */
export function keepUnsent(sessionId, { key, text, at, certain }) {
  changeRecord(sessionId, (record) => {
    record.unsent = record.unsent.filter((unsent) => unsent.key !== key);
    record.unsent.push({ key, text, at, certain });
  });
}

export function dropUnsent(sessionId, key) {
  if (readRecord(sessionId).unsent.some((unsent) => unsent.key === key)) {
    changeRecord(sessionId, (record) => {
      record.unsent = record.unsent.filter((unsent) => unsent.key !== key);
    });
  }
}

/** The unsent texts that the history does not turn out to hold after all. */
export function unsentBeside(unsentTexts, messages) {
  const stored = (unsent) =>
    messages.some(
      (message) =>
        message.role === "user" &&
        message.text === unsent.text &&
        Math.abs((message.timestamp ?? NaN) - unsent.at) < sameMessageWithin,
    );
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
