// In: the id of a process. Out: the processes beneath it, and whether a process is still there. Linux only.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The ids of a process's children, their children, and so on. */
export function descendants(pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) && status(entry);
    if (stat) parents.set(Number(entry), stat.parent);
  }
  const beneath = (id) => {
    const children = [...parents].filter(([, parent]) => parent === id).map(([child]) => child);
    return [...children, ...children.flatMap(beneath)];
  };
  return beneath(pid);
}

/** Whether all of these are gone within a second. */
export async function gone(pids) {
  for (let tries = 0; tries < 20; tries += 1) {
    if (!pids.some(alive)) return true;
    await sleep(50);
  }
  return false;
}

function alive(pid) {
  const stat = status(pid);
  return stat !== undefined && stat.state !== "Z";
}

// The name of the program, in brackets, may hold anything.
function status(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
