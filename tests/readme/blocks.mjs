// In: Markdown. Out: its fenced code blocks, each with what a comment before it says (CONTRIBUTING.md has the
// convention), and the programs that the JavaScript and TypeScript ones make.

/** The address and the agent that the texts name; a test puts its own in their place. */
export const WRITTEN_URL = "http://127.0.0.1:3000";
export const WRITTEN_AGENT = "11111111-2222-4333-8444-555555555555";

const OPEN = /^(?<fence>`{3,}|~{3,})(?<language>[\w-]*)/;
const COMMENT = /^<!--\s*(?<word>with|check|other):\s*(?<rest>.*?)\s*-->$/;

/** `{ line, language, text, names, check, other }`: names that must be there, or the reason for not running it, or for not
 * even checking a program of somebody else's. */
export function codeBlocks(markdown) {
  const blocks = [];
  let block;
  let said = {};
  for (const [index, line] of markdown.split("\n").entries()) {
    if (block) {
      if (line.startsWith(block.fence)) block = undefined;
      else block.lines.push(line);
      continue;
    }
    const { fence, language } = line.match(OPEN)?.groups ?? {};
    const { word, rest } = line.match(COMMENT)?.groups ?? {};
    if (fence) {
      block = { fence, language, line: index + 1, lines: [], ...said };
      blocks.push(block);
      said = {};
    } else if (word === "with") {
      said = { ...said, names: rest.split(",").map((name) => name.trim()) };
    } else if (word !== undefined) {
      said = { ...said, [word]: rest };
    } else if (line.trim() !== "") {
      said = {};
    }
  }
  if (block) throw new Error(`the block that begins in line ${block.line} has no end`);
  return blocks.map(({ lines, names = [], check, other, language, line }) => {
    return { language, line, names, check, other, text: lines.join("\n") };
  });
}

const MAKERS = {
  baseUrl: () => `const baseUrl = process.env.ELIZA_URL;`,
  agentId: () => `const agentId = process.env.AGENT_ID;`,
  client: () =>
    `const client = await made.connect({ backend: "eliza", baseUrl: process.env.ELIZA_URL });`,
  session: () => `const session = await client.createSession({ agentId: process.env.AGENT_ID });`,
  meibel: () => `const sandbox = (await import("agentline/sandbox")).createSandbox({ seed: 1 });
const client = await made.connect(sandbox.connectOptions("meibel"));
const agentId = sandbox.agentId("meibel");`,
  sessionId: () => "const sessionId = session.id;",
  response: () => `const response = await fetch(
    \`\${process.env.ELIZA_URL}/api/messaging/sessions/\${session.id}/messages\`,
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content: "say hello", transport: "sse" }),
    },
  );`,
};
const GIVES = { meibel: ["client", "agentId"] };
const STANDS_ON = {
  session: ["client"],
  sessionId: ["client", "session"],
  response: ["client", "session"],
};

/** The block as a program that runs by itself. */
export function program({ text, names }, { url, agentId }) {
  const wanted = new Set(names.flatMap((name) => [...(STANDS_ON[name] ?? []), name]));
  const unknown = names.find((name) => !(name in MAKERS));
  if (unknown)
    throw new Error(`nothing makes "${unknown}"; there are ${Object.keys(MAKERS).join(", ")}`);
  const makers = Object.keys(MAKERS).filter((name) => wanted.has(name));
  const prologue = makers.map((name) => MAKERS[name]());
  // only what is named is there: a block may have a `client` of its own beside a given `sessionId`
  const given = names.flatMap((name) => GIVES[name] ?? [name]).join(", ");
  const head =
    wanted.size > 0
      ? [
          'import * as made from "agentline";',
          `const { ${given} } = await (async () => {`,
          ...prologue,
          `return { ${given} };`,
          "})();",
        ]
      : [];
  const body = text.replaceAll(WRITTEN_URL, url).replaceAll(WRITTEN_AGENT, agentId);
  return `${[...head, body].join("\n")}\n`;
}
