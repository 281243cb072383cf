// Swagger UI has a dark look of its own; it is asked for as the other pages ask for theirs.
let theme = null;
try {
  theme = localStorage.getItem("cland.theme");
} catch { /* then the system's theme counts */ }
if (theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark-mode");
