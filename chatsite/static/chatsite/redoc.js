// ReDoc takes its colours when it starts: as light or dark as api.js found the page to be.
const ours = {
  typography: {
    fontSize: "14px", fontFamily: "inherit",
    headings: { fontFamily: "inherit", fontWeight: "600" },
  },
};
const light = { colors: { primary: { main: "#4f46e5" } } };
const dark = {
  colors: {
    primary: { main: "#9aa3fb" },
    success: { main: "#4fd1a5" }, warning: { main: "#f6a35c" }, error: { main: "#ff9d9d" },
    text: { primary: "#e6e8ee", secondary: "#a9afbd" },
    border: { dark: "#4a4f5c", light: "#2c3036" },
    responses: {
      success: { color: "#6fdca8", backgroundColor: "rgb(63 191 127 / .12)", tabTextColor: "#6fdca8" },
      error: { color: "#ff9d9d", backgroundColor: "rgb(255 90 90 / .12)", tabTextColor: "#ff9d9d" },
      redirect: { color: "#f6c35c", backgroundColor: "rgb(246 195 92 / .12)", tabTextColor: "#f6c35c" },
      info: { color: "#62bdf0", backgroundColor: "rgb(98 189 240 / .12)", tabTextColor: "#62bdf0" },
    },
  },
  schema: {
    linesColor: "#4a4f5c", nestedBackground: "#1b1e24", typeNameColor: "#a9afbd", typeTitleColor: "#a9afbd",
    requireLabelColor: "#ff9d9d", arrow: { color: "#a9afbd" },
  },
  typography: {
    code: { color: "#ffb4a6", backgroundColor: "#24272e" },
    links: { color: "#9aa3fb", visited: "#9aa3fb", hover: "#c3c8ff" },
  },
  sidebar: { backgroundColor: "#16181d", textColor: "#e6e8ee", activeTextColor: "#c3c8ff", arrow: { color: "#a9afbd" } },
  rightPanel: { backgroundColor: "#0b0d10", textColor: "#e6e8ee" },
  codeBlock: { backgroundColor: "#16181d" },
};
const chosen = document.documentElement.classList.contains("dark-mode") ? dark : light;
const place = document.getElementById("redoc");
globalThis.Redoc.init(place.dataset.schema, { theme: { ...chosen, typography: { ...ours.typography, ...chosen.typography } } }, place);
