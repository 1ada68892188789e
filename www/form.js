// In: the fields of a backend and what was typed into them. Out: their rows in the dialog, with what is wrong beside each.
// `typed` is changed as one types. What is done with it is left to settings.js.

import { element, icon, setAttribute } from "./dom.js";
import { chosenWay, fieldsIn, readFields, wayOf } from "./fields.js";
import { makeUuid } from "./preferences.js";
import { segments } from "./segments.js";

export class FieldsForm {
  #place;
  #fields = [];
  #typed = {};
  #keyIsRemembered = false;

  constructor(place) {
    this.#place = place;
  }

  show(fields, typed, keyIsRemembered) {
    this.#fields = fields;
    this.#typed = typed;
    this.#keyIsRemembered = keyIsRemembered;
    this.#render();
  }

  /** Whether the key shall be kept after the browser closes. */
  get rememberKey() {
    return Boolean(this.#place.querySelector('[name="rememberKey"]')?.checked);
  }

  /** Marks what is wrong and goes to the first of it. Says whether all is well. */
  check() {
    const { problems } = readFields(this.#fields, this.#typed);
    for (const field of fieldsIn(this.#fields, this.#typed)) {
      if (!field.ways) this.#mark(field, problems[field.name]);
    }
    const [firstWrong] = Object.keys(problems);
    if (!firstWrong) return true;
    const input = this.#input(firstWrong);
    const folded = input.closest("details");
    if (folded) folded.open = true;
    input.focus();
    return false;
  }

  /** Where one would begin to type. */
  focus() {
    const wanted =
      this.#place.querySelector("input:placeholder-shown:required") ??
      this.#place.querySelector("input:not([type=radio])") ??
      this.#place.querySelector("input");
    wanted?.focus();
  }

  #render() {
    const made = this.#fields.filter((field) => field.made).map((field) => this.#row(field));
    this.#place.replaceChildren(
      ...this.#rows(this.#fields.filter((field) => !field.made)),
      made.length > 0 ? element("details", {}, element("summary", { text: "More" }), ...made) : "",
    );
  }

  #rows(fields) {
    return fields.map((field) => (field.ways ? this.#choice(field) : this.#row(field)));
  }

  #choice(choice) {
    const { hint, fields } = wayOf(choice, this.#typed);
    const options = Object.fromEntries(
      Object.entries(choice.ways).map(([name, { label }]) => [name, label]),
    );
    const chosen = (way) => {
      this.#typed[choice.name] = way;
      this.#render();
      this.#place.querySelector(`[name="choice-${choice.name}"]:checked`).focus();
    };
    return element(
      "div",
      { class: "choice" },
      segments({
        name: `choice-${choice.name}`,
        legend: choice.label,
        options,
        value: chosenWay(choice, this.#typed),
        chosen,
      }),
      hint && element("p", { class: "hint", text: hint }),
      ...this.#rows(fields),
    );
  }

  #row(field) {
    const id = `field-${field.name}`;
    const input = element("input", {
      id,
      name: field.name,
      type: field.secret ? "password" : "text",
      inputmode: field.inputMode,
      placeholder: field.placeholder ?? " ",
      required: field.required,
      "aria-describedby": `${id}-hint ${id}-problem`,
      autocomplete: field.autocomplete ?? "off",
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
        this.#mark(field, readFields([field], this.#typed).problems[field.name]);
    });
    return element(
      "div",
      { class: "field" },
      element("label", { for: id, text: field.label }),
      element("div", { class: "field-input" }, input, ...this.#extras(field, input)),
      element("p", {
        class: "hint",
        id: `${id}-hint`,
        text: field.hint ?? "",
        hidden: !field.hint,
      }),
      field.secret && !field.once && this.#rememberBox(),
      element("p", { class: "field-problem", id: `${id}-problem`, hidden: true }),
      field.once &&
        field.secret &&
        this.#rememberBox("Remember the token after the browser closes"),
    );
  }

  #extras(field, input) {
    if (field.secret) {
      const show = element(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": `Show the ${field.once ? "password" : "key"}`,
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

  #rememberBox(words = "Remember the key after the browser closes") {
    const box = element("input", { type: "checkbox", name: "rememberKey" });
    box.checked = this.#keyIsRemembered;
    box.addEventListener("change", () => {
      this.#keyIsRemembered = box.checked;
    });
    return element("label", { class: "check" }, box, words);
  }

  #input(name) {
    return this.#place.querySelector(`#field-${name}`);
  }

  #mark(field, problem) {
    const place = this.#place.querySelector(`#field-${field.name}-problem`);
    // The row may be gone: leaving a field by choosing another way.
    if (!place) return;
    place.textContent = problem ?? "";
    place.hidden = !problem;
    setAttribute(this.#input(field.name), "aria-invalid", problem ? "true" : undefined);
  }
}
