import { writeFile } from "node:fs/promises";
import { connect, readEvents } from "agentline";
import { test } from "vitest";
import { turn } from "./turn.js";

test("a turn", { timeout: 30_000 }, async () => {
  const where = { server: process.env.SERVER, agent: process.env.AGENT };
  await writeFile("told.json", JSON.stringify(await turn({ connect, readEvents }, where)));
});
