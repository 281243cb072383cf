// Before the first paint: Swagger UI has a dark look of its own, ReDoc gets one from redoc.js.
// Which it is, is asked as the other pages ask.
let theme = null;
try {
  theme = localStorage.getItem("cland.theme");
} catch { /* then the system's theme counts */ }
if (theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark-mode");
