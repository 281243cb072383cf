const STALL_MS = 60_000;

/** @param {{code: string, status: number, detail?: string, retryAfter?: number}} what */
function refusal({ detail = "", ...rest }) {
  return Object.assign(new Error(detail), rest);
}

/**
 * One upload. It is an XMLHttpRequest because fetch does not tell how far it has come.
 * @param {{url: string, token: string, file: File, name: string, onProgress: (share: number) => void, signal: AbortSignal}} what
 * @returns {Promise<any>} the attachment
 */
function once({ url, token, file, name, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const lost = () => reject(refusal({ code: "NETWORK", status: 0 }));
    let stall = 0;
    // A dead line tells nobody: without a sign of life the upload is given up, and tried again.
    const alive = () => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALL_MS);
    };
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => {
      alive();
      onProgress(loaded / total);
    };
    request.onerror = request.onabort = lost;
    request.onload = () => {
      const { status, response } = request;
      if (status === 201) return resolve(response);
      const code = response?.code ?? (status >= 500 ? "SERVICE_UNAVAILABLE" : status === 413 ? "UPLOAD_TOO_LARGE" : "INTERNAL_ERROR");
      return reject(refusal({ code, status, detail: response?.detail, retryAfter: Number(request.getResponseHeader("Retry-After")) || 0 }));
    };
    request.onloadend = () => clearTimeout(stall);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    form.append("file", file, name);
    alive();
    request.send(form);
  });
}

/**
 * Send a file up, with a new access token if the old one has run out.
 * @param {{base: string, rest: import("../models/rest.js").Rest}} server
 * @param {import("./files.js").Upload} upload
 * @param {{onProgress: (share: number) => void, signal: AbortSignal}} control
 */
export async function sendFile({ base, rest }, { kind, file, name }, control) {
  const what = () => ({ url: `${base}/upload/${kind}`, token: rest.token, file, name, ...control });
  if (!rest.token) await rest.refresh();
  try {
    return await once(what());
  } catch (error) {
    if (error.status !== 401) throw error;
    await rest.refresh();
    return once(what());
  }
}
