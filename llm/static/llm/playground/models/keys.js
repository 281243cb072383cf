/** @type {import("../../../chatsite/models/keys.js").Shortcut[]} the playground's keyboard shortcuts */
export const SHORTCUTS = [
  { keys: ["e", "Shift+Escape"], action: "write", group: "ask" },
  { keys: ["m"], action: "models", group: "ask" },
  { keys: ["b"], action: "blind", group: "ask" },
  { keys: ["Shift+S"], action: "stop-all", group: "ask" },
  { keys: ["1", "2", "3", "4", "5", "6"], action: "column", group: "answers" },
  { keys: ["ArrowLeft"], action: "column-back", group: "answers" },
  { keys: ["ArrowRight"], action: "column-on", group: "answers" },
  { keys: ["p"], action: "pick", group: "answers" },
  { keys: ["c"], action: "copy", group: "answers" },
  { keys: ["r"], action: "retry", group: "answers" },
  { keys: ["s"], action: "stop", group: "answers" },
  { keys: ["n"], action: "new", group: "conversations" },
  { keys: ["/"], action: "search", group: "conversations" },
  { keys: ["d"], action: "settings", group: "conversations" },
  { keys: ["End"], action: "newest", group: "conversations" },
  { keys: ["?"], action: "shortcuts", group: "conversations" },
];
