/** Light or dark: what the system says, until somebody chooses. */

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

/** Makes the button switch; calls back when the colours have changed. */
export function themeSwitch(button, changed) {
  const label = () => button.setAttribute("aria-pressed", isDark());
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("hubbub-theme", root.dataset.theme);
    } catch {
      // storage is forbidden here: the choice lasts until the page is left
    }
    label();
    changed();
  });
  system.addEventListener("change", () => {
    label();
    changed();
  });
  label();
}
