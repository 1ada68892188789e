// In: the cells. Out: the table of README.md, and README.md with it.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/paths.mjs";
import { ENTRIES, toolsOf } from "./run.mjs";

const FILE = join(root, "README.md");
const MARKED = /(?<=<!-- matrix: written by \.\/matrix --write -->\n\n).*?(?=\n<!-- \/matrix -->)/s;

/** A row for each cell: the versions that it pins, and what each entry does there. */
export async function tableOf(cells) {
  const rows = [
    ["where", "tools", ...ENTRIES.map((entry) => `\`${entry}\``)],
    ["---", "---", ...ENTRIES.map(() => "---")],
  ];
  for (const cell of cells) {
    const works = ENTRIES.map((entry) => (cell.lacks?.includes(entry) ? "says what to do" : "yes"));
    rows.push([cell.title, await versions(cell), ...works]);
  }
  return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

async function versions(cell) {
  const tools = await toolsOf(cell);
  return tools.map(([name, version]) => `${name} ${version}`).join(", ") || "–";
}

/** The table as README.md has it now. */
export async function writtenTable() {
  const found = (await readFile(FILE, "utf8")).match(MARKED);
  if (!found) throw new Error("README.md has no place for the table of ./matrix");
  return found[0];
}

/** `browser` is the version of Chromium that was tried. */
export async function writeTable(table, { browser }) {
  const by = `All of it with Node ${process.versions.node} and Chromium ${browser}.`;
  const text = await readFile(FILE, "utf8");
  if (!MARKED.test(text)) throw new Error("README.md has no place for the table of ./matrix");
  await writeFile(
    FILE,
    text.replace(MARKED, () => `${table}\n${by}\n`),
  );
}
