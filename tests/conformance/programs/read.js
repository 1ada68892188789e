// Runs in any runtime. In: the package and cases of the corpus. Out: what it makes of each, as JSON can hold it.

/** @param {typeof import("agentline").readEvents} readEvents */
export async function readCorpus(readEvents, cases) {
  const outcomes = [];
  for (const one of cases) {
    outcomes.push({
      plain: await outcome(readEvents, one, { onComment: true }),
      flushed: await outcome(readEvents, one, { dispatchUnfinished: true }),
    });
  }
  return outcomes;
}

async function outcome(readEvents, { chunks, initialLastEventId }, { onComment, ...options }) {
  const comments = [];
  if (initialLastEventId !== undefined) options.lastEventId = initialLastEventId;
  if (onComment) options.onComment = (text) => comments.push(text);
  const stream = readEvents(bodyOf(chunks), options);
  const events = [];
  let error;
  try {
    for await (const { event, data, id } of stream) events.push({ event, data, id });
  } catch (thrown) {
    error = String(thrown);
  }
  const { lastEventId, retry } = stream;
  return { events, comments, lastEventId, retry, error };
}

function bodyOf(chunks) {
  let at = 0;
  const pull = (controller) => {
    if (at === chunks.length) return controller.close();
    const text = atob(chunks[at++]);
    controller.enqueue(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  };
  return new ReadableStream({ pull }, { highWaterMark: 0 });
}

/**
 * Opens each address and says what came of it. Where a connection stays open, the first event is enough.
 * @param {typeof import("agentline").openEvents} openEvents
 */
export async function openAll(openEvents, addresses) {
  return await Promise.all(
    addresses.map(async ({ url, stays, reconnect }) => {
      const events = [];
      try {
        for await (const { data } of openEvents(url, { reconnect })) {
          events.push(data);
          if (stays) break;
        }
      } catch (error) {
        return { events, error: { kind: error.kind, status: error.status, message: `${error}` } };
      }
      return { events };
    }),
  );
}
