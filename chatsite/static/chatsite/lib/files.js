/** Files people sent. Their links are signed and end after an hour; the access token opens them always. */
import { ApiError } from "../../sessions_app/models/rest.js";

/** Only what lies on our own host is loaded by itself: a foreign one would learn who reads. */
export function isOurs(url) {
  try {
    return new URL(url, location.href).origin === location.origin;
  } catch {
    return false;
  }
}

/** @param {{url: string, name?: string, mime?: string}} file */
export async function openFile(rest, file) {
  if (!isOurs(file.url)) throw new ApiError({ code: "NOT_FOUND", status: 404 });
  if (!rest.token) await rest.refresh();
  const answer = await fetch(file.url, { headers: { Authorization: `Bearer ${rest.token}` } });
  if (!answer.ok) throw new ApiError({ code: answer.status === 404 ? "NOT_FOUND" : "SERVICE_UNAVAILABLE", status: answer.status });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = file.name || "file";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
