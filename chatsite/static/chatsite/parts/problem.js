/** What went wrong, said above a page's panel, with a way to try again where that may help. */
const box = document.getElementById("problem");
const [words, button] = box.children;

/**
 * @param {string} text
 * @param {(() => void) | null} [again]
 */
export function tell(text, again = null) {
  words.textContent = text;
  button.hidden = !again;
  button.onclick = again;
  box.hidden = false;
}

export function untell() { box.hidden = true; }
