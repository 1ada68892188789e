// In: a scroller and the list inside it. Out: a reading position that stays where it is, whatever happens above
// or below it: older messages put in above, texts that wrap anew, an answer that grows. It knows nothing of messages.
//
// The browser's own scroll anchoring is off (see transcript.css): Safari has none, so there is one way for all.
// Two rules: who reads the end stays at the end; who reads elsewhere keeps the first visible row at its place.

const nearEnd = 24; // px; closer than this counts as the end

export class ScrollKeeper {
  #scroller;
  #list;
  #following = true;
  #anchor = undefined; // { row, top }: the first visible row, and how far below the scroller's edge it starts
  #lastTop = 0;
  #changed;

  constructor(scroller, list, changed) {
    this.#scroller = scroller;
    this.#list = list;
    this.#changed = changed;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Called after layout and before painting, so that a change of height is mended before anyone sees it.
    const sizes = new ResizeObserver(() => this.restore());
    sizes.observe(scroller);
    sizes.observe(list);
  }

  get following() {
    return this.#following;
  }

  toEnd() {
    this.#following = true;
    this.restore();
  }

  toStart() {
    this.#following = false;
    this.#anchor = undefined;
    this.#scroller.scrollTop = 0;
  }

  /** Mends the position after a change of the content. */
  restore() {
    if (this.#following) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
    } else if (this.#anchor?.row.isConnected) {
      const moved = this.#topOf(this.#anchor.row) - this.#anchor.top;
      if (Math.abs(moved) > 0.5) this.#scroller.scrollTop += moved;
    }
    this.#lastTop = this.#scroller.scrollTop;
    this.#remember();
    this.#changed();
  }

  #scrolled() {
    const top = this.#scroller.scrollTop;
    const toEnd = this.#scroller.scrollHeight - this.#scroller.clientHeight - top;
    // Only a move upwards by the reader ends following: growth below moves nothing.
    if (toEnd <= nearEnd && top >= this.#lastTop) this.#following = true;
    else if (top < this.#lastTop && toEnd > 1) this.#following = false;
    this.#lastTop = top;
    this.#remember();
    this.#changed();
  }

  #remember() {
    const row = this.#firstVisibleRow();
    this.#anchor = row && { row, top: this.#topOf(row) };
  }

  #topOf(row) {
    return row.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
  }

  /** By halving: the rows lie in order, and there may be thousands. */
  #firstVisibleRow() {
    const rows = this.#list.children;
    const edge = this.#scroller.getBoundingClientRect().top;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom > edge) high = middle;
      else low = middle + 1;
    }
    // The name of a day may go when older messages of that day come; a message stays.
    while (rows[low] && !rows[low].matches("article")) low += 1;
    return rows[low];
  }
}
