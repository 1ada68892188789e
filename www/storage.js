// In: names and JSON values. Out: the same values after a reload.
// A browser may refuse storage (private window, quota, policy): the page then works on without a memory.

const prefix = "agentline.";

export function recall(name, otherwise, area = "localStorage") {
  try {
    const text = window[area].getItem(prefix + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Says whether it could be kept. */
export function remember(name, value, area = "localStorage") {
  try {
    window[area].setItem(prefix + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(name, area = "localStorage") {
  try {
    window[area].removeItem(prefix + name);
  } catch {
    // What could not be kept need not be removed.
  }
}

/** The names that start with `start`, with the length of what each holds, in UTF-16 units. */
export function remembered(start) {
  try {
    return Object.keys(window.localStorage)
      .filter((key) => key.startsWith(prefix + start))
      .map((key) => ({
        name: key.slice(prefix.length),
        length: window.localStorage.getItem(key)?.length ?? 0,
      }));
  } catch {
    return [];
  }
}
