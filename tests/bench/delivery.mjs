// In: a body, and what makes events of a chunk. Out: those events, in the ways in which programs ask for them. Every
// participant that brings no loop of its own is driven by one of these.

/** A plain loop: what is made of a chunk is used where it is made. */
export async function readerLoop(body, feed) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    feed(value);
  }
}

/** For `for await`, as cheaply as a hand-written iterator can: `feed(chunk, put)` is called once a chunk. */
export function handWritten(body, feed) {
  const reader = body.getReader();
  let waiting = [];
  let place = 0;
  let over = false;
  const put = (event) => waiting.push(event);
  async function more() {
    for (;;) {
      waiting = [];
      place = 0;
      const { done, value } = over ? { done: true } : await reader.read();
      if (done) {
        over = true;
        return { value: undefined, done: true };
      }
      feed(value, put);
      if (waiting.length > 0) return { value: waiting[place++], done: false };
    }
  }
  return {
    next: () =>
      place < waiting.length ? Promise.resolve({ value: waiting[place++], done: false }) : more(),
    async return(value) {
      over = true;
      waiting = [];
      await reader.cancel();
      return { value, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** For `for await`, as an async generator. */
export async function* generated(body, feed) {
  const reader = body.getReader();
  let waiting = [];
  const put = (event) => waiting.push(event);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    feed(value, put);
    yield* waiting;
    waiting = [];
  }
}

/**
 * The work that is left without a reader: the chunk is decoded, and every event's data is cut out at the place that is
 * known beforehand. `make` is given the name and the data.
 */
export function cutAtKnownPlaces({ ends, starts, stops, across, names }, make) {
  const decoder = new TextDecoder();
  let chunk = 0;
  let event = 0;
  return (bytes, put) => {
    const text = decoder.decode(bytes, { stream: true });
    for (const end = event + ends[chunk++]; event < end; event++) {
      const data = across.get(event) ?? text.slice(starts[event], stops[event]);
      put(make({ event: names[event], data }));
    }
  };
}

/**
 * The work that is left to a reader in WebAssembly, but for its own: the chunk is copied, what is handed out of its events
 * lies there as one text, which is decoded and cut. `make` is given the name and the piece.
 */
export function copiedAndCut({ ends, names, texts, sizes }, make) {
  const decoder = new TextDecoder();
  const memory = new Uint8Array(1 << 20);
  let chunk = 0;
  let event = 0;
  return (bytes, put) => {
    memory.set(bytes);
    const text = decoder.decode(texts[chunk]);
    let at = 0;
    for (const end = event + ends[chunk++]; event < end; event++) {
      const data = text.substring(at, at + sizes[event]);
      at += data.length;
      put(make({ event: names[event], data }));
    }
  };
}
