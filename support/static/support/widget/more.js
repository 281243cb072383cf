/** What few conversations need; loaded into the frame when one does. */
import { FileTray } from "../../sessions_app/elements/file_tray.js";
import { ChatFile } from "./file.js";
import { ChatReach } from "./reach.js";
import { ChatRating } from "./rating.js";
import { chime } from "./sound.js";
import { locale, say } from "./words.js";

customElements.define("chat-files", class ChatFiles extends FileTray {
  start(parts) { super.start({ ...parts, say, locale }); }
});
customElements.define("chat-file", ChatFile);
customElements.define("chat-reach", ChatReach);
customElements.define("chat-rating", ChatRating);
addEventListener("ring", chime);
