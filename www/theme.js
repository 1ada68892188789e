// In: the person's choice of colours. Out: it on the root element, before the first paint (see index.html), and
// the switch for it. "system" follows prefers-color-scheme.

const name = "agentline.theme";
const themes = ["system", "light", "dark"];

function chosen() {
  try {
    const kept = localStorage.getItem(name);
    return themes.includes(kept) ? kept : "system";
  } catch {
    return "system";
  }
}

document.documentElement.dataset.theme = chosen();

/** Makes `button` go round the three choices. */
export function wireThemeSwitch(button) {
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    const next = themes[(themes.indexOf(theme) + 1) % themes.length];
    button.setAttribute("aria-label", `Colours: ${theme}. Change to ${next}`);
    button.title = `Colours: ${theme}`;
  };
  show(chosen());
  button.addEventListener("click", () => {
    const theme =
      themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length];
    try {
      localStorage.setItem(name, theme);
    } catch {
      // Then the choice lasts as long as the page.
    }
    show(theme);
  });
}
