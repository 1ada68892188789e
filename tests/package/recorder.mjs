// In: the address of a server. Out: a server in front of it that passes everything on as it is, and keeps what was asked
// and what was said over WebSockets, so that a test can say which way an answer came.
import { request as ask, createServer } from "node:http";
import { connect } from "node:net";

/** `refuse`: answers a WebSocket with 502. `most`: breaks a WebSocket after so many texts of the server. */
export async function startRecorder(target, { refuse = false, most = Infinity } = {}) {
  const { hostname, port } = new URL(target);
  const requests = [];
  const sockets = [];
  const server = createServer((request, response) => {
    const { method, url, headers } = request;
    const { authorization, "x-carried": carried } = headers;
    requests.push({ method, url, authorization, carried: carried === "yes" });
    const passed = ask({ hostname, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  });
  server.on("upgrade", (request, client, head) => {
    const { url, headers, rawHeaders } = request;
    const record = { url, authorization: headers.authorization, said: [], told: [], open: true };
    sockets.push(record);
    if (refuse) return client.end("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    const upstream = connect(Number(port), hostname);
    const lines = rawHeaders.map((word, at) => (at % 2 === 0 ? `${word}: ` : `${word}\r\n`));
    upstream.write(`GET ${url} HTTP/1.1\r\n${lines.join("")}\r\n`);
    upstream.write(head);
    const end = () => {
      record.open = false;
      client.destroy();
      upstream.destroy();
    };
    client.pipe(upstream);
    upstream.pipe(client);
    const said = texts((text) => record.said.push(text));
    client.on("data", said);
    const told = texts((text) => record.told.push(text) >= most && end());
    let answered = Buffer.alloc(0);
    upstream.on("data", function head(bytes) {
      answered = Buffer.concat([answered, bytes]);
      const at = answered.indexOf("\r\n\r\n");
      if (at < 0) return;
      upstream.off("data", head);
      upstream.on("data", told);
      told(answered.subarray(at + 4));
    });
    for (const side of [client, upstream]) side.on("error", end).on("close", end);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    sockets,
    /** How often the history was asked for after a message was sent. */
    polls() {
      const sent = requests.findIndex(({ url }) => url.endsWith("/send-message"));
      return requests.slice(sent).filter(({ url }) => url.includes("/messages.json")).length;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Takes the bytes of one side of a WebSocket and gives its whole texts (RFC 6455, section 5.2). */
function texts(give) {
  let left = Buffer.alloc(0);
  let parts = [];
  return (bytes) => {
    left = Buffer.concat([left, bytes]);
    for (;;) {
      if (left.length < 2) return;
      const short = left[1] & 0x7f;
      const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
      const masked = (left[1] & 0x80) !== 0;
      const start = 2 + wide + (masked ? 4 : 0);
      if (left.length < start) return;
      const length =
        wide === 0 ? short : wide === 2 ? left.readUInt16BE(2) : Number(left.readBigUInt64BE(2));
      if (left.length < start + length) return;
      const opcode = left[0] & 0x0f;
      const data = Buffer.from(left.subarray(start, start + length));
      if (masked) {
        const mask = left.subarray(start - 4, start);
        for (let at = 0; at < length; at++) data[at] ^= mask[at % 4];
      }
      if (opcode < 2) {
        parts.push(data);
        if (left[0] & 0x80) {
          give(Buffer.concat(parts).toString());
          parts = [];
        }
      }
      left = left.subarray(start + length);
    }
  };
}
