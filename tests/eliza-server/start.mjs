// A real elizaOS server on loopback with one scripted, offline agent (scripted-plugin.mjs). In: the environment
// (README.md lists it). Out: one JSON line when it is ready,
//   {"ready":true,"url":"http://127.0.0.1:PORT","agentId":"...","ms":1234}
// It ends on SIGTERM, and, with STOP_WITH_STDIN=1, when standard input ends: so it cannot outlive who started it.
import { mkdirSync, mkdtempSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

if (process.env.STOP_WITH_STDIN === "1") {
  process.stdin.resume();
  process.stdin.on("end", () => process.kill(process.pid, "SIGTERM"));
}

const t0 = Date.now();
const work = process.env.ELIZA_FIXTURE_DIR ?? mkdtempSync(join(tmpdir(), "eliza-"));

async function freePort() {
  return new Promise((ok, no) => {
    const s = createServer();
    s.once("error", no);
    s.listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => ok(port));
    });
  });
}
const port = Number(process.env.PORT) || (await freePort());

// Environment is read at import time by some modules, so set it first.
Object.assign(process.env, {
  NODE_ENV: process.env.NODE_ENV ?? "test",
  LOG_LEVEL: process.env.LOG_LEVEL ?? "error",
  SERVER_HOST: "127.0.0.1",
  SERVER_PORT: String(port),
  ELIZA_UI_ENABLE: "false",
  ELIZA_DATA_DIR: work,
  PGLITE_DATA_DIR: process.env.PGLITE_DATA_DIR ?? join(work, "db"),
  SECRET_SALT: process.env.SECRET_SALT ?? "fixture-salt",
  // the server ships a built-in Sentry address; point it at nothing
  SENTRY_DSN: process.env.SENTRY_DSN ?? "http://none@127.0.0.1:9/1",
  DO_NOT_TRACK: "1",
});
mkdirSync(work, { recursive: true });
process.chdir(work);

const { AgentServer } = await import("@elizaos/server");
const { scriptedPlugin, promptTemplate, decideTemplate } = await import("./scripted-plugin.mjs");
const tImported = Date.now();

// --- test controls, reachable only under /__fixture/ -------------------------------------------
// POST /__fixture/messages {channelId, rows:[{id?, content, createdAt(ms), authorId, isAgent?, metadata?, rawMessage?}]}
//   writes history rows with chosen timestamps (the API itself always stamps "now")
// POST /__fixture/clock {ahead(ms)}
//   lets the server's clock run ahead, so that a session expires without a minute's wait
// and: every request gets a fresh address for the rate limiter (1000 per 15 minutes per address,
// shared with the server's own loopback calls) unless it carries `x-fixture-ip: <address>`.
const TrueDate = Date;
function setClock(ahead) {
  globalThis.Date = class extends TrueDate {
    constructor(...given) {
      super(...(given.length === 0 ? [TrueDate.now() + ahead] : given));
    }
    static now() {
      return TrueDate.now() + ahead;
    }
    // the server asks its older dates whether they are dates
    static [Symbol.hasInstance](value) {
      return value instanceof TrueDate;
    }
  };
}
let counter = 0;
let server;
async function readJson(req) {
  const parts = [];
  for await (const c of req) parts.push(c);
  return JSON.parse(Buffer.concat(parts).toString("utf8"));
}
const controls = (req, res, next) => {
  const forced = req.headers["x-fixture-ip"];
  if (forced !== "real") {
    counter = (counter + 1) % 16_000_000;
    const made = `10.${(counter >> 16) & 255}.${(counter >> 8) & 255}.${counter & 255}`;
    Object.defineProperty(req, "ip", { value: forced ?? made, configurable: true });
  }
  if (req.method !== "POST" || !req.path.startsWith("/__fixture/")) return next();
  (async () => {
    if (req.path === "/__fixture/clock") {
      setClock((await readJson(req)).ahead);
      return res.end();
    }
    const { channelId, rows } = await readJson(req);
    const db = await server.database.getConnection(); // the PGlite client
    for (const r of rows) {
      await db.query(
        `insert into central_messages (id, channel_id, author_id, content, raw_message, source_type, metadata, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
        [
          r.id ?? crypto.randomUUID(),
          channelId,
          r.authorId,
          r.content,
          JSON.stringify(r.rawMessage ?? { content: r.content }),
          r.isAgent ? "agent_response" : "user",
          JSON.stringify(r.metadata ?? {}),
          new Date(r.createdAt).toISOString().slice(0, -1),
        ],
      );
    }
    res.statusCode = 200;
    res.end(JSON.stringify({ written: rows.length }));
  })().catch((e) => {
    res.statusCode = 500;
    res.end(String(e?.stack ?? e));
  });
};
// ------------------------------------------------------------------------------------------------

const agentId = process.env.ELIZA_AGENT_ID ?? "11111111-2222-4333-8444-555555555555";
server = new AgentServer();
await server.start({
  port,
  dataDir: process.env.PGLITE_DATA_DIR,
  isTestMode: false,
  middlewares: [controls],
  agents: [
    {
      character: {
        id: agentId,
        name: "Scripted",
        username: "scripted",
        system: "offline fixture",
        bio: ["offline fixture"],
        plugins: [],
        settings: JSON.parse(process.env.ELIZA_AGENT_SETTINGS ?? "{}"),
        templates: {
          messageHandlerTemplate: promptTemplate,
          shouldRespondTemplate: decideTemplate,
        },
      },
      plugins: [scriptedPlugin],
    },
  ],
});

console.log(
  JSON.stringify({
    ready: true,
    url: `http://127.0.0.1:${port}`,
    agentId,
    pid: process.pid,
    importMs: tImported - t0,
    ms: Date.now() - t0,
    rssMiB: Math.round(process.memoryUsage().rss / 1048576),
    work,
  }),
);
