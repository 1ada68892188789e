// The history of a session on a real elizaOS server: nothing is lost, nothing comes twice, and what cannot be had is told.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { failure } from "./failure.mjs";
import { FIRST, rows, sorted, texts, writeHistory } from "./history.mjs";
import { sharedElizaServer } from "./server.mjs";

const { connect } = await packedModule();
const SECOND = 1_000;

let server;
let client;
before(async () => {
  server = await sharedElizaServer();
  client = await connect({ backend: "eliza", baseUrl: server.url });
});
after(() => server.stop());

async function sessionWith(written) {
  const session = await client.createSession({ agentId: server.agentId });
  await writeHistory(server, session, written);
  return session.id;
}

/** Pages from the newest to the oldest by `cursors.before`; the oldest page comes first. */
async function pagesBackward(id, query) {
  const pages = [];
  let page = await client.getMessages(id, query);
  for (;;) {
    pages.unshift(page);
    if (!page.hasMore) return pages;
    page = await client.getMessages(id, { ...query, before: page.cursors.before });
  }
}

async function pagesForward(id, query) {
  const pages = [];
  let page = await client.getMessages(id, query);
  for (;;) {
    pages.push(page);
    if (!page.hasMore) return pages;
    page = await client.getMessages(id, { ...query, after: page.cursors.after });
  }
}

const joined = (pages) => pages.flatMap(({ messages }) => texts(messages));

async function collect(iterable, upTo = Number.POSITIVE_INFINITY) {
  const all = [];
  for await (const message of iterable) {
    all.push(message);
    if (all.length === upTo) break;
  }
  return all;
}

describe("250 messages, a second apart", () => {
  const written = rows(250, (number) => FIRST + number * SECOND);
  const all = written.map(({ text }) => text);
  let id;
  before(async () => {
    id = await sessionWith(written);
  });

  test("the first page is the newest, oldest first within", async () => {
    const page = await client.getMessages(id, { limit: 40 });
    assert.deepEqual(texts(page.messages), all.slice(210));
    assert.equal(page.hasMore, true);
    const [message] = page.messages;
    assert.equal(message.role, "user");
    assert.equal(message.complete, true);
    assert.equal(message.timestamp, FIRST + 210 * SECOND);
    assert.equal(message.createdAt, new Date(FIRST + 210 * SECOND).toISOString());
    assert.equal(message.raw.content, "m0210");
    assert.equal(message.id, message.raw.id);
  });

  for (const limit of [7, 50, 100]) {
    test(`pages of ${limit} lead back to the beginning without a loss`, async () => {
      assert.deepEqual(joined(await pagesBackward(id, { limit })), all);
    });
  }

  test("hasMore is honest where the last page is exactly full", async () => {
    const pages = await pagesBackward(id, { limit: 50 });
    assert.deepEqual(
      pages.map(({ messages }) => messages.length),
      [50, 50, 50, 50, 50],
    );
    const newest = await client.getMessages(id, { after: FIRST + 199 * SECOND, limit: 50 });
    assert.deepEqual([newest.messages.length, newest.hasMore], [50, false]);
  });

  test("`messages` gives all of them, in either direction", async () => {
    assert.deepEqual(texts(await collect(client.messages(id, { direction: "forward" }))), all);
    assert.deepEqual(
      texts(await collect(client.messages(id, { direction: "backward" }))),
      all.toReversed(),
    );
    const few = await collect(client.messages(id, { direction: "backward", limit: 3 }), 8);
    assert.deepEqual(texts(few), all.toReversed().slice(0, 8));
  });

  test("a point in time may be a number, a Date or an ISO date", async () => {
    const time = FIRST + 100 * SECOND;
    for (const point of [
      time,
      new Date(time),
      new Date(time).toISOString(),
      "2024-01-07T09:01:40+01:00",
    ]) {
      const older = await client.getMessages(id, { before: point, limit: 5 });
      assert.deepEqual(texts(older.messages), all.slice(95, 100), `before ${point}`);
      const newer = await client.getMessages(id, { after: point, limit: 5 });
      assert.deepEqual(texts(newer.messages), all.slice(101, 106), `after ${point}`);
      assert.equal(newer.hasMore, true);
    }
  });

  test("`before` and `after` together give what lies between", async () => {
    const between = { after: FIRST + 10 * SECOND, before: FIRST + 20 * SECOND };
    const page = await client.getMessages(id, { ...between, limit: 100 });
    assert.deepEqual(texts(page.messages), all.slice(11, 20));
    assert.equal(page.hasMore, false);
  });

  test("before the first and after the last there is nothing, and nothing more", async () => {
    const older = await client.getMessages(id, { before: FIRST });
    assert.deepEqual([older.messages, older.hasMore], [[], false]);
    const newer = await client.getMessages(id, { after: FIRST + 249 * SECOND });
    assert.deepEqual([newer.messages, newer.hasMore], [[], false]);
  });

  test("what is no point in time is refused", async () => {
    for (const point of ["abc", Number.NaN, new Date("nonsense")]) {
      await failure(client.getMessages(id, { before: point }), { kind: "invalid" });
      await failure(client.getMessages(id, { after: point }), { kind: "invalid" });
    }
  });
});

