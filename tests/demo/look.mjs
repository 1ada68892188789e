// Functions that run inside the page and look at it as an eye does: is a text legible, does something stick out.

/** The visible texts whose contrast with what is behind them is below 4.5 to 1 (3 to 1 for large ones). */
export function poorContrasts() {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  // The canvas understands every colour that a style may compute to.
  const layered = (colours) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      brush.fillStyle = colour;
      brush.fillRect(0, 0, 1, 1);
    }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const poor = [];
  const root = document.querySelector("dialog[open]") ?? document.body;
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const owner = text.parentElement;
    if (
      text.data.trim() === "" ||
      !owner.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    )
      continue;
    // A button that does nothing yet need not be legible (WCAG 1.4.3); what only a screen reader reads need not either.
    if (
      owner.closest(
        "button:disabled, .visually-hidden, script, style, option, [data-state='sending']",
      )
    )
      continue;
    const behind = [];
    for (let one = owner; one; one = one.parentElement) {
      behind.unshift(getComputedStyle(one).backgroundColor);
      if (one === root && root !== document.body) break;
    }
    const style = getComputedStyle(owner);
    const ground = layered(behind);
    const ink = layered([...behind, style.color]);
    const [bright, dim] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dim + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5))
      poor.push(`${ratio.toFixed(2)} ${text.data.trim().slice(0, 40)}`);
  }
  return poor;
}

/** What reaches out of the window at its right side, or can be scrolled sideways. */
export function tooWide() {
  const wide = [];
  const { clientWidth } = document.documentElement;
  for (const one of document.querySelectorAll("body *")) {
    if (!one.checkVisibility() || one.closest("svg, .visually-hidden, .symbols")) continue;
    const { right, width } = one.getBoundingClientRect();
    if (width > 0 && right > clientWidth + 1)
      wide.push(`${one.tagName} ${one.id || one.className}`);
    const { overflowX } = getComputedStyle(one);
    if (
      one.scrollWidth > one.clientWidth + 1 &&
      overflowX !== "hidden" &&
      overflowX !== "visible"
    ) {
      if (one.tagName !== "INPUT")
        wide.push(`${one.tagName} ${one.id || one.className} scrolls sideways`);
    }
  }
  if (document.documentElement.scrollWidth > clientWidth) wide.push("the page scrolls sideways");
  return wide;
}
