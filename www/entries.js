// In: the messages of a conversation, as the package's store gives them. Out: what the page shows of them, as entries: the
// rows of tools stand with the answer that they led to, and a moment of which messages are missing says so. How an entry
// looks is message.js.
//
// An entry: { key, role, author?, text, at?, state, parts, sources?, citations?, usage?, files?, lostFiles?, kept?, problem?,
//             message }
//   state of a question: "queued", "sending", "checking" (perhaps taken, and looked for), "stored", "unsent" (not taken),
//                        "uncertain" (perhaps taken)
//   state of an answer:  "waiting", "streaming", "resuming" (cut, and looked for), "complete", "stopped", "cut", "failed",
//                        "growing" (a row of the history)

import { partsOf, takeResult, toolPart } from "./activity.js";

const questionStates = {
  queued: "queued",
  sending: "sending",
  failed: "unsent",
  unknown: "uncertain",
};

/** Messages that are shown together: an answer, and before it the rows of the tools that led to it. */
export function groupsOf(messages) {
  const groups = [];
  let tools = [];
  const end = () => {
    if (tools.length > 0) groups.push(tools);
    tools = [];
  };
  for (const message of messages) {
    if (message.toolCall || message.toolResult) {
      tools.push(message);
      if (message.text === "") continue;
    } else if (message.role === "assistant") tools.push(message);
    else {
      end();
      tools = [message];
    }
    end();
  }
  end();
  return groups;
}

/** What an entry for `group` has. `before`: what it had, if it is not new. */
export function contentOf(group, before) {
  const message = group.at(-1);
  const isTool = message.text === "" && Boolean(message.toolCall || message.toolResult);
  return {
    key: `message-${group[0].key}`,
    role: isTool ? "tool" : message.role,
    author: message.author?.name,
    text: message.text,
    // elizaOS does not say when an answer was finished: then it is when it came in here
    at: message.timestamp ?? before?.at,
    state: stateOf(message),
    parts: allParts(group, before?.parts),
    citations: message.citations,
    sources: message.sources,
    usage: message.usage,
    files: message.files,
    kept: message.kept,
    message,
  };
}

function stateOf({ role, delivery, live, error, complete }) {
  if (role === "user") return questionStates[delivery] ?? "stored";
  if (live === "reconnecting") return "resuming";
  // what an agent did not finish, and what the network did not bring
  if (live === "failed") return error?.kind === "agent" ? "failed" : "cut";
  return live ?? (complete ? "complete" : "growing");
}

function allParts(group, before) {
  const message = group.at(-1);
  if (message.activity) return partsOf(message.activity, before);
  const parts = [];
  for (const { toolCall, toolResult } of group) {
    if (toolCall) parts.push(toolPart(toolCall));
    if (toolResult) takeResult(parts, toolResult);
  }
  if (message.role === "unknown") parts.push({ kind: "other", data: message.raw });
  return parts;
}

/** Whether an answer is still coming. */
export const isComing = ({ state }) =>
  state === "waiting" || state === "streaming" || state === "resuming";

/** Where the server could not list all messages of one moment, the transcript says so. */
export function withGaps(entries, gaps = []) {
  for (const { timestamp } of gaps) {
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
    entries = later < 0 ? [...entries, row] : entries.toSpliced(later, 0, row);
  }
  return entries;
}

export function titleFrom(text) {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 57).trimEnd()}…` : line;
}
