// The same as "agentline", with the WebAssembly in the code.

export * from "./index.js";
