// `openEvents` of the installed tarball against servers that watch it byte for byte. Each hole that another client has, as
// the comments tell, is a test.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { events, serving, taken, thrownBy } from "./event-server.mjs";
import { packedModule } from "./pack.mjs";

let openEvents;
let failure;
before(async () => {
  const packed = await packedModule();
  openEvents = packed.openEvents;
  failure = thrownBy(packed.AgentlineError);
});

const ids = ({ asked }) =>
  asked.map(({ headers }) => {
    const bytes = headers["last-event-id"];
    return bytes === undefined ? undefined : Buffer.from(bytes, "latin1").toString("utf8");
  });

describe("a stream that ends", () => {
  test("is opened again after a clean end and after a broken connection, with the last event id", async () => {
    const server = await serving(({ count, socket }, response) => {
      if (count === 0) events(response, "retry: 20\nid: 1\ndata: a\n\nid: unfinished\ndata: x\n");
      else if (count === 1) {
        events(response, "data: b\n\n", { end: false });
        setTimeout(() => socket.destroy(), 20);
      } else if (count === 2) socket.destroy();
      else events(response, "id\ndata: c\n\n");
    });
    const stream = openEvents(server.url);
    assert.deepEqual(await taken(stream, 4), ["a", "b", "c", "c"]);
    assert.deepEqual(ids(server), [undefined, "1", "1", "1", undefined]);
    assert.equal(stream.retry, 20);
    assert.equal(stream.lastEventId, "");
    const [{ method, headers }] = server.asked;
    assert.equal(method, "GET");
    assert.equal(headers.accept, "text/event-stream");
    assert.equal(headers["cache-control"], "no-cache");
  });

  test("is over where the server says 204, and where nobody wants it again", async () => {
    const server = await serving(({ count }, response) => {
      if (count === 1) response.writeHead(204).end();
      else events(response, "retry: 10\ndata: a\n\n");
    });
    assert.deepEqual(await taken(openEvents(server.url)), ["a"]);
    assert.equal(server.asked.length, 2);
    assert.deepEqual(await taken(openEvents(server.url, { reconnect: false })), ["a"]);
    assert.equal(server.asked.length, 3);
  });

  test("begins with the caller's last event id, and gives its unfinished event to who wants it", async () => {
    const server = await serving((_, response) => events(response, "data: a\n"));
    const options = { lastEventId: "7", dispatchUnfinished: true, reconnect: false };
    assert.deepEqual(await taken(openEvents(server.url, options)), ["a"]);
    assert.deepEqual(ids(server), ["7"]);
  });
});

