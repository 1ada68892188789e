// Pages, their workers, and bundlers for them: the file lies beside the code and is fetched.

export async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered with the status ${response.status}`);
  // a server of a single-page app gives its page for whatever is not there
  if (response.headers.get("content-type")?.startsWith("text/html"))
    throw new Error(`${url} is a page`);
  // a server that does not know the type of the file refuses streaming, and nothing else is wrong
  const copy = response.clone();
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    return WebAssembly.compile(await copy.arrayBuffer());
  }
}
