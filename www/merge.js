// In: the entries of a conversation, and those of the newest rows of its history. Out: the entries with what is new in
// them, and no row twice. An answer that this page saw come in is one entry, and may be several rows: what the agent said
// on its way, its tools, its text.

import { isStored } from "./kept.js";

/**
 * `entries` is what the conversation then holds; `changed` lists those of the old ones that are different, `stored` the
 * questions that turned out to have arrived; `grown`: a row that still grows is longer than it was.
 */
export function merge(entries, rows) {
  const merged = { entries: [...entries], changed: new Set(), stored: [], grown: false };
  const first = rows.map((row) => placeOf(entries, row)).find((place) => place >= 0);
  let at = (first ?? entries.length) - 1; // the place of what was found last: what is new comes behind it
  for (const row of rows) {
    const place = placeOf(merged.entries, row);
    if (place >= 0) {
      at = place;
      takeRow(merged, merged.entries[place], row);
      continue;
    }
    const answer = row.role === "user" ? undefined : answerTo(merged.entries, at);
    if (answer) {
      answer.ids = [...(answer.ids ?? []), ...row.ids];
      // Cut off here, whole there.
      if (answer.state === "cut" && row.role === "assistant" && row.state === "complete") {
        Object.assign(answer, contentOf(row), { problem: undefined, kept: false });
        merged.changed.add(answer);
      }
      continue;
    }
    at += 1;
    merged.entries.splice(at, 0, row);
  }
  return merged;
}

/** Where an entry stands that is this row, or the question that this row is. */
function placeOf(entries, row) {
  const place = entries.findIndex((entry) => entry.ids?.some((id) => row.ids.includes(id)));
  if (place >= 0 || row.role !== "user") return place;
  return entries.findIndex((entry) => entry.role === "user" && !entry.ids && isSame(entry, row));
}

const isSame = (entry, row) =>
  isStored(entry, { role: "user", text: row.text, timestamp: row.at ?? entry.at });

/** The answer that this page saw come in, where the question it belongs to was found last. */
function answerTo(entries, at) {
  const question = entries[at];
  const answer = question?.role === "user" ? entries[at + 1] : undefined;
  return answer?.question && answer.question === question ? answer : undefined;
}

function takeRow(merged, entry, row) {
  if (entry.role === "user" && !entry.ids) {
    const late = entry.state !== "stored";
    Object.assign(entry, { id: row.id, ids: row.ids, state: "stored", problem: undefined });
    if (late) merged.stored.push(entry);
    merged.changed.add(entry);
  } else if (entry.state === "growing") {
    if (entry.text === row.text && row.state === "growing") return;
    merged.grown = true;
    Object.assign(entry, contentOf(row));
    merged.changed.add(entry);
  }
}

const contentOf = ({ id, ids, text, parts, sources, citations, state, at }) => ({
  id,
  ids,
  text,
  parts,
  sources,
  citations,
  state,
  at,
});
