// The page's own buttons open the same chat as the launcher. The widget script may still be on its
// way when someone clicks, so a click before that is kept and honoured once.
let wanted = false;

const openChat = () => {
  if (globalThis.SupportChat?.open) globalThis.SupportChat.open();
  else wanted = true;
};

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-chat=open]")) openChat();
});

document.querySelector("script[data-widget]")?.addEventListener("load", () => {
  if (wanted) globalThis.SupportChat?.open();
  wanted = false;
});
