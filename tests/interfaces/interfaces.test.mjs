// A conversation in the libraries that show it, as they are: React, Svelte and Solid.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { root } from "../../tools/paths.mjs";
import { npmPackages } from "../../tools/setup.mjs";
import { packedModule } from "../package/pack.mjs";
import { codeBlocks } from "../readme/blocks.mjs";

let connect;
let createConversation;
let createSandbox;
before(async () => {
  await npmPackages(import.meta.dirname, { label: "npm ci (user interfaces)" });
  ({ connect, createConversation } = await packedModule());
  ({ createSandbox } = await packedModule("agentline/sandbox"));
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
});
after(() => delete globalThis.IS_REACT_ACT_ENVIRONMENT);

const open = [];
afterEach(() => {
  for (const conversation of open.splice(0)) conversation.close();
});

async function begin() {
  const sandbox = createSandbox({ seed: 1 });
  const client = await connect(sandbox.connectOptions("meibel"));
  const create = { agentId: sandbox.agentId("meibel") };
  const conversation = createConversation(client, null, { create });
  open.push(conversation);
  return conversation;
}

const idle = async (conversation) => {
  while (conversation.getSnapshot().state !== "idle")
    await new Promise((resolve) => setTimeout(resolve, 5));
};
const wanted = ["say one", "one", "stream 6 30 two three four five", "two three four five"];

test("React shows it by useSyncExternalStore, and renders only the messages that changed", async (t) => {
  // its advice to use another renderer, which needs a browser
  t.mock.method(console, "error", () => {});
  const { createElement, memo, StrictMode, useSyncExternalStore } = await import("react");
  const { default: renderer, act } = await import("react-test-renderer");
  const conversation = await begin();
  const { subscribe, getSnapshot, getServerSnapshot, send } = conversation;
  const renders = new Map();
  const Message = memo(({ message }) => {
    renders.set(message.key, (renders.get(message.key) ?? 0) + 1);
    return createElement("p", null, message.text);
  });
  const Chat = () => {
    const { messages } = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
    return messages.map((message) => createElement(Message, { key: message.key, message }));
  };
  let shown;
  await act(async () => {
    shown = renderer.create(createElement(StrictMode, null, createElement(Chat)));
  });
  await act(() => send("say one"));
  await act(() => idle(conversation));
  const before = new Map(renders);
  await act(() => send("stream 6 30 two three four five"));
  await act(() => idle(conversation));
  const texts = shown.root.findAllByType("p").map(({ children }) => children.join(""));
  assert.deepEqual(texts, wanted);
  const { messages } = getSnapshot();
  for (const { key } of messages.slice(0, 2)) assert.equal(renders.get(key), before.get(key));
  assert.ok(renders.get(messages[3].key) > 4, "the answer was rendered while it grew");
  await act(async () => shown.unmount());
});

test("React renders it on a server", async () => {
  const { createElement, useSyncExternalStore } = await import("react");
  const { renderToString } = await import("react-dom/server");
  const { subscribe, getSnapshot, getServerSnapshot } = await begin();
  const Chat = () => {
    const { state, messages } = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
    return createElement("p", null, `${state} ${messages.length}`);
  };
  assert.equal(renderToString(createElement(Chat)), "<p>idle 0</p>");
});

/** The program of README.md in this language. */
function shownBlock(language) {
  const blocks = codeBlocks(readFileSync(join(root, "README.md"), "utf8"));
  return blocks.find((block) => block.language === language).text;
}

/** A module of `code` beside what is installed here, for what it imports. */
async function module(name, code) {
  const folder = join(import.meta.dirname, "node_modules", ".blocks");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), code);
  return await import(pathToFileURL(join(folder, name)).href);
}

test("the component that README.md shows for React sends and shows", async (t) => {
  t.mock.method(console, "error", () => {});
  const { createElement } = await import("react");
  const { default: renderer, act } = await import("react-test-renderer");
  const options = { loader: "tsx", jsx: "automatic", format: "esm" };
  const { code } = await transform(shownBlock("tsx"), options);
  const { Chat } = await module("react.mjs", code);
  const conversation = await begin();
  let shown;
  await act(async () => {
    shown = renderer.create(createElement(Chat, { conversation }));
  });
  await act(async () => shown.root.findByType("button").props.onClick());
  await act(() => idle(conversation));
  const texts = shown.root.findAllByType("p").map(({ children }) => children.join(""));
  assert.deepEqual(texts, ["say hello", "hello"]);
  await act(async () => shown.unmount());
});

test("Svelte takes it for a store: $conversation, get and derived", async () => {
  const { derived, get } = await import("svelte/store");
  const { compile } = await import("svelte/compiler");
  const { render } = await import("svelte/server");
  const conversation = await begin();
  assert.equal(get(conversation), conversation.getSnapshot());
  const texts = derived(conversation, ({ messages }) => messages.map(({ text }) => text));
  const seen = [];
  const leave = texts.subscribe((value) => seen.push(value));
  for (const text of [wanted[0], wanted[2]]) await conversation.send(text);
  await idle(conversation);
  assert.deepEqual(get(texts), wanted);
  assert.ok(seen.length > 6);
  leave();
  // the component that README.md shows
  const { js } = compile(shownBlock("svelte"), { generate: "server", name: "Chat" });
  const { default: Chat } = await module("svelte.mjs", js.code);
  const { body } = render(Chat, { props: { conversation } });
  assert.deepEqual(body.match(/(?<=<p[^>]*>)[^<]*/g), wanted);
});

test("Solid takes it for an observable: from(conversation)", async () => {
  // what Node gets by its name renders on a server, where nothing changes
  const file = join(import.meta.dirname, "node_modules", "solid-js", "dist", "solid.js");
  const { createEffect, createRoot, from } = await import(pathToFileURL(file).href);
  const conversation = await begin();
  const seen = [];
  const dispose = createRoot((end) => {
    const snapshot = from(conversation);
    createEffect(() => seen.push(snapshot()));
    return end;
  });
  for (const text of [wanted[0], wanted[2]]) await conversation.send(text);
  await idle(conversation);
  assert.deepEqual(
    seen.at(-1).messages.map(({ text }) => text),
    wanted,
  );
  assert.equal(new Set(seen).size, seen.length);
  dispose();
  const count = seen.length;
  await conversation.send("say more");
  await idle(conversation);
  assert.equal(seen.length, count, "who left hears nothing");
});
