// In: a name and some work. Out: the work's result, with no other process of this checkout at the same work meanwhile.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { target } from "./paths.mjs";

export async function exclusively(name, work) {
  const lock = join(target, `${name}.lock`);
  await mkdir(target, { recursive: true });
  while (!(await taken(lock))) await sleep(250);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function taken(lock) {
  try {
    await writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  const owner = Number(await readFile(lock, "utf8").catch(() => ""));
  // Empty: whoever took it has not yet written its number.
  if (owner > 0 && !alive(owner)) await rm(lock, { force: true });
  return false;
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
