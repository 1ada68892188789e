// What the package knows of a page, for tests without one: `document.visibilityState`, its event, and who listens.

export class Page extends EventTarget {
  visibilityState = "visible";
  listeners = 0;

  addEventListener(type, listener, options) {
    this.listeners += 1;
    options?.signal?.addEventListener("abort", () => {
      this.listeners -= 1;
    });
    super.addEventListener(type, listener, options);
  }

  turn(visibilityState) {
    this.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}