describe("what a server says of itself", () => {
  // eventsource, eventsource-client and Deno come back 470 times a second
  test("never makes a loop without pauses, however large its `retry`", async () => {
    for (const retry of [2 ** 31, 2 ** 32, 2 ** 53, "9".repeat(40)]) {
      const server = await serving((_, response) => events(response, `retry: ${retry}\ndata\n\n`));
      const signal = AbortSignal.timeout(300);
      const stream = openEvents(server.url, { signal });
      await assert.rejects(taken(stream), { name: "TimeoutError" });
      assert.equal(server.asked.length, 1);
      assert.equal(stream.retry, 2 ** 31 - 1);
    }
  });

  // Node 24's own EventSource never reconnects
  test("comes back as the bytes of its UTF-8 where an id is not ASCII", async () => {
    const id = "…é😀 \u{FFFD}";
    const server = await serving((_, response) =>
      events(response, `retry: 10\nid: ${id}\ndata\n\n`),
    );
    await taken(openEvents(server.url), 3);
    assert.deepEqual(ids(server), [undefined, id, id]);
  });

  test("comes back to the byte on the wire", async () => {
    const wire = [];
    const server = createServer((socket) => {
      socket.once("data", (bytes) => {
        wire.push(bytes);
        socket.end(
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\nretry: 10\nid: …\ndata\n\n",
        );
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await taken(openEvents(`http://127.0.0.1:${server.address().port}/`), 2);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    const name = Buffer.from("last-event-id: ");
    const line = wire[1].subarray(wire[1].toString("latin1").toLowerCase().indexOf(name));
    assert.deepEqual(line.subarray(name.length, name.length + 4), Buffer.from("…\r"));
  });

  test("ends it with an error where no request can carry it", async () => {
    const server = await serving((_, response) =>
      events(response, "retry: 10\nid: a\u0001b\ndata\n\n"),
    );
    const error = await failure(openEvents(server.url));
    assert.equal(error.kind, "config");
    assert.equal(server.asked.length, 1);
  });

  test("is honoured in Retry-After", async () => {
    const server = await serving(({ count }, response) => {
      if (count > 1) events(response, "data: a\n\n");
      else response.writeHead(count === 0 ? 429 : 503, { "retry-after": "1" }).end();
    });
    const reconnect = { maxDelay: 5_000 };
    assert.deepEqual(await taken(openEvents(server.url, { reconnect }), 1), ["a"]);
    const [first, second, third] = server.asked.map(({ at }) => at);
    assert.ok(second - first >= 990 && third - second >= 990);
    const late = await serving((_, response) =>
      response.writeHead(429, { "retry-after": "60" }).end("busy"),
    );
    const error = await failure(openEvents(late.url, { reconnect }));
    const { kind, status, retryAfter, body } = error;
    assert.deepEqual(
      { kind, status, retryAfter, body },
      { kind: "rate_limited", status: 429, retryAfter: 60_000, body: "busy" },
    );
  });
});

describe("attempts", () => {
  // clients that count from the moment of opening come back for ever, and at full speed
  test("are counted on where a connection opens and dies at once", async () => {
    const server = await serving((_, response) => events(response, "retry: 10\n:hello\n\n"));
    const error = await failure(openEvents(server.url, { reconnect: { maxAttempts: 4 } }));
    assert.equal(error.kind, "network");
    assert.equal(server.asked.length, 5);
    const times = server.asked.map(({ at }) => at);
    const pauses = times.slice(1).map((at, before) => at - times[before]);
    assert.ok(
      pauses.every((pause) => pause >= 9),
      `never sooner than the server asks: ${pauses}`,
    );
  });

  test("grow further apart, up to the limit", async () => {
    const server = await serving(({ socket }) => socket.destroy());
    const signal = AbortSignal.timeout(4_000);
    const reconnect = { maxDelay: 50 };
    await assert.rejects(taken(openEvents(server.url, { signal, reconnect })));
    assert.ok(server.asked.length >= 40, `the caller's limit is 50 ms: ${server.asked.length}`);
    const patient = await serving(({ socket }) => socket.destroy());
    const unlimited = openEvents(patient.url, { signal: AbortSignal.timeout(4_000) });
    await assert.rejects(taken(unlimited));
    assert.ok(patient.asked.length >= 2 && patient.asked.length <= 5, `${patient.asked.length}`);
  });

  test("ask for the headers anew", async () => {
    const server = await serving((_, response) => events(response, "retry: 10\ndata\n\n"));
    let token = 0;
    const headers = async () => ({ authorization: `Bearer ${++token}` });
    await taken(openEvents(server.url, { headers }), 3);
    assert.deepEqual(
      server.asked.map(({ headers }) => headers.authorization),
      ["Bearer 1", "Bearer 2", "Bearer 3"],
    );
  });

  test("end where the headers cannot be had, and tell why", async () => {
    const server = await serving((_, response) => events(response, "data\n\n"));
    const thrown = new Error("no token today");
    const headers = () => Promise.reject(thrown);
    const error = await failure(openEvents(server.url, { headers }));
    assert.equal(error.kind, "config");
    assert.equal(error.cause, thrown);
    assert.equal(server.asked.length, 0);
  });
});

describe("what is not a GET", () => {
  const stream = ({ count }, response) => {
    if (count < 2) events(response, "retry: 10\ndata: a\n\n");
    else response.writeHead(204).end();
  };

  // @microsoft/fetch-event-source sends a POST again
  test("is never sent again unasked, neither after its end nor after a failure", async () => {
    const server = await serving(stream);
    const options = { method: "POST", body: "question" };
    assert.deepEqual(await taken(openEvents(server.url, options)), ["a"]);
    assert.equal(server.asked.length, 1);
    const broken = await serving(({ socket }) => socket.destroy());
    const error = await failure(openEvents(broken.url, options));
    assert.deepEqual([error.kind, error.retryable], ["network", false]);
    assert.equal(broken.asked.length, 1);
  });

  test("is sent again with its body and its headers, if asked", async () => {
    const bodies = {
      text: "question",
      bytes: new TextEncoder().encode("question"),
      blob: new Blob(["question"]),
      parameters: new URLSearchParams({ question: "" }),
    };
    for (const [name, body] of Object.entries(bodies)) {
      const server = await serving(stream);
      const options = { method: "PUT", body, headers: { "x-own": "yes" }, reconnect: true };
      assert.deepEqual(await taken(openEvents(server.url, options)), ["a", "a"], name);
      assert.equal(server.asked.length, 3);
      for (const { method, text, headers } of server.asked) {
        assert.equal(method, "PUT");
        assert.ok(text.startsWith("question"), name);
        assert.equal(headers["x-own"], "yes");
      }
    }
  });

  test("may be a Request, which is sent as it is, again and again", async () => {
    const server = await serving(stream);
    const headers = { "x-own": "yes", "content-type": "text/x-question" };
    const request = new Request(server.url, { method: "POST", body: "question", headers });
    assert.deepEqual(await taken(openEvents(request, { reconnect: true })), ["a", "a"]);
    assert.equal(server.asked.length, 3);
    for (const { method, text, headers } of server.asked) {
      assert.deepEqual(
        [method, text, headers["x-own"], headers["content-type"]],
        ["POST", "question", "yes", "text/x-question"],
      );
    }
  });

  test("may have a stream for its body, which is sent once", async () => {
    const body = () => new Blob(["question"]).stream();
    const server = await serving(stream);
    assert.deepEqual(await taken(openEvents(server.url, { method: "POST", body: body() })), ["a"]);
    assert.equal(server.asked[0].text, "question");
    const again = { method: "POST", body: body(), reconnect: true };
    const error = await failure(openEvents(server.url, again));
    assert.equal(error.kind, "config");
    assert.equal(server.asked.length, 1);
  });
});

describe("a refusal", () => {
  test("tells its status, its headers and the beginning of its body", async () => {
    const server = await serving((_, response) => {
      const headers = { "x-why": "no such stream", "set-cookie": "session=1" };
      response.writeHead(404, { ...headers, "content-type": "application/json" });
      response.end(JSON.stringify({ error: "gone", stack: "at /srv/app.js" }));
    });
    const error = await failure(openEvents(server.url));
    assert.deepEqual([error.kind, error.status], ["not_found", 404]);
    assert.equal(error.headers["x-why"], "no such stream");
    assert.equal(error.headers["set-cookie"], undefined);
    assert.deepEqual(error.body, { error: "gone" });
    assert.equal(server.asked.length, 1);
  });

  test("whose body never ends is told all the same", async () => {
    const server = await serving((_, response) => {
      response.writeHead(403, { "content-type": "text/plain" });
      const more = () => response.write("x".repeat(65_536), () => setImmediate(more));
      more();
    });
    const error = await failure(openEvents(server.url));
    assert.equal(error.kind, "forbidden");
    assert.ok(error.body.length <= 4_096);
  });

  test("repeats no key, be it in a header or in the address", async () => {
    const server = await serving(({ url, headers }, response) => {
      response.writeHead(401, { "x-echo": headers.authorization }).end(url);
    });
    const headers = { authorization: "Bearer s3cret-key" };
    const error = await failure(openEvents(`${server.url}?token=t0ken`, { headers }));
    const told = `${error.stack} ${JSON.stringify(error)}`;
    assert.ok(!/s3cret|t0ken/.test(told), told);
    for (const [input, options] of [
      ["http://[t0ken", {}],
      [server.url, { headers: { authorization: "s3cret\n\0" } }],
      [server.url, { method: "NO METHOD" }],
      [server.url, { body: "with a GET" }],
    ]) {
      const error = await failure(openEvents(input, options));
      assert.equal(error.kind, "config");
      assert.ok(!/s3cret|t0ken/.test(`${error.stack} ${error.cause?.stack}`));
    }
  });
});

describe("a redirect", () => {
  const redirecting = async () => {
    const other = await serving((_, response) => events(response, "data: there\n\n"));
    const server = await serving(({ url }, response) => {
      if (url === "/here") events(response, "data: here\n\n");
      else response.writeHead(307, { location: url === "/same" ? "/here" : other.url }).end();
    });
    return { server, other };
  };

  test("is followed where nothing is taken along, as EventSource does", async () => {
    const { server, other } = await redirecting();
    assert.deepEqual(await taken(openEvents(`${server.url}same`), 1), ["here"]);
    assert.deepEqual(await taken(openEvents(server.url), 1), ["there"]);
    assert.equal(other.asked.length, 1);
  });

  test("takes no key and no body to another origin", async () => {
    const { server, other } = await redirecting();
    for (const options of [
      { headers: { "x-api-key": "s3cret" } },
      { method: "POST", body: "question" },
    ]) {
      const error = await failure(openEvents(server.url, options));
      assert.deepEqual([error.kind, error.code], ["protocol", "REDIRECT"]);
    }
    assert.equal(other.asked.length, 0);
  });
});

describe("leaving", () => {
  async function endless() {
    let closed;
    const gone = new Promise((resolve) => (closed = resolve));
    const server = await serving((_, response) => {
      response.on("close", closed);
      events(response, "data: a\n\n", { end: false });
    });
    return { server, gone };
  }

  test("the loop closes the connection", async () => {
    const { server, gone } = await endless();
    await taken(openEvents(server.url), 1);
    await gone;
  });

  test("by a signal rejects with its reason, also of a Request, before, while and after it opens", async () => {
    const reason = new Error("enough");
    for (const of of ["options", "request"]) {
      const { server, gone } = await endless();
      const controller = new AbortController();
      const { signal } = controller;
      const stream =
        of === "options"
          ? openEvents(server.url, { signal })
          : openEvents(new Request(server.url, { signal }));
      const loop = taken(stream);
      await sleep(50);
      controller.abort(reason);
      await assert.rejects(loop, (error) => error === reason);
      await gone;
    }
    const { server } = await endless();
    const signal = AbortSignal.abort(reason);
    await assert.rejects(taken(openEvents(server.url, { signal })), (error) => error === reason);
    assert.equal(server.asked.length, 0);
  });

  test("while it waits to open again ends the wait", async () => {
    const server = await serving((_, response) => events(response, "retry: 60000\ndata\n\n"));
    const stream = openEvents(server.url);
    const loop = taken(stream);
    await sleep(100);
    const reason = new Error("enough");
    stream.abort(reason);
    await assert.rejects(loop, (error) => error === reason);
  });

  test("is for one consumer, who had it alone", async () => {
    const { server } = await endless();
    const stream = openEvents(server.url);
    stream[Symbol.asyncIterator]();
    assert.throws(() => stream[Symbol.asyncIterator](), { code: "STREAM_TAKEN" });
  });
});

describe("the caller's own fetch", () => {
  test("carries every request, and learns who left", async () => {
    const asked = [];
    const fetch = async (request, { signal }) => {
      asked.push([request.url, request.headers.get("last-event-id"), signal]);
      return new Response("retry: 10\nid: 5\ndata: a\n\n", {
        headers: { "content-type": "text/event-stream" },
      });
    };
    assert.deepEqual(await taken(openEvents("http://nowhere.test/", { fetch }), 2), ["a", "a"]);
    assert.deepEqual(
      asked.map(([url, id]) => [url, id]),
      [
        ["http://nowhere.test/", null],
        ["http://nowhere.test/", "5"],
      ],
    );
    assert.equal(asked[1][2].aborted, true);
    const error = await failure(openEvents("http://nowhere.test/", { fetch: 5 }));
    assert.equal(error.kind, "config");
  });
});
