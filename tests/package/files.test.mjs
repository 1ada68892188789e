// Files on their way with a message: as the platform writes a form, and as a server reads it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { packedModule } from "./pack.mjs";

let connect;
let createSandbox;
before(async () => {
  ({ connect } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
});

async function opened(backend) {
  const sandbox = createSandbox({ seed: 1 });
  const options = sandbox.connectOptions(backend);
  const requests = [];
  const client = await connect({
    ...options,
    fetch: async (request, init) => {
      requests.push({ headers: request.headers, body: await request.clone().text() });
      return options.fetch(request, init);
    },
  });
  const { id } = await client.createSession({ agentId: sandbox.agentId(backend) });
  requests.length = 0;
  return { client, id, requests };
}

const FILES = () => [
  new File(["quarter,revenue\n4,12"], "q4.csv", { type: "text/csv" }),
  new File(["x"], 'a "b"\r\nContent-Type: evil.txt', { type: "text/plain" }),
  new File([new Uint8Array([0, 255, 13, 10])], "Füße 🚀.bin"),
  new Blob(["no name"]),
];

for (const how of ["streamMessage", "sendMessage"]) {
  test(`${how} sends every file in a part called files, and no name leaves its header`, async () => {
    const { client, id, requests } = await opened("meibel");
    const message = { text: "files", files: FILES(), includeThinking: false };
    const sent = client[how](id, message);
    const reply = await (how === "sendMessage" ? sent : sent.reply());
    const [{ headers, body }] = requests;
    assert.match(headers.get("content-type"), /^multipart\/form-data; ?boundary=/);
    assert.equal(body.match(/; name="files"/g).length, 4);
    assert.match(body, /name="user_message"\r\n\r\nfiles\r\n/);
    assert.match(body, /name="include_thinking"\r\n\r\nfalse\r\n/);
    assert.doesNotMatch(body, /null|undefined/);
    assert.doesNotMatch(body, /^Content-Type: evil/m, "a name is escaped");
    for (const name of ["q4.csv", "Füße 🚀.bin"])
      assert.ok(reply.message.text.includes(name), reply.message.text);
    assert.match(reply.message.text, /20/, "the size of the first");
  });
}

test("a message without files is a form without parts", async () => {
  const { client, id, requests } = await opened("meibel");
  await client.streamMessage(id, { text: "say a & b=c 🚀", files: [] }).text();
  const [{ headers, body }] = requests;
  assert.equal(headers.get("content-type"), "application/x-www-form-urlencoded");
  assert.equal(new URLSearchParams(body).get("user_message"), "say a & b=c 🚀");
});

test("what is no file is refused before a request", async () => {
  const { client, id, requests } = await opened("meibel");
  for (const files of [[5], ["a.txt"], {}, "a.txt", [{ name: "a", size: 1 }], [null]]) {
    const refused = { kind: "invalid", backend: "meibel" };
    await assert.rejects(client.sendMessage(id, { text: "files", files }), refused);
  }
  assert.equal(requests.length, 0);
});

test("a backend that takes no files says so before a request", async () => {
  for (const backend of ["agentcloud", "eliza"]) {
    const { client, id, requests } = await opened(backend);
    const unsupported = { kind: "unsupported", backend };
    await assert.rejects(client.sendMessage(id, { text: "x", files: FILES() }), unsupported);
    assert.equal(requests.length, 0);
  }
});
