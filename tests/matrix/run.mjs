// In: cells, and the entries to try in each. Out: for each of them whether it holds, and what stood in its way; the tools'
// versions that it was tried with.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { seconds } from "../../tools/process.mjs";
import { startSandbox } from "../demo/sandbox.mjs";
import { openChromium } from "../package/chromium.mjs";
import { assertAdvised, assertHeld } from "./judge.mjs";
import { placeOf } from "./place.mjs";
import { cleanProject } from "./project.mjs";

export const ENTRIES = ["agentline", "agentline/inline"];

/** What the cells stand on: a server with a scripted agent, and a browser as soon as one is wanted. Close it afterwards. */
export async function ground() {
  const { url, agentIds, stop } = await startSandbox();
  let opened;
  return {
    server: { url, agentId: agentIds.eliza },
    browser: () => (opened ??= openChromium()),
    async close() {
      await (await opened)?.close();
      await stop();
    },
  };
}

/** Tries the entries in a new project of the cell; each gives `{ cell, entry, error?, time }`. */
export async function tryCell(cell, entries, { server, browser }) {
  const outcomes = [];
  let began = Date.now();
  const outcome = (entry, error) => {
    outcomes.push({ cell, entry, error, time: seconds(began) });
    began = Date.now();
  };
  let project;
  try {
    project = await cleanProject(cell);
  } catch (error) {
    for (const entry of entries)
      outcome(entry, new Error(`${error.message}\n${error.output ?? ""}`));
    return outcomes;
  }
  try {
    const place = placeOf({ folder: project.folder, server, browser });
    for (const entry of entries) {
      await project.use(cell.specifiers?.[entry] ?? entry);
      outcome(entry, await failureOf(cell, entry, place));
    }
  } finally {
    await project.remove();
  }
  return outcomes;
}

async function failureOf(cell, entry, place) {
  const works = !cell.lacks?.includes(entry);
  try {
    let told;
    try {
      told = await cell.run(place);
    } catch (error) {
      // A program that cannot work ends with its error.
      if (works) throw error;
      told = error.message;
    }
    const several = typeof told === "string" ? { [cell.name]: told } : told;
    for (const [name, text] of Object.entries(several)) {
      judge(name, text, works ? (cell.judge ?? assertHeld) : assertAdvised);
    }
  } catch (error) {
    return error;
  }
}

function judge(name, text, assertRight) {
  try {
    assertRight(text);
  } catch (error) {
    throw new Error(`${name}: ${error.message}`, { cause: error });
  }
}

/** The tools of a cell, with the versions that its package.json pins. */
export async function toolsOf({ folder }) {
  const file = resolve(import.meta.dirname, "cells", folder, "package.json");
  const { dependencies = {} } = JSON.parse(await readFile(file, "utf8"));
  return Object.entries(dependencies);
}
