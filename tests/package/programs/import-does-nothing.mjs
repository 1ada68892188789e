// Watches what a module can do to the world, imports the entry that is named, and tells what was done; then connects, if
// the entry can, to show that the watch would have seen it.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const done = [];
function watch(object, name, label, matters = () => true) {
  const tell = (given) => {
    if (matters(given[0])) done.push(label);
  };
  object[name] = new Proxy(object[name], {
    apply(target, self, given) {
      tell(given);
      return Reflect.apply(target, self, given);
    },
    construct(target, given, made) {
      tell(given);
      return Reflect.construct(target, given, made);
    },
  });
}

for (const name of ["fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"])
  watch(globalThis, name, name);
// What a page has besides: even a look at it is told.
for (const name of [
  "window",
  "self",
  "document",
  "location",
  "navigator",
  "localStorage",
  "sessionStorage",
  "indexedDB",
  "XMLHttpRequest",
  "WebSocket",
  "EventSource",
  "Worker",
  "caches",
]) {
  const value = globalThis[name];
  const get = () => {
    done.push(name);
    return value;
  };
  Object.defineProperty(globalThis, name, { configurable: true, get });
}
for (const name of [
  "Module",
  "Instance",
  "Memory",
  "compile",
  "instantiate",
  "compileStreaming",
  "instantiateStreaming",
]) {
  watch(WebAssembly, name, `WebAssembly.${name}`);
}
// Node's own loader reads the package's scripts through the same functions.
const isModule = (path) => String(path).endsWith(".wasm");
for (const name of ["readFile", "readFileSync", "open", "openSync", "createReadStream"]) {
  watch(fs, name, `fs.${name}`, isModule);
}
for (const name of ["readFile", "open"]) watch(fs.promises, name, `fs.promises.${name}`, isModule);
syncBuiltinESMExports();

const names = new Set(Object.getOwnPropertyNames(globalThis));
const { connect } = await import(process.argv[2]);
const made = Object.getOwnPropertyNames(globalThis).filter((name) => !names.has(name));
console.log(JSON.stringify({ done: [...done], made }));
// The entry of a page asks for its file by a request, which Node refuses.
await connect?.({ backend: "eliza", baseUrl: "http://127.0.0.1:9" }).catch(() => {});
console.log(JSON.stringify({ done: [...new Set(done)] }));
