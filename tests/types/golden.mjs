// In: the declarations of pkg/ as ./build left it, and those that are kept in golden/. Out: where they differ, so that no
// type changes unseen; with --write, the new ones are kept.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readArguments } from "../../tools/arguments.mjs";
import { packageFolder } from "../../tools/paths.mjs";

const FOLDER = join(import.meta.dirname, "golden");
const HELP = `node tests/types/golden.mjs           whether the declarations of pkg/ are those of tests/types/golden/
node tests/types/golden.mjs --write   keep those of pkg/`;

const nameOf = (file) => file.replace(/\.d\.ts$/, ".golden.d.ts");

/** The text of each declaration file of the package. */
async function declarations() {
  const files = (await readdir(packageFolder)).filter((file) => file.endsWith(".d.ts"));
  const texts = files.map(async (file) => [
    nameOf(file),
    await readFile(join(packageFolder, file), "utf8"),
  ]);
  return new Map(await Promise.all(texts));
}

/** One line for each file that is not as it was kept; for a changed one, with its first line that is another. */
export async function differences() {
  const now = await declarations();
  const names = new Set([...now.keys(), ...(await readdir(FOLDER))]);
  const found = [];
  for (const name of [...names].sort()) {
    const kept = await readFile(join(FOLDER, name), "utf8").catch(() => undefined);
    const text = now.get(name);
    if (text === kept) continue;
    if (kept === undefined) found.push(`${name} is new`);
    else if (text === undefined) found.push(`${name} is gone`);
    else found.push(`${name} has another line ${firstChange(kept, text)}`);
  }
  return found;
}

function firstChange(kept, text) {
  const before = kept.split("\n");
  const after = text.split("\n");
  const at = after.findIndex((line, index) => line !== before[index]);
  const line = at < 0 ? after.length : at;
  return `${line + 1}: ${JSON.stringify(before[line] ?? "")} is ${JSON.stringify(after[line] ?? "")} now`;
}

async function write() {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  for (const [name, text] of await declarations()) await writeFile(join(FOLDER, name), text);
}

if (process.argv[1] === import.meta.filename) {
  const values = readArguments({ write: { type: "boolean" } }, HELP);
  if (values.write) await write();
  const found = await differences();
  console.log(found.join("\n") || "the declarations are those that were kept");
  process.exit(found.length === 0 ? 0 : 1);
}
