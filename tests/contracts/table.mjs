// In: the text of tests/CONTRACTS.md and the root of the checkout. Out: what is wrong with its lines: a test that is not
// there, a line without one, a point that stands twice. Whether a test proves its point is for whoever reads it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";

const NOT_USED = /^not used: \S/;
const SEPARATOR = /^\|(?: *:?-+:? *\|)+$/;
const GROUP = " › ";

/** The points of the table: `{ line, section, cells }`, `section` being the `##` heading above. */
export function points(markdown) {
  let section = "";
  const found = [];
  const lines = markdown.split("\n");
  for (const [index, text] of lines.entries()) {
    if (text.startsWith("## ")) section = text.slice(3).trim();
    const isHead = SEPARATOR.test((lines[index + 1] ?? "").trim());
    if (!text.startsWith("|") || isHead || SEPARATOR.test(text.trim())) continue;
    const cells = text
      .trim()
      .slice(1, -1)
      .split(/(?<!\\)\|/);
    found.push({ line: index + 1, section, cells: cells.map((cell) => cell.trim()) });
  }
  return found;
}

/** What is wrong, a sentence each; nothing where every line holds. */
export function faults(markdown, root) {
  const seen = new Map();
  const recorded = new Set(recordedNames(join(root, "tests", "fixtures")));
  return points(markdown).flatMap(({ line, section, cells }) => {
    const says = (what) => `line ${line}: ${what}`;
    if (cells.length !== 3 || cells.some((cell) => cell === "")) {
      return [says("a line has a point, a file and a test")];
    }
    const [point, file, name] = cells;
    const wrong = [];
    const key = `${section}\n${plain(point)}`;
    if (seen.has(key)) wrong.push(says(`the point stands in line ${seen.get(key)} already`));
    seen.set(key, line);
    for (const exchange of exchangesOf(point)) {
      if (!recorded.has(exchange)) wrong.push(says(`no exchange ${exchange} was recorded`));
    }
    const fault = NOT_USED.test(name) ? notUsed(file) : faultOfTest(root, bare(file), bare(name));
    return fault === undefined ? wrong : [...wrong, says(fault)];
  });
}

const notUsed = (file) => (file === "–" ? undefined : "what is not used has no file, but –");

function faultOfTest(root, file, name) {
  const path = normalize(join(root, file));
  if (!path.startsWith(join(root, "/"))) return `${file} lies outside of the repository`;
  if (!existsSync(path)) return `there is no file ${file}`;
  const source = readFileSync(path, "utf8");
  if (file.endsWith(".rs")) {
    return rustTests(source).includes(name) ? undefined : `${file} has no test fn ${name}`;
  }
  if (!file.endsWith(".test.mjs")) return `${file} is no file of tests`;
  const titles = nodeTests(source);
  const grouped = name.includes(GROUP);
  const fits = titles.filter(({ group, title }) =>
    grouped ? `${group}${GROUP}${title}` === name : title === name,
  );
  if (fits.length === 0) return `${file} has no test "${name}"`;
  return fits.length > 1 ? `${file} has "${name}" more than once: name its group` : undefined;
}

/** Names of the functions that Rust runs as tests. */
export function rustTests(source) {
  const attribute =
    /^[ \t]*#\[(?:wasm_bindgen_test|(?:tokio::)?test)\b[^\n]*\]\s*((?:#\[[^\n]*\]\s*)*)/gm;
  const named = [];
  for (const match of source.matchAll(attribute)) {
    const rest = source.slice(match.index + match[0].length);
    const [, name] = /^(?:pub )?(?:async )?fn (\w+)/.exec(rest) ?? [];
    if (name && !match[1].includes("#[ignore")) named.push(name);
  }
  return named;
}

/** The tests of a Node file, each with the title of the `describe` before it: tests do not stand behind their group. */
export function nodeTests(source) {
  const call = /^[ \t]*(describe|test|it)\(\s*(["'`])((?:\\.|(?!\2).)*)\2/gm;
  const tests = [];
  let group = "";
  for (const [, kind, , title] of source.matchAll(call)) {
    if (kind === "describe") group = title;
    else tests.push({ group, title });
  }
  return tests;
}

const plain = (point) => point.toLowerCase().replace(/\s+/g, " ");

/** A cell without the backticks around it. */
function bare(cell) {
  const [, , inside] = /^(`+)(.*)\1$/.exec(cell) ?? [undefined, undefined, cell];
  return inside.trim();
}

function exchangesOf(point) {
  const [, names] = /\(recorded: ([^)]*)\)/.exec(point) ?? [];
  return names === undefined ? [] : names.split(",").map((name) => bare(name.trim()));
}

function* recordedNames(fixtures) {
  for (const file of readdirSync(fixtures, { recursive: true })) {
    if (!file.endsWith(".jsonl")) continue;
    const lines = readFileSync(join(fixtures, file), "utf8").split("\n").filter(Boolean);
    for (const line of lines) {
      const { name, id } = JSON.parse(line);
      yield name ?? id;
    }
  }
}
