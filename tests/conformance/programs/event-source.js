// Runs where there is an EventSource. In: addresses of streams and of answers. Out: what the platform makes of each.

const AT_ONCE = 5;
const LONGEST = 10_000;

/** @param {{ url: string, types: string[], connections: number }[]} streams `connections` before it is over */
export const readWithEventSource = (streams) => some(streams, read);
/** @param {string[]} addresses */
export const openWithEventSource = (addresses) => some(addresses, open);

async function some(all, work) {
  const outcomes = [];
  let next = 0;
  const worker = async () => {
    while (next < all.length) {
      const at = next++;
      outcomes[at] = await work(all[at]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

function read({ url, types, connections }) {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    const events = [];
    let left = connections;
    const finish = (error) => {
      clearTimeout(limit);
      source.close();
      resolve({ events, error });
    };
    const limit = setTimeout(finish, LONGEST, "it takes too long");
    // an event of the platform's own has no data
    const take = ({ type, data, lastEventId }) =>
      typeof data === "string" && events.push({ event: type, data, id: lastEventId });
    for (const type of new Set([...types, "message"])) {
      if (type !== "error") source.addEventListener(type, take);
    }
    source.addEventListener("error", (event) => {
      if (!take(event) && --left === 0) finish();
    });
  });
}

function open(url) {
  return new Promise((resolve) => {
    const source = new EventSource(url);
    let opened = false;
    const finish = (outcome) => {
      clearTimeout(limit);
      source.close();
      resolve(outcome);
    };
    const limit = setTimeout(() => finish(opened ? "open" : "nothing"), 1_000);
    source.addEventListener("open", () => (opened = true));
    source.addEventListener("error", () => {
      const closed = source.readyState === 2;
      finish(`${opened ? "open-then-" : ""}${closed ? "fail" : "reconnect"}`);
    });
  });
}
