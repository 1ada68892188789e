// In: a name and some work. Out: the work's result, with no other process of this checkout at the same work meanwhile.
import { readFileSync, rmSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { target } from "./paths.mjs";

const held = new Set();
process.on("exit", () => {
  for (const lock of held) rmSync(lock, { force: true });
});

export async function exclusively(name, work) {
  const lock = join(target, `${name}.lock`);
  await mkdir(target, { recursive: true });
  while (!(await taken(lock))) await sleep(250);
  held.add(lock);
  try {
    return await work();
  } finally {
    held.delete(lock);
    await rm(lock, { force: true });
  }
}

async function taken(lock) {
  try {
    await writeFile(lock, identity(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  const owner = await readFile(lock, "utf8").catch(() => "");
  // Empty: whoever took it has not yet written its name.
  if (owner !== "" && identity(owner.split(" ")[0]) !== owner) await rm(lock, { force: true });
  return false;
}

// The number of a process that was killed may belong to another one by now; on Linux the start time tells them apart.
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${pid} ${started}`;
  } catch {
    return alive(pid) ? `${pid}` : "";
  }
}

function alive(pid) {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
