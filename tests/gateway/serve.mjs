// In: a function from Request to Response. Out: it as an HTTP server on 127.0.0.1, as any Node adapter does it: the page's
// leaving aborts the request and cancels the answer's body, a slow page slows the body down, and a body that breaks
// breaks the connection.
import { createServer } from "node:http";
import { createServer as createSocketServer, connect as openSocket } from "node:net";
import { Readable } from "node:stream";
import { after } from "node:test";

const closing = new Set();
after(async () => {
  await Promise.all([...closing].map((close) => close()));
});

/** Its address, without a slash at its end. */
export async function serve(handle) {
  const server = createServer((incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch(() => outgoing.destroy());
  });
  return await listening(server, () => server.closeAllConnections());
}

async function answer(handle, incoming, outgoing) {
  const left = new AbortController();
  outgoing.on("close", () => left.abort());
  const { method, rawHeaders, headers } = incoming;
  const bodied = !["GET", "HEAD"].includes(method);
  const pairs = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at].toLowerCase() !== "connection")
      pairs.push([rawHeaders[at], rawHeaders[at + 1]]);
  }
  const request = new Request(new URL(incoming.url, `http://${headers.host}`), {
    method,
    headers: pairs,
    signal: left.signal,
    ...(bodied && { body: Readable.toWeb(incoming), duplex: "half" }),
  });
  const response = await handle(request);
  outgoing.writeHead(response.status, [...response.headers].flat());
  outgoing.flushHeaders();
  if (!response.body) return outgoing.end();
  const reader = response.body.getReader();
  outgoing.on("close", () => reader.cancel().catch(() => {}));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return outgoing.end();
    if (!outgoing.write(value)) {
      await new Promise((resolve) => {
        outgoing.once("drain", resolve);
        outgoing.once("close", resolve);
      });
    }
  }
}

async function listening(server, leave) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.add(() => {
    leave();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/**
 * A server that reads the head and the body of each request and then does what `answer` says, byte by byte. It keeps
 * what it was sent, and the connections that are still in use.
 * @param {(socket: import("node:net").Socket, request: string) => void} answer
 */
export async function rawServer(answer) {
  const asked = [];
  const sockets = new Set();
  const open = new Set();
  const server = createSocketServer((socket) => {
    open.add(socket);
    socket.on("close", () => {
      open.delete(socket);
      sockets.delete(socket);
    });
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      if (end < 0 || text.length < end + 4 + length) return;
      const request = text.slice(0, end + 4 + length);
      text = text.slice(request.length);
      asked.push(request);
      // not before: Node's fetch opens a connection in reserve for one that it gave up
      sockets.add(socket);
      answer(socket, request);
    });
  });
  const url = await listening(server, () => {
    for (const socket of open) socket.destroy();
  });
  return { url, asked, sockets };
}

/** The head of an answer that ends with its connection. */
export function head(status, headers = {}) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} x\r\nconnection: close\r\n${lines.join("")}\r\n`;
}

export const EVENTS = { "content-type": "text/event-stream" };
export const JSON_TYPE = { "content-type": "application/json" };

/** A whole JSON answer. */
export function sendJson(socket, body, { status = 200, headers = {} } = {}) {
  const text = JSON.stringify(body);
  socket.end(
    head(status, { ...JSON_TYPE, "content-length": Buffer.byteLength(text), ...headers }) + text,
  );
}

/** Sends bytes as they are, and gives what comes back until the connection ends. */
export async function sendRaw(url, text) {
  const { hostname, port } = new URL(url);
  const socket = openSocket(Number(port), hostname);
  socket.on("error", () => {});
  let back = "";
  socket.on("data", (bytes) => {
    back += bytes.toString("latin1");
  });
  socket.write(text);
  await new Promise((resolve) => {
    socket.on("close", resolve);
    setTimeout(() => socket.destroy(), 3_000).unref();
  });
  return back;
}

/** Waits until `holds` does. */
export async function until(holds, milliseconds = 5_000) {
  const end = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > end) throw new Error("it did not come to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
