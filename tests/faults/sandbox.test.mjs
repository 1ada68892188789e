// The packed tarball before the sandbox's HTTP server, in turns in which things go wrong by a seed. A turn that fails tells
// its seed; AGENTLINE_SEED takes another one, AGENTLINE_TURNS more of them.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { packedModule } from "../package/pack.mjs";
import { faultySandbox } from "./sandbox.mjs";
import { Turns } from "./turns.mjs";

const BACKENDS = ["meibel", "agentcloud", "eliza"];
const SEED = Number(process.env.AGENTLINE_SEED ?? 1);
const TURNS = Number(process.env.AGENTLINE_TURNS ?? 60);

const { connect } = await packedModule();
const { createSandbox } = await packedModule("agentline/sandbox");
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

/** What went wrong that must not, and how the turns ended. */
async function played(backend) {
  const sandbox = await faultySandbox(createSandbox, SEED);
  try {
    const turns = new Turns({ connect, sandbox, backend, seed: SEED });
    await turns.open();
    const wrong = [];
    while (turns.count < TURNS) wrong.push(...(await turns.next()));
    return { wrong, ends: turns.ends };
  } finally {
    await sandbox.stop();
  }
}

let all;
let left;
before(async () => {
  const earlier = timers();
  // a turn mostly waits, so the backends are played side by side
  all = await Promise.all(BACKENDS.map(played));
  // the platform's own timers of a connection end by themselves
  await new Promise((resolve) => setTimeout(resolve, 100));
  left = timers() - earlier;
});

for (const [at, backend] of BACKENDS.entries()) {
  test(`${backend}: whatever goes wrong, no message is doubled or lost and no answer is another one`, () => {
    const { wrong, ends } = all[at];
    assert.deepEqual(wrong, [], `AGENTLINE_SEED=${SEED}`);
    assert.ok(ends.done > 0 && Object.keys(ends).length > 2, `too little went wrong: ${ends}`);
  });
}

test("no timer is left", () => assert.ok(left <= 0, `${left} are`));
