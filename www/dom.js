// In: descriptions of elements. Out: DOM nodes, and words for a screen reader.
// Text goes in as text nodes only; nothing here, or anywhere in this page, parses HTML.

/**
 * Makes an element. `properties` are attributes, except `text` (its text), `on` (listeners by event name)
 * and `data` (data-* attributes). A value of `undefined`, `null` or `false` leaves the attribute out.
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  const { text, on = {}, data = {}, ...attributes } = properties;
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value);
  for (const [name, value] of Object.entries(data)) setAttribute(node, `data-${name}`, value);
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  if (text !== undefined) node.textContent = text;
  node.append(
    ...children.filter((child) => child !== undefined && child !== null && child !== false),
  );
  return node;
}

export function setAttribute(node, name, value) {
  if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

/** One of the symbols at the end of index.html. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** The element of index.html with this id; a missing one is a mistake in the page itself. */
export function required(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`index.html has no element with the id ${id}`);
  return node;
}

/**
 * Says `text` in the page's one polite status region. The same words twice in a row would be silent,
 * because nothing changes in the region; a no-break space at the end makes them differ.
 */
export function announce(text) {
  const region = required("announcements");
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayOfThisYear = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const dayOfAnotherYear = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "long",
  year: "numeric",
});

/** A `<time>` with the clock time, and the whole date as its tooltip. */
export function timeElement(at) {
  const date = new Date(at);
  return element("time", {
    datetime: date.toISOString(),
    title: fullDate.format(date),
    text: clock.format(date),
  });
}

/** "Today", "Yesterday", or the date: what stands between the messages of two days. */
export function dayName(at, now = Date.now()) {
  const date = new Date(at);
  const today = new Date(now);
  if (sameDay(date, today)) return "Today";
  if (sameDay(date, new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)))
    return "Yesterday";
  return (date.getFullYear() === today.getFullYear() ? dayOfThisYear : dayOfAnotherYear).format(
    date,
  );
}

export function sameDay(first, second) {
  const [a, b] = [new Date(first), new Date(second)];
  return (
    a.getFullYear() === b.getFullYear() &&
    a.getMonth() === b.getMonth() &&
    a.getDate() === b.getDate()
  );
}
