// In: the names of a scenario and of a participant. Out: one turn of it, in whatever runtime this is: how long it took by
// the clock on the wall, and what was found. Each scenario is made once, each participant loaded once.
import { scenarios, verify } from "./scenarios.mjs";

let current;

/** `spent` takes the place of the clock where the runtime tells what the thread itself used. */
export async function turn({ scenario, name, share }, spent = () => performance.now()) {
  if (current?.scenario !== scenario || current.share !== share) {
    // the one before is let go, so that no two are in memory
    current = undefined;
    const given = scenarios[scenario].make(share);
    current = { scenario, share, given, loaded: new Map() };
  }
  const { given, loaded } = current;
  if (!loaded.has(name)) loaded.set(name, await scenarios[scenario].entries[name].load());
  const began = spent();
  const found = await loaded.get(name)(given);
  const time = spent() - began;
  verify(found, given.found);
  return { time, found };
}

/** The same for whoever asks by messages: what went wrong is a message too. */
export async function answer(question, spent) {
  try {
    return await turn(question, spent);
  } catch (error) {
    return { error: String(error), stack: error?.stack };
  }
}
