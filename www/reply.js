// In: the events of an answer. Out: the answer as an entry of the conversation. What an answer holds beside its text is
// a list of parts, in the order in which they came:
//   { kind: "thinking", text }, { kind: "status", text }, { kind: "other", event?, data },
//   { kind: "tool", id?, name?, arguments?, results: [] }
// Sending, keeping and showing it is left to others.

/** Takes one event into `answer` and says what of it changed: "text" (it grew by the event's delta), "entry", or nothing. */
export function takeEvent(answer, event) {
  switch (event.type) {
    case "content":
      answer.text += event.delta;
      return "text";
    case "replace":
      answer.text = event.text;
      return "entry";
    case "thinking":
      return takeThinking(answer, event.delta);
    case "status":
      return takeStatus(answer, event.text);
    case "tool_call":
      answer.parts.push(toolPart(event));
      return "entry";
    case "tool_result":
      takeResult(answer.parts, event);
      return "entry";
    case "citations":
      takeSources(answer, event);
      return "entry";
    case "other":
      answer.parts.push({ kind: "other", event: event.event, data: event.data });
      return "entry";
    default:
      return undefined;
  }
}

/** The whole answer is there: what the events did not say is taken from it. */
export function takeReply(answer, { message, thinking, citations, sources, usage }) {
  answer.text = message.text;
  answer.author = message.author?.name;
  answer.usage = usage;
  takeSources(answer, {
    citations: citations ?? message.citations,
    sources: sources ?? message.sources,
  });
  if (thinking && !answer.parts.some((part) => part.kind === "thinking"))
    answer.parts.unshift({ kind: "thinking", text: thinking });
}

function takeThinking(answer, delta) {
  const last = answer.parts.at(-1);
  if (last?.kind === "thinking") last.text += delta;
  else answer.parts.push({ kind: "thinking", text: delta });
  return "entry";
}

function takeStatus(answer, text) {
  const last = answer.parts.at(-1);
  if (text === "" || (last?.kind === "status" && last.text === text)) return undefined;
  answer.parts.push({ kind: "status", text });
  return "entry";
}

function takeSources(answer, { citations, sources }) {
  if (citations?.length > 0) answer.citations = citations;
  if (sources?.length > 0) answer.sources = sources;
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
