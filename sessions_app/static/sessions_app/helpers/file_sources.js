/**
 * The four ways a file gets into a composer: a button with a picker, pasting, dropping anywhere.
 * @param {{button: HTMLElement, picker: HTMLInputElement, field: HTMLElement, zone: HTMLElement, take: (files: File[]) => void}} parts
 *   `zone` has the class `dropping` while files are held above it
 */
export function watchFiles({ button, picker, field, zone, take }) {
  button.addEventListener("click", () => picker.click());
  picker.addEventListener("change", () => {
    take([...picker.files]);
    picker.value = "";
  });
  field.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    // What was copied in a spreadsheet comes as text and as a picture of it: the text is meant.
    if (!files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    take([...files]);
  });
  const held = (event) => event.dataTransfer?.types.includes("Files");
  const over = (event, on) => {
    if (!held(event)) return;
    event.preventDefault();
    zone.classList.toggle("dropping", on);
  };
  zone.addEventListener("dragover", (event) => over(event, true));
  zone.addEventListener("dragleave", (event) => { if (!zone.contains(event.relatedTarget)) over(event, false); });
  zone.addEventListener("drop", (event) => {
    over(event, false);
    if (held(event)) take([...event.dataTransfer.files]);
  });
}
