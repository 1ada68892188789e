// In: an API server's address. Out: the page, the package and config.json on 127.0.0.1, and that server behind them,
// on one origin. `site.fault` bends what comes back from the API, to show the page what servers and networks do.
import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { extname, join, normalize } from "node:path";
import { packageFolder, root } from "../../tools/paths.mjs";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

// Where the servers of all dialects have something; the rest is the page's.
const servers = /^\/(api|v2|forms|login|account\.json|[0-9a-f]{24})(\/|$)/;

/**
 * `config`: what config.json says; undefined: there is none. A fault is a function of the API request
 * `{ method, path, headers }` to nothing (pass it on), or to one of
 *   { status, headers?, json }   this answer instead; `raw` instead of `json` for another body
 *   { drop: true }               the connection closed without an answer
 *   { cutAfter: text, seen? }    the real answer up to this text, cut when `seen()` is fulfilled: of a connection that
 *                                breaks, a browser throws away what the page has not read yet
 *   { without: true }            the request taken by the server, but no byte of the answer comes back
 */
export async function startSite({ upstream, config } = {}) {
  const site = { fault: undefined, requests: [] };
  const server = createServer((incoming, outgoing) => {
    const path = new URL(incoming.url, "http://site").pathname;
    // Chromium repeats even a POST by itself when a connection breaks that it had used before.
    outgoing.setHeader("connection", "close");
    if (servers.test(path)) forward(site, upstream, incoming, outgoing);
    else serveFile(path, outgoing, config?.(site));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  site.url = `http://127.0.0.1:${server.address().port}`;
  site.stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return site;
}

async function serveFile(path, outgoing, config) {
  if (path === "/config.json" && config) {
    outgoing.setHeader("content-type", "application/json");
    outgoing.end(JSON.stringify(config));
    return;
  }
  const name = normalize(path === "/" ? "/index.html" : path);
  const file = name.startsWith("/pkg/")
    ? join(packageFolder, name.slice("/pkg".length))
    : join(root, "www", name);
  try {
    const bytes = await readFile(file);
    outgoing.setHeader("content-type", types[extname(file)] ?? "application/octet-stream");
    outgoing.end(bytes);
  } catch {
    outgoing.statusCode = 404;
    outgoing.end();
  }
}

function forward(site, upstream, incoming, outgoing) {
  const asked = { method: incoming.method, path: incoming.url, headers: incoming.headers };
  site.requests.push(asked);
  const fault = site.fault?.(asked);
  if (fault?.status) {
    outgoing.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
    outgoing.end(fault.raw ?? JSON.stringify(fault.json));
    return;
  }
  if (fault?.drop) {
    incoming.socket.destroy();
    return;
  }
  const onward = request(new URL(incoming.url, upstream), {
    method: incoming.method,
    headers: { ...incoming.headers, host: new URL(upstream).host },
  });
  onward.on("response", (answer) => {
    if (fault?.without) {
      incoming.socket.destroy();
      answer.resume();
      return;
    }
    outgoing.writeHead(answer.statusCode, { ...answer.headers, connection: "close" });
    let told = "";
    answer.on("data", (bytes) => {
      outgoing.write(bytes);
      told += bytes.toString("latin1");
      if (!fault?.cutAfter || !told.includes(fault.cutAfter)) return;
      // destroyed, it would take the other side with it at once
      answer.pause();
      // What was written leaves first; then the socket goes without the last chunk of the body.
      const cut = () => setTimeout(() => incoming.socket.destroy(), 50);
      Promise.resolve(fault.seen?.()).then(cut, cut);
    });
    answer.on("end", () => outgoing.end());
    answer.on("error", () => outgoing.destroy());
  });
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
