// In: a runtime and a scenario. Out: how much faster agentline is than each other participant, as ratios of times taken in
// turns: in each round every participant runs once, so that what else the machine does meets all of them. A ratio is the
// median over rounds. Everybody must find the same.
import { scenarios } from "./scenarios.mjs";

/** `{ name, ratio, quartiles }` of each participant; of one that cannot run there, `{ name, missing }`. */
export async function measure(runtime, scenario, { rounds, warmUp, share }) {
  const { entries } = scenarios[scenario];
  const { participants, close } = await runtime.open(scenario, Object.keys(entries), share);
  const runs = participants.map(({ name, turn }) => ({ name, turn, times: [] }));
  try {
    for (let round = -warmUp; round < rounds; round++) {
      const order = runs.map((_, place) => runs[(place + warmUp + round) % runs.length]);
      for (const run of order) {
        if (run.missing) continue;
        const { error, stack, time, found } = await run.turn();
        if (error && round === -warmUp && !isOurs(run)) run.missing = error;
        else if (error) throw new Error(`${run.name}: ${error}\n${stack ?? ""}`);
        if (error) continue;
        run.found = found;
        if (round >= 0) run.times.push(time);
      }
    }
  } finally {
    await close();
  }
  return report(runs);
}

const isOurs = ({ name }) => name.startsWith("agentline");

function report(runs) {
  const own = runs.find(isOurs);
  return runs.map(({ name, times, found, missing }) => {
    if (missing) return { name, missing };
    for (const what of Object.keys(own.found)) {
      if (found[what] !== undefined && found[what] !== own.found[what])
        throw new Error(
          `${name} found ${JSON.stringify(found)}, ${own.name} ${JSON.stringify(own.found)}`,
        );
    }
    const ratios = times.map((time, round) => time / own.times[round]);
    const [low, ratio, high] = [0.25, 0.5, 0.75].map((fraction) => quantile(ratios, fraction));
    return { name, ratio, quartiles: [low, high] };
  });
}

export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * fraction;
  const below = Math.floor(place);
  return sorted[below] + (sorted[Math.ceil(place)] - sorted[below]) * (place - below);
}
