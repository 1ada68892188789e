// In: the sessions of this user, and which one is shown. Out: the list in the side bar, with renaming in place.
// Events: "rename" { id, title }, "delete" { session }. Opening a session is a plain link to its address.

import { backends } from "./backends.js";
import { dayName, element, icon, required, sameDay, timeElement } from "./dom.js";
import { readRecord } from "./kept.js";
import { isOver, statusName } from "./panel.js";

/** The address of a session, or of a new one. It names the backend too: another one has no such session. */
export const addressOf = (id, backend) =>
  id ? `#session=${encodeURIComponent(id)}&backend=${backend}` : `#new&backend=${backend}`;

/** What an address names: `{ id?, backend? }`; the id of a new session is "new". */
export function sessionIn(hash) {
  const named = new URLSearchParams(hash.slice(1));
  const backend = named.get("backend");
  return {
    id: named.has("new") ? "new" : (named.get("session") ?? undefined),
    backend: Object.hasOwn(backends, backend ?? "") ? backend : undefined,
  };
}

export const titleOf = (session, backend) =>
  readRecord(session.id).title ?? backend.title?.(session) ?? "Untitled session";

export class SessionList extends EventTarget {
  #list = required("sessions");
  #empty = required("no-sessions");
  #renaming = undefined;

  /**
   * `sessions`: newest activity first. `about`: `backend`, `backendName`, `isBusy(id)` (an answer is coming there),
   * `canDelete`.
   */
  show(sessions, currentId, about) {
    if (this.#renaming) return;
    const focused = document.activeElement?.closest?.("[data-session]")?.dataset.session;
    const selector = document.activeElement?.dataset?.action;
    this.#list.replaceChildren(...sessions.map((session) => this.#row(session, currentId, about)));
    this.#empty.hidden = sessions.length > 0;
    if (focused) {
      const row = [...this.#list.children].find((child) => child.dataset.session === focused);
      row?.querySelector(selector ? `[data-action="${selector}"]` : "a")?.focus();
    }
  }

  #row(session, currentId, { backend, backendName, isBusy, canDelete }) {
    const title = titleOf(session, backend);
    const at = backend.lastActivity(session) || readRecord(session.id).touched;
    const when =
      at > 0
        ? sameDay(at, Date.now())
          ? timeElement(at)
          : element("span", { text: dayName(at) })
        : undefined;
    const link = element(
      "a",
      {
        href: addressOf(session.id, backendName),
        "aria-current": session.id === currentId ? "page" : undefined,
        title,
      },
      element("span", { class: "title", text: title }),
      element(
        "span",
        { class: "when" },
        isBusy(session.id) ? element("span", { class: "answering", text: "Answering" }) : when,
        isOver(session) && element("span", { class: "over", text: statusName(session) }),
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
        button("rename", "Rename", () => this.rename(session.id, title)),
        canDelete &&
          button("delete", "Delete", () =>
            this.dispatchEvent(new CustomEvent("delete", { detail: { session } })),
          ),
      ),
    );
    return row;
  }

  /** Turns the row into a field: Enter keeps, Escape leaves it as it was, leaving the field keeps. */
  rename(id, old) {
    const row = [...this.#list.children].find((child) => child.dataset.session === id);
    if (!row || this.#renaming) return;
    this.#renaming = id;
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
