/** The chosen theme; theme.js applies it before the first paint. */
const KEY = "cland.theme";

export function themeNow() {
  return document.documentElement.dataset.theme ?? "system";
}

/** @param {string} theme "system" | "light" | "dark" */
export function chooseTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch { /* storage denied: it holds until the reload */ }
}
