// In: what a cell told of its turn (shared/turn.js). Out: nothing, or an error that says what is wrong with it.
import assert from "node:assert/strict";

export const ANSWER = "hello from a clean project";
const TEXT = `stream 6 30 ${ANSWER}`;

/** The turn was held, and the answer came in pieces. */
export function assertHeld(text) {
  const { deltas, ...told } = parsed(text);
  assert.ok(deltas?.length > 2, `it came piece by piece: ${deltas}`);
  assert.equal(deltas.join(""), ANSWER);
  assert.deepEqual(told, {
    answer: ANSWER,
    pages: [
      { texts: ["say a second one"], hasMore: true },
      { texts: [TEXT], hasMore: false },
    ],
    events: [{ event: "greeting", data: "one\ntwo", id: "7" }],
  });
}

/** The answer alone came, in pieces, from a session with a name, and nothing else was said. */
export function assertAnswered(text) {
  const { deltas, ...told } = parsed(text);
  assert.ok(deltas?.length > 2, `it came piece by piece: ${text}`);
  assert.equal(deltas.join(""), ANSWER);
  assert.deepEqual(told, { answer: ANSWER, named: true, said: "" });
}

/** The package did not find its WebAssembly, and said what to do. */
export function assertAdvised(text) {
  for (const word of ["eliza_wasm_bg.wasm", '"agentline/inline"', "`wasm`"])
    assert.ok(text.includes(word), `the error names ${word}: ${text}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`it told no turn:\n${text}`);
  }
}
