// What `client.capabilities` says, what README.md says, and what the operations do: the same, for every backend.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { packedModule } from "./pack.mjs";

const BACKENDS = ["meibel", "agentcloud", "eliza"];

// which operation each capability is about
const OPERATIONS = {
  list: ({ client, agentId }) => firstOf(client.listSessions({ agentId })),
  delete: ({ client, id }) => client.deleteSession(id),
  cancel: ({ client, id }) => client.cancelSession(id),
  renew: ({ client, id }) => client.renewSession(id),
  start: ({ client, id }) => client.startSession(id),
  variables: ({ client, id }) => client.setVariables(id, { name: "value" }),
  files: ({ client, id }) =>
    client.streamMessage(id, { text: "say seen", files: [new Blob(["a"])] }).text(),
};

let connect;
let createSandbox;
before(async () => {
  ({ connect } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});

async function firstOf(iterable) {
  for await (const value of iterable) return value;
}

/** A client whose requests are counted, with a session. */
async function opened(backend) {
  const sandbox = createSandbox({ seed: 1 });
  const requests = [];
  const options = sandbox.connectOptions(backend);
  const client = await connect({
    ...options,
    fetch: (request, init) => {
      requests.push(`${request.method} ${request.url}`);
      return options.fetch(request, init);
    },
  });
  const agentId = sandbox.agentId(backend);
  const { id } = await client.createSession({ agentId });
  return { client, agentId, id, requests };
}

/** The table of README.md under "Backends": a row for each capability, a column for each backend. */
function documented() {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const [, table] = text.split(/^\| capability \|.*$/m);
  const lines = table
    .split("\n\n")[0]
    .split("\n")
    .filter((line) => /^\| `\w+` \|/.test(line));
  const rows = lines.map((line) => line.split("|").map((cell) => cell.trim()));
  return Object.fromEntries(
    rows.map(([, name, , ...cells]) => [name.replaceAll("`", ""), cells.slice(0, BACKENDS.length)]),
  );
}

function word(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return `\`${value}\``;
}

for (const [column, backend] of BACKENDS.entries()) {
  describe(`the capabilities of ${backend}`, () => {
    test("are those of README.md", async () => {
      const { client } = await opened(backend);
      const table = documented();
      assert.deepEqual(Object.keys(table).sort(), Object.keys(client.capabilities).sort());
      for (const [name, value] of Object.entries(client.capabilities))
        assert.equal(table[name][column], word(value), name);
    });

    for (const [name, operate] of Object.entries(OPERATIONS)) {
      test(`tell the truth about ${name}`, async () => {
        const context = await opened(backend);
        const before = context.requests.length;
        if (context.client.capabilities[name]) {
          await operate(context);
          assert.ok(context.requests.length > before, "it asked the server");
        } else {
          await assert.rejects(operate(context), { kind: "unsupported", backend });
          assert.equal(context.requests.length, before, "no request was made");
        }
      });
    }

    test("tell whether an answer that was streamed is in the history", async () => {
      const { client, id } = await opened(backend);
      await client.streamMessage(id, "say remember this").text();
      const { messages } = await client.getMessages(id);
      const kept = messages.some(
        ({ role, text }) => role === "assistant" && text === "remember this",
      );
      assert.equal(kept, client.capabilities.storesStreamedReplies);
    });

    for (const side of ["before", "after"]) {
      test(`tell who pages ${side} a message: the server, or the client that reads all`, async () => {
        const { client, id, requests } = await opened(backend);
        for (const text of ["say one", "say two", "say three"])
          await client.streamMessage(id, text).text();
        const all = await client.getMessages(id);
        const newest = await client.getMessages(id, { limit: 1 });
        const middle = await client.getMessages(id, { limit: 1, before: newest.cursors.before });
        requests.length = 0;
        const page = await client.getMessages(id, { limit: 50, [side]: middle.cursors[side] });
        const expected =
          side === "before"
            ? all.messages.slice(
                0,
                all.messages.findIndex((m) => m.id === middle.messages[0].id),
              )
            : all.messages.slice(-1);
        assert.deepEqual(
          page.messages.map((message) => message.text),
          expected.map((message) => message.text),
        );
        // a question that names no place is a question for all of it
        const places = requests.map((request) => /before=|after=|messageId=(?!0+$)/.test(request));
        assert.equal(places.some(Boolean), client.capabilities[side] === "server");
      });
    }
  });
}
