// Runs before the first paint. Storage may be denied: then the system's theme stays.
try {
  const theme = localStorage.getItem("cland.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* keep the system's theme */ }
