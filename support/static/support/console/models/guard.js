/**
 * What a colleague should know before a reply goes out. A note disturbs nobody, so it needs no guard.
 * @returns {{kind: "assigned" | "typing" | "answering" | "takeover", name: string, stop: boolean} | null}
 *   `stop`: ask once before sending; otherwise only say it
 */
export function sendGuard({ session, me, mode, typing = [], reply = null }) {
  if (!session || mode === "note" || session.status === "closed") return null;
  const colleague = typing.find((user) => user.kind === "agent" && user.id !== me);
  if (colleague) return { kind: "typing", name: colleague.name, stop: true };
  if (session.assignee && session.assignee.id !== me) return { kind: "assigned", name: session.assignee.name, stop: true };
  if (reply && !reply.settling) return { kind: "answering", name: "", stop: true };
  if (session.floor === "assistant") return { kind: "takeover", name: "", stop: false };
  return null;
}

/** Two guards that say the same: once agreed to, it is not asked again while nothing changed. */
export function sameGuard(a, b) {
  return a?.kind === b?.kind && a?.name === b?.name;
}
