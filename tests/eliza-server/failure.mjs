// In: a promise that should fail. Out: its error, after what holds for every error of agentline was looked at. What this
// one should be is left to the test.
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { packedModule } from "../package/pack.mjs";

const { isAgentlineError } = await packedModule();

/**
 * Waits for the failure. `within`: the time limit in ms. `secrets`: what must not be found anywhere in the error.
 * Every other field is compared with the error's: `{ kind: "timeout", status: undefined }`.
 */
export async function failure(promise, { within = 5_000, secrets = [], ...expected }) {
  const began = performance.now();
  const error = await promise.then(
    (value) => assert.fail(`it should have failed, but gave ${inspect(value)}`),
    (reason) => reason,
  );
  const took = performance.now() - began;
  if (error instanceof assert.AssertionError) throw error;
  assert.ok(isAgentlineError(error), `an AgentlineError, not ${inspect(error)}`);
  assert.ok(error instanceof Error);
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, error[name]]));
  assert.deepEqual(found, expected, inspect(error));
  assert.ok(took < within, `it took ${Math.round(took)} ms, more than ${within}`);
  holdsNothingPrivate(error, secrets);
  return error;
}

// The server's own stack is in nearly every refusal; it names the folders of the machine that it runs on.
function holdsNothingPrivate(error, secrets) {
  const everything = [
    inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }),
    JSON.stringify(error),
    JSON.stringify(error.body ?? null),
    error.message,
    error.stack,
  ].join("\n");
  for (const secret of [...secrets, "@elizaos/", "node_modules/express", "<anonymous>:0"]) {
    assert.ok(!everything.includes(secret), `the error holds ${secret}: ${everything}`);
  }
  assert.doesNotMatch(JSON.stringify(error.body ?? null), /"stack"/);
}

/** Reads a stream to its end, or to its failure, which it throws; what came is in `events`. */
export async function readInto(events, stream) {
  for await (const event of stream) events.push(event);
  return events;
}

/** The answer's text as a reader of the events sees it: deltas joined, each `replace` applied. */
export function textOf(events) {
  let text = "";
  for (const event of events) {
    if (event.type === "content") text += event.delta;
    if (event.type === "replace") text = event.text;
  }
  return text;
}
