// In: a connection. Out: how it stands, in the head; and where something is wrong, a banner that says what and what to do.

import { isComplete } from "./backends.js";
import { countDown } from "./countdown.js";
import { announce, element, icon, required } from "./dom.js";

const standings = {
  closed: "Not connected",
  connecting: "Connecting",
  idle: "Connected",
  streaming: "Answering",
  offline: "Offline",
  error: "Problem",
};

export class StandingView {
  #pill = required("standing");
  #name = required("standing-name");
  #banner = required("banner");
  #where = required("where");
  #before = "closed";
  #stopCounting = () => {};

  /** `retry` and `settings` are what the banner's buttons do. */
  show(connection, { retry, settings }) {
    const { state, problem, host } = connection;
    this.#pill.dataset.state = state;
    this.#pill.title = problem?.title ?? `${connection.backend.label} at ${host}`;
    this.#name.textContent = standings[state];
    this.#where.textContent = isComplete(connection.settings) ? host : "No server chosen";
    this.#stopCounting();
    this.#banner.hidden = !problem;
    this.#banner.dataset.state = state;
    this.#banner.replaceChildren(...(problem ? this.#content(problem, retry, settings) : []));
    if (problem && state !== this.#before) announce(wordsOf(problem));
    this.#before = state;
  }

  #content(problem, retry, settings) {
    const button = (text, click) =>
      element("button", { type: "button", class: "quiet", text, on: { click } });
    const again = button("Try again", retry);
    this.#stopCounting = countDown(again, problem.retryAt);
    return [
      icon("warning"),
      element(
        "p",
        {},
        element("strong", { text: problem.title }),
        problem.detail ? ` ${problem.detail}` : "",
      ),
      element("div", { class: "buttons" }, again, button("Settings", settings)),
    ];
  }
}

const wordsOf = ({ title, detail }) => [title, detail].filter(Boolean).join(" ");
