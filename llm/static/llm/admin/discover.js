// Lists the models an endpoint has, beside the field for the model's name.

const field = document.querySelector("[data-discover]");

if (field) {
  const form = field.form;
  const text = field.dataset;

  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "once-button",
    textContent: text.discoverLabel,
  });
  const choice = document.createElement("select");
  choice.className = "once-button";
  choice.hidden = true;
  choice.setAttribute("aria-label", text.discoverChoose);
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  const names = Object.assign(document.createElement("datalist"), { id: "model-names" });
  const row = document.createElement("div");
  row.className = "discover";
  row.append(button, choice, note, names);
  field.after(row);

  const fill = (found) => {
    names.replaceChildren(...found.map((name) => new Option(name, name)));
    choice.replaceChildren(
      new Option(text.discoverChoose, ""),
      ...found.map((name) => new Option(name, name, false, name === field.value)),
    );
    choice.hidden = found.length === 0;
    note.textContent = found.length === 0 ? text.discoverNone : "";
  };

  const ask = async () => {
    const body = new FormData();
    for (const name of ["base_url", "api_key", "provider_name"]) {
      body.set(name, form.elements[name]?.value ?? "");
    }
    body.set("model_id", text.discoverPk);
    const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
    const response = await fetch(text.discover, { method: "POST", body, headers });
    const answer = await response.json();
    if (response.ok) fill(answer.results);
    else note.textContent = answer.error;
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    note.textContent = "";
    try {
      await ask();
    } catch {
      note.textContent = text.discoverFailed;
    } finally {
      button.disabled = false;
    }
  });
  choice.addEventListener("change", () => {
    if (choice.value) field.value = choice.value;
  });
}
