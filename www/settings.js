// In: the settings of all backends as they are. Out: new ones of the chosen backend that were validated and tried out, or
// nothing if the dialog was left. The fields come from the table in backends.js; this file knows none of them by name.

import { backends } from "./backends.js";
import { tryOut } from "./client.js";
import { explainWith } from "./connection.js";
import { element, icon, required } from "./dom.js";
import { readFields } from "./fields.js";
import { FieldsForm } from "./form.js";
import { segments } from "./segments.js";

export class SettingsDialog {
  #dialog = required("settings");
  #formElement = required("settings-form");
  #backends = required("settings-backends");
  #form = new FieldsForm(required("settings-fields"));
  #problem = required("settings-problem");
  #save = required("settings-save");
  #anyway = required("settings-anyway");
  #without = required("settings-without");
  #preferences;
  #backend;
  #typed = {}; // by backend: what is typed for one is there again when one comes back to it
  #resolve = undefined;

  constructor(preferences) {
    this.#preferences = preferences;
    this.#formElement.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(event.submitter === this.#anyway);
    });
    required("settings-try").addEventListener("click", () => this.#tryWithout());
    required("settings-cancel").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#end(undefined));
  }

  /**
   * Resolves with `{ settings, rememberKey, others }`, or with nothing if the person leaves the dialog. `others`: what was
   * typed for other backends and is right so far.
   */
  open({ first = false, backend = this.#preferences.backend, problem } = {}) {
    if (this.#dialog.open) return Promise.resolve(undefined);
    this.#typed = {};
    for (const name of Object.keys(backends))
      this.#typed[name] = {
        ...this.#preferences.defaultsOf(name),
        ...this.#preferences.settingsOf(name),
      };
    required("settings-title").textContent = first ? "Welcome to agentline" : "Settings";
    required("settings-lead").textContent = first
      ? "Tell this page where your agent lives. All of it stays in this browser."
      : "Where your agent lives. All of it stays in this browser.";
    this.#without.hidden = !first;
    this.#choose(backend);
    this.#showProblem(problem);
    this.#dialog.showModal();
    this.#form.focus();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  #end(result) {
    this.#resolve?.(result);
    this.#resolve = undefined;
    if (this.#dialog.open) this.#dialog.close();
  }

  #choose(name) {
    this.#backend = name;
    const options = Object.entries(backends).map(([one, { label }]) => [one, label]);
    this.#backends.replaceChildren(
      segments({
        name: "backend",
        legend: "Backend",
        options: Object.fromEntries(options),
        value: name,
        chosen: (other) => {
          this.#showProblem(undefined);
          this.#choose(other);
          this.#backends.querySelector(":checked").focus();
        },
      }),
    );
    this.#form.show(
      backends[name].fields,
      this.#typed[name],
      this.#preferences.keyIsRemembered(name),
    );
  }

  /** All backends in the page's memory; the chosen one is opened. */
  #tryWithout() {
    for (const typed of Object.values(this.#typed)) typed.place = "page";
    this.#choose(this.#backend);
    this.#submit(false);
  }

  #showProblem(problem) {
    this.#problem.hidden = !problem;
    this.#problem.replaceChildren(
      ...(problem
        ? [
            icon("warning"),
            element(
              "p",
              {},
              element("strong", { text: problem.title }),
              problem.detail ? ` ${problem.detail}` : "",
            ),
          ]
        : []),
    );
    this.#anyway.hidden = true;
    // Below many fields it may lie out of sight.
    if (problem) this.#problem.scrollIntoView({ block: "nearest" });
  }

  #read(name) {
    return { ...readFields(backends[name].fields, this.#typed[name]).values, backend: name };
  }

  async #submit(untried) {
    if (!this.#form.check()) return;
    const { rememberKey } = this.#form;
    const settings = untried ? this.#read(this.#backend) : await this.#works(this.#backend);
    if (!settings) return;
    const others = Object.keys(backends)
      .filter((name) => name !== this.#backend)
      .map((name) => this.#read(name));
    this.#end({ settings, rememberKey, others });
  }

  /** Asks the server once, so that a wrong address is found here and not at the first message. */
  async #works(name) {
    const settings = this.#read(name);
    this.#showProblem(undefined);
    this.#save.disabled = true;
    this.#save.textContent = "Connecting…";
    const opened = this.#resolve;
    try {
      const taken = await tryOut(settings);
      return this.#resolve === opened ? taken : undefined;
    } catch (error) {
      const doing = settings.password ? "sign-in" : "connect";
      this.#showProblem(explainWith(settings, error, doing));
      // A password is good for nothing but the token that did not come.
      this.#anyway.hidden = Boolean(settings.password);
      return undefined;
    } finally {
      this.#save.disabled = false;
      this.#save.textContent = "Connect";
    }
  }
}
