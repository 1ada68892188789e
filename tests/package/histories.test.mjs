// Rows of histories as callers see them: the free-form JSON in them is parsed late and many at once, and nobody can tell.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { packedModule } from "./pack.mjs";

let connect;
before(async () => {
  ({ connect } = await packedModule());
});

// What a parser may get wrong: names that mean something to JavaScript, names that come twice, halves of characters,
// escapes, numbers that lose digits, white space between rows, and rows without what others have.
const ODD = [
  '{"__proto__":{"x":1},"constructor":null}',
  '{"a":1,"b":[],"a":{"a":"2"}}',
  '{"text":"half \\ud83d of one, \\u00e9\\n\\"q\\" 你好 \u{1F600}"}',
  '{"number":12345678901234567890,"small":-0,"power":1e400}',
  "[ 1 , [ ] , { } ]",
  '"}],["',
  "{}",
];

const stamp = (index) => new Date(1784714400000 - index * 1000).toISOString();

const bodies = {
  meibel(count) {
    const rows = Array.from({ length: count }, (_, index) => {
      const odd = ODD[index % ODD.length];
      return `{"type":"assistant","message":"m${index}","signal_id":"s${index}","odd":${odd},"odd ${index}":${odd}}`;
    });
    return `{"messages":[${rows.join(" ,\n\t")}]}`;
  },
  eliza(count) {
    const rows = Array.from({ length: count }, (_, index) => {
      const odd = ODD[index % ODD.length];
      const metadata = index % 3 === 0 ? "null" : odd;
      return `{"id":"i${index}","content":"m${index}","isAgent":true,"createdAt":"${stamp(index)}","metadata":${metadata}, "odd":${odd}}`;
    });
    return `{"messages":[${rows.join(" ,\n\t")}],"hasMore":false}`;
  },
};

const rowsOf = {
  meibel: (body) => JSON.parse(body).messages,
  eliza: (body) => JSON.parse(body).messages.reverse(),
};

async function page(backend, count) {
  const body = bodies[backend](count);
  const client = await connect({
    backend,
    baseUrl: "http://history.invalid",
    apiKey: "none",
    userId: "aaaaaaaa-0000-4000-8000-000000000001",
    fetch: async () => new Response(body, { headers: { "content-type": "application/json" } }),
  });
  const session = "2ba97e23-6896-4dd1-913d-ae351033f979";
  const { messages } = await client.getMessages(session, { limit: count + 1 });
  assert.equal(messages.length, count);
  return { messages, rows: rowsOf[backend](body) };
}

const orders = {
  "from the first to the last": (count) => Array.from({ length: count }, (_, index) => index),
  "from the last to the first": (count) =>
    Array.from({ length: count }, (_, index) => count - 1 - index),
  "every seventh": (count) => Array.from({ length: count }, (_, index) => (index * 7) % count),
  "from the middle to the ends": (count) =>
    Array.from({ length: count }, (_, index) =>
      index % 2 ? (count + index) >> 1 : (count - 1 - index) >> 1,
    ),
};

for (const backend of Object.keys(bodies)) {
  for (const [name, order] of Object.entries(orders)) {
    test(`raw and metadata of ${backend}'s rows are what JSON.parse reads, looked at ${name}`, async () => {
      for (const count of [1, 2, 60]) {
        const { messages, rows } = await page(backend, count);
        const places = order(count);
        assert.equal(new Set(places).size, count);
        for (const place of places) {
          const { raw } = messages[place];
          assert.deepStrictEqual(raw, rows[place]);
          assert.equal(messages[place].raw, raw, "another value the second time");
          assert.deepStrictEqual(messages[place].metadata, rows[place].metadata ?? undefined);
        }
      }
    });
  }

  test(`spread, JSON.stringify, structuredClone and a proxy show all of ${backend}'s messages`, async () => {
    const { messages, rows } = await page(backend, 40);
    const plain = messages.map((message) => Object.fromEntries(Object.entries(message)));
    assert.deepStrictEqual(
      plain.map(({ raw }) => raw),
      rows,
    );
    const fresh = async () => (await page(backend, 40)).messages;
    assert.deepStrictEqual(
      (await fresh()).map((message) => ({ ...message })),
      plain,
    );
    assert.deepStrictEqual(structuredClone(await fresh()), structuredClone(plain));
    assert.equal(JSON.stringify(await fresh()), JSON.stringify(plain));
    const proxies = (await fresh()).map((message) => new Proxy(message, {}));
    assert.deepStrictEqual(
      proxies.map((proxy) => proxy.raw),
      rows,
    );
    for (const message of await fresh()) {
      assert.equal(Object.getPrototypeOf(message), Object.prototype);
      assert.ok(Object.keys(message).includes("raw"));
    }
  });
}
