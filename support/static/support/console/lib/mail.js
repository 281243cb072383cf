/** The address by which an agent's own mail program begins a letter. */
export function mailto(address, subject = "") {
  const to = encodeURIComponent(address).replace("%40", "@");
  return `mailto:${to}${subject ? `?subject=${encodeURIComponent(subject)}` : ""}`;
}
