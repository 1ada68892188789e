// For Node and Deno. In: a file with what to read and to open, as JSON. Out: what came of it, in the same file.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { openWithEventSource, readWithEventSource } from "./event-source.js";

const { streams, addresses } = JSON.parse(readFileSync(process.argv.at(-1), "utf8"));
const read = await readWithEventSource(streams);
const opened = await openWithEventSource(addresses);
// not through a pipe, which process.exit() would cut
writeFileSync(process.argv.at(-1), JSON.stringify({ read, opened }));
process.exit(0);
