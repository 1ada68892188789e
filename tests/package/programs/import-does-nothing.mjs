// Watches what a module can do to the world, imports the package, and tells what was done; then connects, to show that
// the watch would have seen it.
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

for (const name of ["fetch", "setTimeout", "setInterval", "setImmediate"])
  watch(globalThis, name, name);
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
const { connect } = await import("agentline");
const made = Object.getOwnPropertyNames(globalThis).filter((name) => !names.has(name));
console.log(JSON.stringify({ done: [...done], made }));
await connect({ backend: "eliza", baseUrl: "http://127.0.0.1:9" });
console.log(JSON.stringify({ done: [...new Set(done)] }));
