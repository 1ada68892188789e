// In: what an entry holds beside its text. Out: elements for it: what the agent thought and did on its way above the
// text, what the answer rests on below, the files of a question. Everything long is folded, and filled when it is opened.

import { element, icon } from "./dom.js";
import { sizeOf } from "./files.js";

/**
 * What the agent did on its way, kept up to date without touching what stays: who has opened a part keeps it open.
 */
export class PartsView {
  node = element("ul", { class: "parts", "aria-label": "On the way to the answer", hidden: true });
  #steps = { kind: "steps", lines: [] };
  #views = new Map(); // part -> { row, update }

  /** `live`: the answer is still coming. */
  show(all, live) {
    const parts = live ? all : this.#past(all);
    this.node.hidden = parts.length === 0;
    for (const [part, { row }] of this.#views) {
      if (parts.includes(part)) continue;
      row.remove();
      this.#views.delete(part);
    }
    parts.forEach((part, index) => {
      let view = this.#views.get(part);
      if (!view) this.#views.set(part, (view = viewOf(part)));
      if (this.node.children[index] !== view.row)
        this.node.insertBefore(view.row, this.node.children[index] ?? null);
      view.update(live && index === parts.length - 1);
    });
  }

  /** What an agent was doing is said while it does it; afterwards it is folded into one. */
  #past(parts) {
    this.#steps.lines = parts.filter((part) => part.kind === "status").map((part) => part.text);
    const first = parts.findIndex((part) => part.kind === "status");
    return parts.flatMap((part, index) => {
      if (part.kind !== "status") return [part];
      return index === first ? [this.#steps] : [];
    });
  }
}

function viewOf(part) {
  const make = { thinking, status, steps, tool }[part.kind] ?? other;
  return make(part);
}

function status(part) {
  const row = element(
    "li",
    { class: "part status-part" },
    icon("step"),
    element("span", { text: part.text }),
  );
  return { row, update: (live) => row.toggleAttribute("data-live", live) };
}

function steps(part) {
  const name = element("span");
  const { node, refill } = folded([icon("step"), name], () => [
    element("ul", { class: "steps" }, ...part.lines.map((text) => element("li", { text }))),
  ]);
  const update = () => {
    name.textContent = part.lines.length === 1 ? "1 step" : `${part.lines.length} steps`;
    refill();
  };
  return { row: element("li", { class: "part" }, node), update };
}

function thinking(part) {
  const body = element("div", { class: "part-text", dir: "auto" });
  const name = element("span", { text: "Thinking" });
  const { node, refill } = folded([icon("thought"), name], () => {
    body.textContent = part.text;
    return [body];
  });
  const update = (live) => {
    node.toggleAttribute("data-live", live);
    name.textContent = live ? "Thinking" : "What the agent thought";
    refill();
  };
  return { row: element("li", { class: "part" }, node), update };
}

function tool(part) {
  const name = element("code");
  const state = element("span", { class: "part-state" });
  const { node, refill } = folded([icon("tool"), name, state], () => [
    ...json("Arguments", part.arguments),
    ...(part.results.length === 0
      ? [element("p", { class: "part-none", text: "No result came." })]
      : part.results.flatMap((result, index) =>
          json(part.results.length > 1 ? `Result ${index + 1}` : "Result", result),
        )),
  ]);
  const update = (live) => {
    const waiting = live && part.results.length === 0;
    node.toggleAttribute("data-live", waiting);
    name.textContent = part.name ?? "A tool";
    state.textContent = waiting ? "running" : part.results.length > 0 ? "done" : "no result";
    refill();
  };
  return { row: element("li", { class: "part" }, node), update };
}

function other(part) {
  const title = part.event ? `Event “${part.event}”` : "Not known to this page";
  const { node } = folded([icon("event"), element("span", { text: title })], () =>
    json("What came", part.data),
  );
  return { row: element("li", { class: "part" }, node), update: () => {} };
}

/** Something folded; `fill` gives its inside when it is opened, and again by `refill` while it is open. */
function folded(title, fill) {
  const inside = element("div", { class: "part-inside" });
  const node = element(
    "details",
    { class: "fold" },
    element("summary", {}, ...title, icon("chevron")),
    inside,
  );
  const refill = () => {
    if (node.open) inside.replaceChildren(...fill());
  };
  node.addEventListener("toggle", refill);
  return { node, refill };
}

function json(title, value) {
  if (value === undefined) return [];
  const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
  return [
    element("p", { class: "part-title", text: title }),
    // What scrolls must be reachable by keyboard.
    element("pre", { class: "json", tabindex: 0, role: "group", "aria-label": title, text }),
  ];
}

/** What an answer rests on: a numbered list, and the places in the text that refer to it. */
export function sourcesElement({ sources = [], citations = [] }) {
  if (sources.length === 0 && citations.length === 0) return undefined;
  const list = sources.map((source) =>
    element(
      "li",
      {},
      sourceTitle(source),
      Number.isFinite(source.score) &&
        element("span", { class: "score", text: `relevance ${source.score.toLocaleString()}` }),
      source.snippet && element("p", { class: "snippet", dir: "auto", text: source.snippet }),
    ),
  );
  const count = `${citations.length} ${citations.length === 1 ? "citation" : "citations"}`;
  return element(
    "section",
    { class: "sources", "aria-label": "Sources" },
    list.length > 0 && element("h3", { text: "Sources" }),
    list.length > 0 && element("ol", {}, ...list),
    citations.length > 0 &&
      folded([icon("quote"), element("span", { text: count })], () => json("Citations", citations))
        .node,
  );
}

function sourceTitle({ title, url, id }) {
  const text = title || url || id || "Untitled source";
  if (!isWebAddress(url)) return element("span", { class: "source-title", text });
  return element("a", {
    class: "source-title",
    href: url,
    target: "_blank",
    rel: "noopener noreferrer",
    text,
  });
}

/** Anything else (javascript:, data:, a path of nobody knows where) is text and no link. */
function isWebAddress(url) {
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

/** The files of a question: those that went with it, or the names of those that were lost with the page. */
export function filesElement({ files = [], lostFiles = [] }) {
  if (files.length === 0 && lostFiles.length === 0) return undefined;
  const row = (name, size) =>
    element(
      "li",
      {},
      icon("file"),
      element("span", { class: "file-name", text: name }),
      element("span", { class: "file-size", text: size }),
    );
  return element(
    "ul",
    { class: "files", "aria-label": "Files" },
    ...files.map((file) => row(file.name, sizeOf(file.size))),
    ...lostFiles.map((name) => row(name, "attach it again")),
  );
}
