// In: the settings as they are. Out: new ones that were validated and tried out, or nothing if the dialog was left.
// The fields come from the table in backends.js; this file knows none of them by name, except which one is the key.

import { backends, readFields } from "./backends.js";
import { hostOf, makeUuid, tryOut } from "./connection.js";
import { element, icon, required, setAttribute } from "./dom.js";
import { explain } from "./errors.js";

export class SettingsDialog {
  #dialog = required("settings");
  #form = required("settings-form");
  #backend = required("settings-backend");
  #fields = required("settings-fields");
  #problem = required("settings-problem");
  #save = required("settings-save");
  #anyway = required("settings-anyway");
  #connection;
  #typed = {};
  #resolve = undefined;

  constructor(connection) {
    this.#connection = connection;
    this.#backend.append(
      ...Object.entries(backends).map(([name, { label }]) =>
        element("option", { value: name, text: label }),
      ),
    );
    this.#backend.addEventListener("change", () => this.#showFields());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(event.submitter === this.#anyway);
    });
    required("settings-cancel").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#end(undefined));
  }

  /** Resolves with `{ settings, rememberKey }`, or with nothing if the person leaves the dialog. */
  open({ first = false, problem } = {}) {
    if (this.#dialog.open) return Promise.resolve(undefined);
    this.#typed = { ...this.#connection.settings };
    this.#backend.value = this.#connection.settings.backend;
    required("settings-title").textContent = first ? "Welcome to agentline" : "Settings";
    required("settings-lead").textContent = first
      ? "Tell this page where your agent lives. All of it stays in this browser."
      : "Where your agent lives. All of it stays in this browser.";
    this.#showFields();
    this.#showProblem(problem);
    this.#dialog.showModal();
    (
      this.#fields.querySelector("input:placeholder-shown:required") ??
      this.#fields.querySelector("input")
    )?.focus();
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  #end(result) {
    this.#resolve?.(result);
    this.#resolve = undefined;
    if (this.#dialog.open) this.#dialog.close();
  }

  #showFields() {
    const { fields } = backends[this.#backend.value];
    const row = (field) => this.#fieldRow(field);
    const made = fields.filter((field) => field.made).map(row);
    this.#fields.replaceChildren(
      ...fields.filter((field) => !field.made).map(row),
      made.length > 0 ? element("details", {}, element("summary", { text: "More" }), ...made) : "",
    );
  }

  #fieldRow(field) {
    const id = `field-${field.name}`;
    const input = element("input", {
      id,
      name: field.name,
      type: field.secret ? "password" : "text",
      inputmode: field.inputMode,
      placeholder: field.placeholder ?? " ",
      required: field.required,
      "aria-describedby": `${id}-hint ${id}-problem`,
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    });
    input.value = this.#typed[field.name] ?? "";
    input.addEventListener("input", () => {
      this.#typed[field.name] = input.value;
      this.#mark(field, undefined);
    });
    input.addEventListener("blur", () => {
      if (input.value.trim() !== "")
        this.#mark(field, readFields({ fields: [field] }, this.#typed).problems[field.name]);
    });
    return element(
      "div",
      { class: "field" },
      element("label", { for: id, text: field.label }),
      element("div", { class: "field-input" }, input, ...this.#extras(field, input)),
      element("p", { class: "hint", id: `${id}-hint`, text: field.hint }),
      field.secret && this.#rememberBox(),
      element("p", { class: "field-problem", id: `${id}-problem`, hidden: true }),
    );
  }

  #extras(field, input) {
    if (field.secret) {
      const show = element(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Show the key",
          "aria-pressed": "false",
        },
        icon("eye"),
      );
      show.addEventListener("click", () => {
        const shown = input.type === "password";
        input.type = shown ? "text" : "password";
        show.setAttribute("aria-pressed", String(shown));
      });
      return [show];
    }
    if (field.made) {
      const renew = element("button", { type: "button", class: "quiet", text: "Make a new one" });
      renew.addEventListener("click", () => {
        input.value = makeUuid();
        input.dispatchEvent(new Event("input"));
      });
      return [renew];
    }
    return [];
  }

  #rememberBox() {
    const box = element("input", { type: "checkbox", name: "rememberKey" });
    box.checked = this.#connection.keyIsRemembered;
    return element("label", { class: "check" }, box, "Remember the key after the browser closes");
  }

  #mark(field, problem) {
    const place = this.#fields.querySelector(`#field-${field.name}-problem`);
    place.textContent = problem ?? "";
    place.hidden = !problem;
    setAttribute(
      this.#fields.querySelector(`#field-${field.name}`),
      "aria-invalid",
      problem ? "true" : undefined,
    );
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
  }

  async #submit(untried) {
    const backend = backends[this.#backend.value];
    const { values, problems } = readFields(backend, this.#typed);
    for (const field of backend.fields) this.#mark(field, problems[field.name]);
    const [firstWrong] = Object.keys(problems);
    if (firstWrong) {
      const input = this.#fields.querySelector(`#field-${firstWrong}`);
      const folded = input.closest("details");
      if (folded) folded.open = true;
      input.focus();
      return;
    }
    const settings = { backend: this.#backend.value, ...values };
    const rememberKey = Boolean(this.#form.elements.rememberKey?.checked);
    if (untried || (await this.#works(settings))) this.#end({ settings, rememberKey });
  }

  /** Asks the server once, so that a wrong address is found here and not at the first message. */
  async #works(settings) {
    this.#showProblem(undefined);
    this.#save.disabled = true;
    this.#save.textContent = "Connecting…";
    const opened = this.#resolve;
    try {
      await tryOut(settings);
      return this.#resolve === opened;
    } catch (error) {
      this.#showProblem(
        explain(error, "connect", { host: hostOf(settings), hasKey: Boolean(settings.apiKey) }),
      );
      this.#anyway.hidden = false;
      return false;
    } finally {
      this.#save.disabled = false;
      this.#save.textContent = "Connect";
    }
  }
}
