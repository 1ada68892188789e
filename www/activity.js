// In: what an agent did on its way to an answer, as the package tells it, and the rows of tools in a history. Out: parts, in
// the order in which they came:
//   { kind: "thinking", text }, { kind: "status", text }, { kind: "other", event?, data },
//   { kind: "tool", id?, name?, arguments?, results: [] }
// Showing them is parts.js.

/** The parts of `activity`. Those of `before` that are still the same part stay the same object: who opened one keeps it open. */
export function partsOf(activity = [], before = []) {
  const parts = [];
  for (const event of activity) takeEvent(parts, event);
  return parts.map((part, at) => {
    const old = before[at];
    return old?.kind === part.kind && old.id === part.id ? Object.assign(old, part) : part;
  });
}

function takeEvent(parts, event) {
  if (event.type === "thinking") parts.push({ kind: "thinking", text: event.delta });
  else if (event.type === "status") parts.push({ kind: "status", text: event.text });
  else if (event.type === "tool_call") parts.push(toolPart(event));
  else if (event.type === "tool_result") takeResult(parts, event);
  else parts.push({ kind: "other", event: event.event, data: event.data });
}

export const toolPart = ({ id, name, arguments: given }) => ({
  kind: "tool",
  id,
  name,
  arguments: given,
  results: [],
});

/** Puts a result to its call; one without a call stands for itself. */
export function takeResult(parts, { id, name, result }) {
  const call = parts.findLast(
    (part) => part.kind === "tool" && (id === undefined ? part.name === name : part.id === id),
  );
  if (call) {
    call.name ??= name;
    call.results.push(result);
  } else parts.push({ ...toolPart({ id, name }), results: [result] });
}
