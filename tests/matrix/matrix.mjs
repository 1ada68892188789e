// In: pkg/ as ./build left it. Out: whether the packed tarball works in every cell, and the table of that in README.md.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readArguments } from "../../tools/arguments.mjs";
import { packageFolder } from "../../tools/paths.mjs";
import { endOnSignals, seconds } from "../../tools/process.mjs";
import * as setup from "../../tools/setup.mjs";
import { cells } from "./cells.mjs";
import { examples } from "./examples.mjs";
import { ENTRIES, ground, tryCell } from "./run.mjs";
import { tableOf, writeTable } from "./table.mjs";

const all = [...cells, ...examples];

const HELP = `./matrix               the packed tarball in every runtime and through every bundler, on pkg/ as ./build left it
                       and the examples (about fifteen minutes)
./matrix --only a,b    only these cells
./matrix --cheap       only what ./check tries of them
./matrix --write       keep the table in README.md, if each of its cells holds
./matrix --list        the cells`;

const values = readArguments(
  {
    only: { type: "string" },
    cheap: { type: "boolean" },
    write: { type: "boolean" },
    list: { type: "boolean" },
  },
  HELP,
);

function selection() {
  const asked = values.only?.split(",") ?? all.map(({ name }) => name);
  const unknown = asked.find((name) => !all.some((cell) => cell.name === name));
  if (unknown) fail(`there is no cell ${unknown}; ./matrix --list names them`);
  if (values.write && (values.only || values.cheap)) fail("--write needs all cells");
  const chosen = all
    .filter(({ name }) => asked.includes(name))
    .map((cell) => [cell, values.cheap ? (cell.cheap ?? []) : (cell.entries ?? ENTRIES)])
    .filter(([, entries]) => entries.length > 0);
  if (chosen.length === 0) fail("none of these cells is cheap");
  return chosen;
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

async function matrix(chosen) {
  if (!existsSync(join(packageFolder, "package.json"))) fail("pkg/ is missing: run ./build first");
  await setup.npmPackages();
  await setup.browser();
  const stands = await ground();
  const failed = [];
  try {
    for (const [cell, entries] of chosen) {
      for (const { entry, error, time } of await tryCell(cell, entries, stands)) {
        const expected = cell.lacks?.includes(entry) ? " (says what to do)" : "";
        console.log(`${error ? "✗" : "✓"} ${cell.name}, ${entry}${expected} (${time})`);
        if (!error) continue;
        failed.push({ cell, entry });
        console.error(error.message.replace(/^/gm, "    "));
      }
    }
    const browser = (await stands.browser()).version();
    if (values.write && !failed.some(({ cell }) => cells.includes(cell)))
      await writeTable(await tableOf(cells), { browser });
  } finally {
    await stands.close();
  }
  return failed;
}

if (values.list) {
  for (const { name, title } of all) console.log(`${name.padEnd(16)} ${title}`);
} else {
  endOnSignals();
  const began = Date.now();
  const failed = await matrix(selection());
  if (failed.length > 0)
    console.error(
      `\nfailed: ${failed.map(({ cell, entry }) => `${cell.name}, ${entry}`).join("; ")}`,
    );
  else console.log(`\n${seconds(began)}: every cell holds`);
  process.exit(failed.length > 0 ? 1 : 0);
}
