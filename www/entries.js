// In: rows of a history, and what this browser keeps beside them. Out: entries of a conversation. Which rows are new, and
// where they go, is conversation.js's; how an entry looks is message.js's.
//
// An entry: { key, id?, role, author?, text, at?, state, parts, sources?, citations?, usage?, files?, kept?, problem?,
//             question?, note? }
//   state of a question: "sending", "stored", "unsent" (not taken), "uncertain" (perhaps taken)
//   state of an answer:  "waiting", "streaming", "complete", "stopped", "cut", "failed", "growing" (a row of the history)

import { takeResult, toolPart } from "./reply.js";

/**
 * Entries of rows, oldest first. The rows of tools become parts of the answer that they led to; those that led to none
 * stand for themselves.
 */
export function entriesOf(messages) {
  const entries = [];
  let tools; // an entry that collects the rows of tools
  for (const message of messages) {
    const { toolCall, toolResult } = message;
    if (toolCall || toolResult) {
      tools ??= { ...entryOf(message), role: "tool", text: "", ids: [] };
      tools.ids.push(message.id);
      if (toolCall) tools.parts.push(toolPart(toolCall));
      if (toolResult) takeResult(tools.parts, toolResult);
      if (message.text === "") continue;
    }
    const entry = entryOf(message);
    if (tools && message.role === "assistant") {
      entry.parts.push(...tools.parts);
      entry.ids = [...tools.ids, ...entry.ids];
    } else if (tools) {
      entries.push(tools);
    }
    tools = undefined;
    entries.push(entry);
  }
  if (tools) entries.push(tools);
  return entries;
}

function entryOf(message) {
  return {
    key: `message-${message.id}`,
    id: message.id,
    ids: [message.id],
    role: message.role,
    author: message.author?.name,
    text: message.text,
    at: message.timestamp,
    parts: message.role === "unknown" ? [{ kind: "other", data: message.raw }] : [],
    citations: message.citations,
    sources: message.sources,
    state: message.role === "user" ? "stored" : message.complete ? "complete" : "growing",
  };
}

/**
 * Puts each kept answer behind its question, unless the server itself has one: right there, or, by `isAnswered`, anywhere.
 * `following` comes after.
 */
export function withKeptAnswers(entries, answers, following, isAnswered) {
  return entries.flatMap((question, index) => {
    const next = entries[index + 1] ?? following;
    const answered = (next && next.role !== "user") || isAnswered(question.id);
    if (question.role !== "user" || answered) return [question];
    const kept = answers.filter((answer) => answer.question === question.id);
    return [
      question,
      ...kept.map((answer) => ({
        key: `kept-${question.id}`,
        role: "assistant",
        parts: [],
        ...answer,
        question,
        kept: true,
      })),
    ];
  });
}

/** Puts what this browser keeps beside an answer back to it, where its row has nothing of that. */
export function withBeside(entries, beside) {
  for (const { id, sources, citations, thoughts = [] } of beside) {
    const entry = entries.find((one) => one.role === "assistant" && one.id === id);
    if (!entry) continue;
    entry.sources ??= sources;
    entry.citations ??= citations;
    entry.parts = [...thoughts, ...entry.parts];
  }
  return entries;
}

/** Where the server could not list all messages of one moment, the transcript says so. */
export function withGap(entries, gap) {
  if (!gap) return entries;
  const { timestamp } = gap;
  const text = "Some messages of this moment may be missing: the server cannot list them all.";
  const row = {
    key: `gap-${timestamp}`,
    role: "system",
    text,
    at: timestamp,
    state: "complete",
    parts: [],
  };
  const later = entries.findIndex((entry) => entry.at > timestamp);
  return later < 0 ? [...entries, row] : entries.toSpliced(later, 0, row);
}

/** A question on its way, and the answer that is expected. */
export function turnOf(key, text, files, at) {
  const question = { key, role: "user", text, files, at, state: "sending", parts: [] };
  const answer = {
    key: `answer-${key}`,
    role: "assistant",
    text: "",
    state: "waiting",
    parts: [],
    question,
  };
  return { question, answer };
}

/** What was kept of a text that did not go out. Its files are gone with the page that had them. */
export const unsentEntry = ({ key, text, at, certain, files }) => ({
  key,
  role: "user",
  text,
  at,
  state: certain ? "unsent" : "uncertain",
  parts: [],
  lostFiles: files?.length > 0 ? files : undefined,
});

export function titleFrom(text) {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 57).trimEnd()}…` : line;
}
