// Meibel's official Python SDK (requirements.txt) talks to the sandbox; calls.py is its program. What it gets must be what
// its models want: nobody here wrote them. Where the SDK itself is wrong, the test says so.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { run } from "../../tools/process.mjs";
import { pythonPackages } from "../../tools/setup.mjs";
import { startSandbox } from "../demo/sandbox.mjs";

let sandbox;
let told;
before(async () => {
  const python = await pythonPackages(import.meta.dirname);
  sandbox = await startSandbox({ options: ["--echo", "--key", "mk_test"] });
  const program = join(import.meta.dirname, "calls.py");
  const line = await run(python, [program, `${sandbox.url}/v2`, "mk_test"], { capture: true });
  told = JSON.parse(line);
});
after(() => sandbox?.stop());

const names = (events) => events.map(({ event }) => event);

test("a session is created by the agent's id and by its published name", () => {
  assert.equal(told.created.type, "CreateSessionResponse");
  assert.match(told.created.session_id, /^sess_[0-9a-f]{32}$/);
  assert.match(told.created_by_name.session_id, /^sess_/);
  // What the SDK sent arrived as it was: keys, null, and nothing that was not set.
  assert.deepEqual(told.kept.created, {
    prompt: "You are",
    initial_context: { userId: "u1", "X-Key": null },
    message_wait_timeout_seconds: 60,
  });
});

test("a synchronous answer is a ChatMessageResponse with all that it may carry", () => {
  assert.equal(told.said.type, "ChatMessageResponse");
  assert.equal(told.said.response.message, "Héllo 🚀");
  assert.equal(told.said.assistant_response, "Héllo 🚀");
  assert.equal(told.said.tool_activity, null);
  const { cited } = told;
  assert.equal(cited.response.message, "Revenue grew 12% [1]");
  assert.equal(cited.assistant_response, "Revenue grew 12%");
  assert.equal(cited.response.sources[0].relevance_score, 0.91);
  assert.equal(cited.response.artifacts[0].size_bytes, 3);
  assert.equal(cited.thinking, "scripted thought");
  assert.equal(cited.tool_activity[0].tool_name, "rag_search");
  assert.equal(cited.token_usage.total_tokens, 8);
});

test("a stream without a file is told event by event", () => {
  assert.deepEqual(names(told.streamed), [
    "connected",
    "status",
    "tool_call",
    "tool_result",
    "partial_response",
    "completion",
  ]);
  assert.equal(told.streamed.at(-1).data.data.message, "dïg (1/1)");
  assert.match(told.streamed[0].data.signal_id, /^[0-9a-f-]{36}$/);
  assert.equal(told.deltas.length, 4);
  assert.deepEqual(told.deltas.at(-1), { event: null, data: { type: "done" } });
  assert.equal(told.deltas.map(({ data }) => data.delta ?? "").join(""), "three small pieces");
  assert.deepEqual(told.error_in_stream.at(-1), {
    event: "error",
    data: { error: "Workflow failed: scripted failure in mid stream" },
  });
});

test("details and messages fit the SDK's models", () => {
  assert.equal(told.details.type, "AgentExecutionDetailsResponse");
  assert.equal(told.details.status, "RUNNING");
  assert.deepEqual(
    told.details.messages.map(({ role }) => role),
    ["user", "assistant"],
  );
  assert.equal(told.details.tool_activity[0].tool_result.result, "dig (1/1)");
  assert.equal(told.messages.type, "SessionMessagesResponse");
  assert.deepEqual(
    told.messages.messages.map(({ type }) => type),
    ["user", "tool_call", "tool_result", "assistant"],
  );
  assert.equal(told.messages.messages[2].result, "dig (1/1)");
});

test("the SDK refuses a history in which a tool gave an object, though the API may send it", () => {
  // Its generator prints "any JSON" as a string.
  assert.deepEqual(told.history_with_an_object, { type: "ValidationError" });
});

test("lists are read, page by page, with their filter", () => {
  assert.equal(told.listed.length, 3);
  assert.ok(told.listed.every(({ type }) => type === "SessionSummary"));
  const ids = told.listed.map(({ session_id }) => session_id);
  // The SDK's iterator looks for a cursor that the API does not have, and stops after a page.
  assert.deepEqual(told.first_page, ids.slice(0, 2));
  assert.deepEqual(told.second_page, ids.slice(2));
  assert.deepEqual([told.running, told.failed], [3, 0]);
});

test("the SDK loses an attachment, because it sends it under a name that the API does not know", () => {
  assert.equal(told.attached, "[]");
});

test("errors are the SDK's, with the server's words", () => {
  const { errors } = told;
  assert.deepEqual(errors.key, {
    type: "AuthenticationError",
    status: 401,
    message: "Invalid API key",
  });
  assert.deepEqual(errors.session, {
    type: "NotFoundError",
    status: 404,
    message: "Session not found",
  });
  assert.equal(errors.name.type, "NotFoundError");
  assert.match(errors.name.message, /unpublished/);
  assert.deepEqual(errors.agent_fails, {
    type: "ApiError",
    status: 500,
    message: "Workflow failed: scripted model failure",
  });
  assert.equal(errors.too_late.status, 504);
  assert.equal(errors.too_many.type, "RateLimitError");
  assert.match(errors.too_many.message, /retry after 45 seconds/);
  // It has a ValidationError, but never raises it.
  assert.deepEqual([errors.values.type, errors.values.status], ["ApiError", 422]);
  for (const [form, error] of Object.entries(errors.forms)) {
    assert.equal(error.status, 409, `${form}: ${JSON.stringify(error)}`);
  }
});
