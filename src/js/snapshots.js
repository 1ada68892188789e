// In: what makes a snapshot. Out: the snapshot for everybody who listens, at most once a frame, frozen, and the same object
// while nothing in it is another one. What it holds is its maker's.

import { reportUncaught } from "./error.js";

const FRAME = 16;
/** A page that was hidden meanwhile has no frames. */
const LATE_FRAME = 100;

export class Snapshots {
  current;
  #make;
  #published;
  #listeners = new Set();
  /** what takes the next publication back */
  #waiting;

  /**
   * @param {() => object} make
   * @param {() => void} published after everybody heard of a snapshot
   */
  constructor(make, published) {
    this.#make = make;
    this.#published = published;
  }

  /** Whether somebody listens. */
  get watched() {
    return this.#listeners.size > 0;
  }

  /** Takes a listener; how to let it go says whether it was there. */
  add(listener) {
    // one function may listen twice
    const entry = { listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Something changed: publishes with the next frame. */
  changed() {
    if (this.#waiting) return;
    const visible = globalThis.document?.visibilityState !== "hidden";
    const frames = visible && globalThis.requestAnimationFrame !== undefined;
    const publish = () => {
      this.#waiting();
      this.make();
      for (const { listener } of [...this.#listeners]) tell(listener, this.current);
      this.#published();
    };
    const frame = frames ? requestAnimationFrame(publish) : undefined;
    const timer = setTimeout(publish, frames ? LATE_FRAME : FRAME);
    this.#waiting = () => {
      this.#waiting = undefined;
      clearTimeout(timer);
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }

  /** Makes the snapshot now, and tells nobody. */
  make() {
    const before = this.current;
    const snapshot = this.#make();
    const names = Object.keys(snapshot);
    const same =
      before !== undefined &&
      names.length === Object.keys(before).length &&
      names.every((name) => snapshot[name] === before[name]);
    if (!same) this.current = Object.freeze(snapshot);
  }

  /** Nobody hears any more. */
  close() {
    this.#listeners.clear();
    this.#waiting?.();
  }
}

/** `list`, frozen, or the one before it where they hold the same. */
export function unchanged(before, list) {
  const same = before?.length === list.length && list.every((one, at) => one === before[at]);
  return same ? before : Object.freeze(list);
}

/** Tells a listener. What it throws does not keep the others from hearing. */
export function tell(listener, snapshot) {
  try {
    listener(snapshot);
  } catch (error) {
    reportUncaught(error);
  }
}
