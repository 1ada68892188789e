// In: the sessions of this user, and which one is shown. Out: the list in the side bar, with renaming in place.
// Events: "rename" { id, title }, "delete" { session }. Opening a session is a plain link to its address.

import { dayName, element, icon, required, sameDay, timeElement } from "./dom.js";
import { readRecord } from "./kept.js";

export const addressOf = (id) => (id ? `#session=${encodeURIComponent(id)}` : "#new");

/** The session that an address names, "new", or undefined. */
export function sessionIn(hash) {
  if (hash === "#new") return "new";
  const match = /^#session=(.+)$/.exec(hash);
  try {
    return match ? decodeURIComponent(match[1]) : undefined;
  } catch {
    return undefined;
  }
}

export const titleOf = (id) => readRecord(id).title ?? "Untitled session";

export class SessionList extends EventTarget {
  #list = required("sessions");
  #empty = required("no-sessions");
  #renaming = undefined;

  /** `sessions`: newest activity first. `isBusy(id)`: an answer is coming there. */
  show(sessions, currentId, { lastActivity, isBusy }) {
    if (this.#renaming) return;
    const focused = document.activeElement?.closest?.("[data-session]")?.dataset.session;
    const selector = document.activeElement?.dataset?.action;
    this.#list.replaceChildren(
      ...sessions.map((session) =>
        this.#row(session, currentId, lastActivity(session), isBusy(session.id)),
      ),
    );
    this.#empty.hidden = sessions.length > 0;
    if (focused) {
      const row = [...this.#list.children].find((child) => child.dataset.session === focused);
      row?.querySelector(selector ? `[data-action="${selector}"]` : "a")?.focus();
    }
  }

  #row(session, currentId, at, busy) {
    const title = titleOf(session.id);
    const when = Number.isFinite(at)
      ? sameDay(at, Date.now())
        ? timeElement(at)
        : element("span", { text: dayName(at) })
      : undefined;
    const link = element(
      "a",
      {
        href: addressOf(session.id),
        "aria-current": session.id === currentId ? "page" : undefined,
        title,
      },
      element("span", { class: "title", text: title }),
      element(
        "span",
        { class: "when" },
        busy ? element("span", { class: "answering", text: "Answering" }) : when,
      ),
    );
    const button = (action, label, listener) =>
      element(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": `${label} “${title}”`,
          title: label,
          data: { action },
          on: { click: listener },
        },
        icon(action === "rename" ? "pencil" : "trash"),
      );
    const row = element(
      "li",
      { data: { session: session.id } },
      link,
      element(
        "span",
        { class: "row-buttons" },
        button("rename", "Rename", () => this.rename(session.id)),
        button("delete", "Delete", () =>
          this.dispatchEvent(new CustomEvent("delete", { detail: { session } })),
        ),
      ),
    );
    return row;
  }

  /** Turns the row into a field: Enter keeps, Escape leaves it as it was, leaving the field keeps. */
  rename(id) {
    const row = [...this.#list.children].find((child) => child.dataset.session === id);
    if (!row || this.#renaming) return;
    this.#renaming = id;
    const old = titleOf(id);
    const field = element("input", {
      class: "rename",
      type: "text",
      "aria-label": "Name of the session",
      maxlength: 120,
      autocomplete: "off",
    });
    field.value = old;
    const end = (keep, byKey) => {
      if (this.#renaming !== id) return;
      this.#renaming = undefined;
      const title = field.value.trim();
      this.dispatchEvent(
        new CustomEvent("rename", { detail: { id, title: keep && title !== "" ? title : old } }),
      );
      if (byKey)
        this.#list
          .querySelector(`[data-session="${CSS.escape(id)}"] [data-action="rename"]`)
          ?.focus();
    };
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") {
        // Else the key would go on to press the button that gets the focus.
        event.preventDefault();
        end(true, true);
      }
      if (event.key === "Escape") {
        event.stopPropagation();
        end(false, true);
      }
    });
    field.addEventListener("blur", () => end(true, false));
    row.replaceChildren(field);
    field.focus();
    field.select();
  }
}
