import { writeFile } from "node:fs/promises";
import { test } from "@jest/globals";
import { connect, readEvents } from "agentline";
import { turn } from "./turn.js";

test("a turn", async () => {
  const where = { server: process.env.SERVER, agent: process.env.AGENT };
  await writeFile("told.json", JSON.stringify(await turn({ connect, readEvents }, where)));
}, 30_000);
