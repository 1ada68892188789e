// In: a session as its server describes it, and what the backend can do. Out: its status in the head, and a panel with all
// that is known of it and the buttons for what can be done to it. Doing it is left to main.js.
// Events: "do" with the name of the action: "wake", "renew", "cancel", "delete".

import { dayName, element, icon, required, timeElement } from "./dom.js";

const statusNames = {
  active: "Open",
  running: "Running",
  waiting: "Waiting",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Expired",
  unknown: "Unknown",
};

/** A session's status in a word; nothing where it is not known. */
export const statusName = (session) => statusNames[session?.status];

/** Over: its agent takes no more messages. */
export const isOver = (session) =>
  ["completed", "failed", "cancelled", "expired"].includes(session?.status);

const actions = {
  wake: {
    label: "Wake the agent",
    symbol: "wake",
    isPossible: (capabilities) => capabilities.start,
  },
  renew: {
    label: "Give it more time",
    symbol: "again",
    isPossible: (capabilities) => capabilities.renew,
  },
  cancel: {
    label: "Cancel the session",
    symbol: "stop",
    isPossible: (capabilities, session) => capabilities.cancel && !isOver(session),
  },
  delete: {
    label: "Delete the session",
    symbol: "trash",
    isPossible: (capabilities) => capabilities.delete,
  },
};

export class SessionPanel extends EventTarget {
  #badge = required("session-status");
  #panel = required("session-panel");

  show(session, capabilities) {
    const name = statusName(session);
    this.#badge.hidden = !session;
    this.#badge.dataset.status = session?.status ?? "unknown";
    this.#badge.toggleAttribute("data-over", isOver(session));
    this.#badge.replaceChildren(
      element("span", { class: "visually-hidden", text: "Session: " }),
      element("span", { class: "status-name", text: name ?? "Session" }),
      icon("chevron"),
      icon("more"),
    );
    if (!session) return this.close();
    const focused = this.#panel.contains(document.activeElement)
      ? document.activeElement.dataset.action
      : undefined;
    this.#panel.replaceChildren(facts(session), ...this.#buttons(session, capabilities));
    if (focused) this.#panel.querySelector(`[data-action="${focused}"]`)?.focus();
  }

  close() {
    if (this.#panel.matches(":popover-open")) this.#panel.hidePopover();
  }

  #buttons(session, capabilities) {
    const possible = Object.entries(actions).filter(
      ([, { isPossible }]) => capabilities && isPossible(capabilities, session),
    );
    if (possible.length === 0) return [];
    const button = ([action, { label, symbol }]) =>
      element(
        "button",
        {
          type: "button",
          class: "panel-button",
          data: { action },
          on: { click: () => this.#do(action) },
        },
        icon(symbol),
        element("span", { text: label }),
      );
    return [element("div", { class: "panel-buttons" }, ...possible.map(button))];
  }

  #do(action) {
    this.close();
    this.dispatchEvent(new CustomEvent("do", { detail: action }));
  }
}

function facts(session) {
  const { status, backendStatus, agentName, agentId, createdAt, expiresAt, id } = session;
  const own = backendStatus && backendStatus.toLowerCase() !== status ? backendStatus : undefined;
  const rows = [
    [
      "Status",
      statusName(session) && (own ? `${statusName(session)} (“${own}”)` : statusName(session)),
    ],
    ["Agent", agentName ?? agentId],
    ["Begun", moment(createdAt)],
    ["Expires", moment(expiresAt)],
    ["Id", element("code", { text: id })],
  ].filter(([, value]) => value);
  return element(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([name, value]) => [
      element("dt", { text: name }),
      element("dd", {}, ...[value].flat()),
    ]),
  );
}

function moment(text) {
  const at = Date.parse(text ?? "");
  return Number.isFinite(at) ? [`${dayName(at)}, `, timeElement(at)] : undefined;
}