describe("many messages on one millisecond", () => {
  test("12 messages, four on each stamp, come whole in pages of six", async () => {
    const written = rows(12, (number) => FIRST + Math.floor(number / 4));
    const id = await sessionWith(written);
    const backward = await pagesBackward(id, { limit: 6 });
    assert.deepEqual(
      joined(backward).sort(),
      written.map(({ text }) => text),
    );
    assert.ok(backward.every(({ gap }) => gap === undefined));
    const forward = await pagesForward(id, { after: FIRST - 1, limit: 6 });
    assert.deepEqual(
      joined(forward).sort(),
      written.map(({ text }) => text),
    );
  });

  test("seven messages on one stamp come whole in pages of three", async () => {
    const written = rows(7, () => FIRST);
    const id = await sessionWith(written);
    assert.deepEqual(
      joined(await pagesBackward(id, { limit: 3 })).sort(),
      written.map(({ text }) => text),
    );
    assert.deepEqual(
      sorted(await collect(client.messages(id, { limit: 3 }))),
      written.map(({ text }) => text),
    );
  });

  test("more than the server gives in one answer is told as a gap, in a page and in the iterator", async () => {
    // m0000 … m0129 share a stamp; two older and two newer messages lie around them
    const written = [
      ...rows(130, () => FIRST),
      { text: "older 1", at: FIRST - 2_000 },
      { text: "older 2", at: FIRST - 1_000 },
      { text: "newer 1", at: FIRST + 1_000 },
      { text: "newer 2", at: FIRST + 2_000 },
    ];
    const id = await sessionWith(written);
    const pages = await pagesBackward(id, { limit: 50 });
    assert.deepEqual(
      pages.filter(({ gap }) => gap).map(({ gap }) => gap),
      [{ timestamp: FIRST }],
    );
    const found = joined(pages);
    assert.equal(new Set(found).size, found.length, "nothing comes twice");
    for (const text of ["older 1", "older 2", "newer 1", "newer 2"])
      assert.ok(found.includes(text), text);
    assert.ok(found.length >= 4 + 100, `${found.length} messages`);

    const seen = [];
    const reading = (async () => {
      for await (const { text } of client.messages(id, { direction: "backward" })) seen.push(text);
    })();
    await failure(reading, { kind: "protocol", code: "HISTORY_GAP" });
    assert.deepEqual(seen.slice(0, 2), ["newer 2", "newer 1"]);
    assert.ok(seen.length >= 102);
  });
});

describe("far behind", () => {
  test("`after` skips nothing where 1,300 newer messages are waiting", async () => {
    const written = rows(1_300, (number) => FIRST + number * SECOND);
    const all = written.map(({ text }) => text);
    const id = await sessionWith(written);
    const first = await client.getMessages(id, { after: FIRST + 9 * SECOND, limit: 5 });
    assert.deepEqual(texts(first.messages), all.slice(10, 15));
    assert.equal(first.hasMore, true);
    const second = await client.getMessages(id, { after: first.cursors.after, limit: 5 });
    assert.deepEqual(texts(second.messages), all.slice(15, 20));
    assert.deepEqual(joined(await pagesForward(id, { after: FIRST - 1, limit: 100 })), all);
    const rest = client.messages(id, { after: FIRST + 99 * SECOND, direction: "forward" });
    assert.deepEqual(texts(await collect(rest)), all.slice(100));
  });
});

describe("an empty history", () => {
  test("is an empty page with nothing more", async () => {
    const { id } = await client.createSession({ agentId: server.agentId });
    const page = await client.getMessages(id);
    assert.deepEqual(page.messages, []);
    assert.equal(page.hasMore, false);
    assert.deepEqual(await collect(client.messages(id)), []);
  });
});

describe("followMessages", () => {
  test("gives what is new from now on, and ends when its reader leaves", async () => {
    const { id } = await client.createSession({ agentId: server.agentId });
    await client.sendMessage(id, "say too early");
    const following = collect(client.followMessages(id), 2);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await client.sendMessage(id, "say first");
    await client.sendMessage(id, "say second");
    assert.deepEqual(texts(await following), ["say first", "say second"]);
  });

  test("gives everything after a cursor", async () => {
    const id = await sessionWith(rows(20, (number) => FIRST + number * SECOND));
    const { cursors } = await client.getMessages(id, { before: FIRST + 5 * SECOND });
    const found = await collect(client.followMessages(id, { after: cursors.after }), 15);
    assert.deepEqual(
      texts(found),
      rows(20, () => 0)
        .slice(5)
        .map(({ text }) => text),
    );
  });

  test("rejects with the caller's own reason when the caller aborts", async () => {
    const { id } = await client.createSession({ agentId: server.agentId });
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 500);
    const following = collect(client.followMessages(id, {}, { signal: controller.signal }));
    await assert.rejects(following, (error) => error === reason);
  });
});
