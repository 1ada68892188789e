// In: the answers of tests/fixtures/sse/http-corpus.json. Out: a server on 127.0.0.1 that gives each of them once, at an
// address of its own, and then 204; and how often each address was asked.
import { createServer } from "node:http";
import { answers } from "./corpus.mjs";

export async function answerServer() {
  const asked = new Map();
  const server = createServer({ keepAlive: false }, (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("connection", "close");
    if (pathname.startsWith("/OK")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      return response.write("data: ok\n\n");
    }
    const count = asked.get(pathname) ?? 0;
    asked.set(pathname, count + 1);
    if (count > 0) return response.writeHead(204).end();
    const one = answers.find(({ name }) => pathname.endsWith(`/${name}`));
    answer(one, request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  return {
    /** The address of an answer, for one of those who ask. */
    address: (who, { name }) => `${base}/${who}/${name}`,
    asked: (who, { name }) => asked.get(`/${who}/${name}`) ?? 0,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer({ response: wanted, expect }, request, response) {
  const { status, headers = {}, body = "data: a\n\n", end, reset } = wanted;
  if (reset === "before") return request.socket.destroy();
  if (reset === "mid") {
    response.writeHead(200, { "content-type": "text/event-stream", "content-length": "1000" });
    response.write(body);
    return setTimeout(() => request.socket.destroy(), 50);
  }
  if (headers.location) {
    return response.writeHead(status, { location: `/${headers.location}` }).end();
  }
  response.writeHead(status, headers);
  if (status === 204 || status === 205) return response.end();
  if (end) return response.end(body);
  response.write(body);
  if (expect !== "open") setTimeout(() => response.end(), 20);
}
