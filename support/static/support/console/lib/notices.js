/** Calling for attention: a sound made on the spot, and the desktop's own notifications. */

let audio = null;

/** Browsers allow sound only after a gesture: call this from one. Answers whether sound can be had. */
export async function allowSound() {
  try {
    audio ??= new AudioContext();
    await audio.resume();
    beep();
    return true;
  } catch {
    return false;
  }
}

/** Two soft tones, a fifth apart. */
export function beep() {
  if (audio?.state === "suspended") audio.resume().catch(() => {});
  if (!audio) {
    try {
      audio = new AudioContext();
    } catch {
      return;
    }
  }
  [[660, 0], [990, 0.09]].forEach(([frequency, delay]) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + delay;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.015);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.28);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.3);
  });
}

/** Asks for permission; only ever called from the switch. Answers whether it was given. */
export async function allowDesktop() {
  if (!("Notification" in globalThis)) return false;
  return (await Notification.requestPermission()) === "granted";
}

/** @param {{title: string, body: string, tag: string, onClick: () => void}} notice */
export function notify({ title, body, tag, onClick }) {
  if (globalThis.Notification?.permission !== "granted") return;
  const notice = new Notification(title, { body, tag, icon: new URL("../icon.svg", import.meta.url).href });
  notice.onclick = () => {
    focus();
    notice.close();
    onClick();
  };
}
