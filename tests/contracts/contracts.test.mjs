// Every line of tests/CONTRACTS.md names a test that exists, every backend has its lines, and the check notices what it
// is there to notice.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../tools/paths.mjs";
import { faults, nodeTests, points, rustTests } from "./table.mjs";

const markdown = readFileSync(join(root, "tests", "CONTRACTS.md"), "utf8");
const SECTIONS = {
  agentcloud: "Agent Cloud",
  eliza: "elizaOS 1.x sessions",
  meibel: "Meibel",
};

test("every point names a test that exists, or says why there is none", () => {
  assert.deepEqual(faults(markdown, root), []);
});

test("every backend has its points", () => {
  const folders = readdirSync(join(root, "src", "backend"), { withFileTypes: true });
  const all = points(markdown);
  for (const { name } of folders.filter((entry) => entry.isDirectory())) {
    const section = SECTIONS[name];
    assert.ok(section, `src/backend/${name} has no section`);
    const own = all.filter((point) => point.section === section);
    assert.ok(own.length > 30, `"${section}" has ${own.length} points in tests/CONTRACTS.md`);
  }
});

describe("what is wrong is found", () => {
  const HEAD = "## One\n\n| point | test file | test |\n| --- | --- | --- |\n";
  const RUST = "| a | `bytes/src/time.rs` | `http_dates_are_read` |\n";
  const NODE =
    "| b | `tests/commands/exclusive.test.mjs` | `one waits until the other has finished` |\n";
  const found = (lines) => faults(`${HEAD}${lines}`, root);

  test("and nothing where nothing is wrong", () => {
    assert.deepEqual(found(RUST + NODE), []);
    assert.deepEqual(found("| c | – | not used: the client makes no such request |\n"), []);
    assert.deepEqual(
      found("| d (recorded: `sse-ok`) | `bytes/src/time.rs` | http_dates_are_read |\n"),
      [],
    );
    assert.deepEqual(found(`${RUST}\n## Two\n\n${RUST}`), []);
  });

  for (const [what, lines, says] of [
    ["a missing file", RUST.replace("time", "tide"), "there is no file"],
    ["a missing test", RUST.replace("dates", "date"), "has no test fn"],
    ["a function that is no test", RUST.replace("http_dates_are_read", "iso"), "has no test fn"],
    ["a part of a name", RUST.replace("_are_read", ""), "has no test fn"],
    ["a missing title", NODE.replace("one", "two"), "has no test"],
    ["a wrong group", NODE.replace("`one", "`group › one"), "has no test"],
    ["a title in another kind of file", NODE.replace(".test.mjs", ".rs"), "there is no file"],
    ["a file that holds no tests", "| b | tools/exclusive.mjs | x |\n", "is no file of tests"],
    ["a file outside", "| b | ../time.rs | x |\n", "outside"],
    ["no test", "| b | `bytes/src/time.rs` | |\n", "a point, a file and a test"],
    ["no reason", "| b | – | not used: |\n", "lies outside|there is no file"],
    ["a reason and a file", "| b | `bytes/src/time.rs` | not used: x |\n", "has no file"],
    ["a point that stands twice", RUST + NODE.replace("| b", "| A "), "already"],
    ["an unknown exchange", RUST.replace("a", "a (recorded: `nothing`)"), "no exchange nothing"],
  ]) {
    test(`${what} is a fault`, () => {
      const all = found(lines);
      assert.equal(all.length, 1, all.join("\n"));
      assert.match(all[0], new RegExp(says));
    });
  }

  test("a fault is told with its line", () => {
    assert.match(found(RUST + NODE.replace("one", "two"))[0], /^line 6: /);
  });

  test("only what is run counts as a test", () => {
    const rust =
      "// #[test]\n// fn a() {}\nfn b() {}\n#[test]\n#[ignore]\nfn c() {}\n#[test]\nfn d() {}\n";
    assert.deepEqual(rustTests(rust), ["d"]);
    const node = '// test("a"\ntest.skip("b", f);\ndescribe("g", () => {\n  test("c d", f);\n});\n';
    assert.deepEqual(nodeTests(node), [{ group: "g", title: "c d" }]);
  });
});
