// In: a scenario. Out: how fast each participant is, as ratios of times taken in turns: all processes live at once, each
// round lets every one run once, so that what else the machine does meets all of them. A ratio is the median over rounds.
import { start, stop } from "../../tools/process.mjs";
import { scenarios } from "./scenarios.mjs";

const WARM_UP = 3;

export async function measure(scenario, rounds) {
  const { entries, reference } = scenarios[scenario];
  const participants = new Map();
  try {
    for (const name of Object.keys(entries)) participants.set(name, await begin(scenario, name));
    const order = [...participants.values()];
    for (let round = -WARM_UP; round < rounds; round++) {
      for (let turn = 0; turn < order.length; turn++) {
        const participant = order[(turn + Math.max(round, 0)) % order.length];
        const { spent, found } = await ask(participant, "run");
        participant.found = found;
        if (round >= 0) participant.times.push(spent);
      }
    }
  } finally {
    await Promise.all([...participants.values()].map(({ child }) => stop(child)));
  }
  return report(participants, reference);
}

async function begin(scenario, name) {
  const child = start(process.execPath, ["turn.mjs", scenario, name], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const participant = { name, child, times: [] };
  await answer(participant);
  return participant;
}

async function ask(participant, what) {
  participant.child.send(what);
  const said = await answer(participant);
  if (said.error) throw new Error(`${participant.name}: ${said.error}`);
  return said;
}

function answer({ name, child }) {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`${name} ended before it answered`));
    child.once("exit", ended);
    child.once("message", (said) => {
      child.off("exit", ended);
      resolve(said);
    });
  });
}

function report(participants, reference) {
  const base = participants.get(reference);
  const own = [...participants.values()].find(({ name }) => name.startsWith("agentline"));
  return [...participants.values()].map(({ name, times, found }) => {
    if (JSON.stringify(found) !== JSON.stringify(base.found))
      throw new Error(
        `${name} found ${JSON.stringify(found)}, ${reference} ${JSON.stringify(base.found)}`,
      );
    const speeds = times.map((time, round) => base.times[round] / time);
    const owns = times.map((time, round) => time / own.times[round]);
    return {
      name,
      speed: quantile(speeds, 0.5),
      quartiles: [quantile(speeds, 0.25), quantile(speeds, 0.75)],
      own: quantile(owns, 0.5),
    };
  });
}

export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * fraction;
  const below = Math.floor(place);
  return sorted[below] + (sorted[Math.ceil(place)] - sorted[below]) * (place - below);
}
