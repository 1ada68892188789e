// In: what to answer to each request. Out: a server on 127.0.0.1, and what it was asked, with its headers byte for byte.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { afterEach } from "node:test";

/**
 * @param {(request: import("node:http").IncomingMessage & { count: number, text: string },
 *   response: import("node:http").ServerResponse) => void} answer `count` is the number of requests before this one
 */
export async function eventServer(answer) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces).toString();
    const { method, url, rawHeaders } = request;
    const headers = {};
    for (let at = 0; at < rawHeaders.length; at += 2) {
      headers[rawHeaders[at].toLowerCase()] = rawHeaders[at + 1];
    }
    asked.push({ method, url, headers, text, at: performance.now() });
    answer(Object.assign(request, { count: asked.length - 1, text }), response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Begins a stream of events; with `end`, it is the whole of it. */
export function events(response, text, { end = true } = {}) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(text);
  if (end) response.end();
}

const servers = [];

/** A server until the end of the test. */
export async function serving(answer) {
  const server = await eventServer(answer);
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** The data of the first `count` events, or of all of them. */
export async function taken(stream, count = Infinity) {
  const data = [];
  for await (const event of stream) {
    data.push(event.data);
    if (data.length === count) break;
  }
  return data;
}

/** Gives what a stream throws, which must be one of the package's errors. */
export const thrownBy = (AgentlineError) => async (stream) => {
  const error = await taken(stream).then(
    (data) => assert.fail(`it ended without an error: ${data}`),
    (thrown) => thrown,
  );
  assert.ok(error instanceof AgentlineError, String(error));
  return error;
};
