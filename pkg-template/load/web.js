// Pages, their workers, and bundlers for them: the file lies beside the code and is fetched.

export async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered with the status ${response.status}`);
  const type = response.headers.get("content-type") ?? "";
  // a server of a single-page app gives its page for whatever is not there
  if (type.startsWith("text/html")) throw new Error(`${url} is a page`);
  // Only a server that knows the type of the file may stream it. What comes as it is, and is no copy, is compiled as it
  // arrives, and the browser keeps what it compiled.
  if (type === "application/wasm") return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}
