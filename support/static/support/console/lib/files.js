/** Files need the access token, which no plain link can carry. */
import { ApiError } from "../../../sessions_app/models/rest.js";

/** @param {{url: string, name?: string, mime?: string}} file */
export async function openFile(rest, file) {
  if (new URL(file.url, location.href).origin !== location.origin) throw new ApiError({ code: "NOT_FOUND", status: 404 });
  if (!rest.token) await rest.refresh();
  const answer = await fetch(file.url, { headers: { Authorization: `Bearer ${rest.token}` } });
  if (!answer.ok) throw new ApiError({ code: answer.status === 404 ? "NOT_FOUND" : "SERVICE_UNAVAILABLE", status: answer.status });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = file.name || "file";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
