import { icon, make, onPhone, reconcile, row, setText } from "../../../chatsite/lib/dom.js";
import { drawAvatar, hasName, nameOf } from "../../../chatsite/lib/people.js";
import { has, t } from "../../../chatsite/lib/text.js";
import { full, short } from "../../../chatsite/lib/time.js";
import { Part } from "../../../chatsite/parts/part.js";
import { mailto } from "../lib/mail.js";
import { previewOf } from "./session_row.js";

/** Everything known about the open chat beside its messages. */
class Details extends Part {
  #desk;
  #shownFor = null;
  #earlier = [];

  start(desk, { onBack, onHide, onCopied, onKeep }) {
    this.#desk = desk;
    this.onCopied = onCopied;
    const draw = Part.each(() => this.#drawNow());
    for (const type of ["selected", "thread", "session", "people"]) desk.addEventListener(type, draw);
    desk.inbox.addEventListener("change", draw);
    desk.connection.addEventListener("state", draw);
    const { refs } = this;
    refs.back.addEventListener("click", onBack);
    refs.hide.addEventListener("click", onHide);
    refs.keep.addEventListener("click", onKeep);
    refs["tag-form"].addEventListener("submit", (event) => { event.preventDefault(); this.#addTag(); });
    refs["tag-input"].addEventListener("keydown", (event) => this.#onTagKey(event));
    draw();
  }

  /** Hidden panels do not draw: call when it is shown. */
  refresh() {
    this.#drawNow();
  }

  focusTags() {
    this.refs["tag-input"].focus();
  }

  focusTitle() {
    this.refs.title.focus();
  }

  // Drawing

  #drawNow() {
    const { session } = this.#desk;
    const { refs } = this;
    refs.content.hidden = !session;
    this.classList.toggle("blank", !session);
    if (!session || (this.hidden && !onPhone())) return;
    const { customer } = session;
    drawAvatar(refs.avatar, customer, { presence: customer?.online ? "online" : null });
    setText(refs.name, nameOf(customer));
    setText(refs.presence, t(customer?.online ? "online_now" : "not_online"));
    facts(refs.customer, this.#aboutCustomer(customer ?? {}, session.metadata?.contact_email));
    facts(refs.facts, this.#aboutSession(session));
    this.#drawTags(session.tags ?? []);
    this.#drawRating(session.rating);
    const metadata = Object.entries(session.metadata ?? {}).filter(([name, value]) => value !== null && value !== "" && name !== "contact_email");
    refs["metadata-part"].hidden = !metadata.length;
    facts(refs.metadata, metadata.slice(0, 20).map(([name, value]) => [spoken(name), typeof value === "object" ? JSON.stringify(value) : String(value)]));
    this.#drawSync(session);
    if (this.#shownFor !== session.id) this.#findEarlier(session);
    this.#drawEarlier();
  }

  #aboutCustomer(customer, contact) {
    return [
      [t("fact_email"), customer.email],
      [t("fact_contact"), contact && mailLink(contact)],
      [t("fact_kind"), t(kindOf(customer))],
    ];
  }

  #aboutSession(session) {
    return [
      [t("fact_title"), session.title],
      [t("fact_status"), t(`status_${session.status}`)],
      [t("fact_assignee"), session.assignee ? person(session.assignee) : t("nobody")],
      [t("fact_team"), session.team?.name ?? t("nobody")],
      [t("fact_started"), full(session.created_at)],
      session.closed_at && [t("fact_closed"), full(session.closed_at)],
      session.source && [t("fact_source"), sourceOf(session.source)],
      [t("fact_id"), this.#copyButton(session.id)],
    ].filter(Boolean);
  }

  #copyButton(id) {
    const button = make("button", "copy", id.slice(-12));
    button.type = "button";
    button.title = t("copy_id");
    button.setAttribute("aria-label", t("copy_id"));
    button.addEventListener("click", () => navigator.clipboard?.writeText(id).then(this.onCopied, () => {}));
    return button;
  }

  #drawRating(rating) {
    const { refs } = this;
    refs["rating-part"].hidden = !rating;
    if (!rating) return;
    refs.stars.setAttribute("aria-label", t("rating_of", { score: rating.score }));
    refs.stars.replaceChildren(...[1, 2, 3, 4, 5].map((star) => icon("star", star <= rating.score ? "icon on" : "icon")));
    refs.comment.hidden = !rating.comment;
    setText(refs.comment, rating.comment ?? "");
  }

  #drawSync(session) {
    const { connection, feed } = this.#desk;
    const seq = feed?.lastSeq ?? session.last_seq;
    setText(this.refs.sync, t(connection.isOpen && !feed?.behind ? "in_sync" : "as_of"));
    this.refs.sync.title = `#${seq}`;
  }

  // Tags

  #drawTags(tags) {
    reconcile(this.refs["tag-list"], tags, {
      key: (tag) => tag,
      create: (tag) => this.#tagRow(tag),
      update: () => {},
    });
  }

  #tagRow(tag) {
    const element = row("row-tag");
    setText(element.refs.name, tag);
    element.refs.remove.setAttribute("aria-label", t("remove_tag", { tag }));
    element.refs.remove.addEventListener("click", () => {
      this.#desk.changeTags((tags) => tags.filter((other) => other !== tag));
      this.refs["tag-input"].focus();
    });
    return element;
  }

  #addTag() {
    const input = this.refs["tag-input"];
    const tag = input.value.trim().toLowerCase();
    const tags = this.#desk.session?.tags ?? [];
    input.value = "";
    if (tag && !tags.includes(tag)) this.#desk.changeTags((now) => [...new Set([...now, tag])]);
  }

  #onTagKey(event) {
    if (event.key === "Escape") event.currentTarget.blur();
    if (event.key === ",") {
      event.preventDefault();
      this.#addTag();
    }
  }

  // Earlier chats

  async #findEarlier(session) {
    this.#shownFor = session.id;
    this.#earlier = [];
    if (!session.customer) return;
    try {
      const { results } = await this.#desk.rest.call("GET", `/chat/sessions?customer=${session.customer.id}&ordering=recent&limit=10`);
      if (this.#shownFor !== session.id) return;
      this.#earlier = results.filter((other) => other.id !== session.id && other.customer?.id === session.customer.id);
    } catch { /* the chat itself matters more */ }
    this.#drawEarlier();
  }

  #drawEarlier() {
    const { refs } = this;
    refs["earlier-part"].hidden = !this.#earlier.length;
    reconcile(refs.earlier, this.#earlier, {
      key: (session) => session.id,
      create: () => {
        const element = make("li");
        const link = make("a");
        link.append(make("span", "title"), make("span", "when"));
        element.append(link);
        return element;
      },
      update: (element, session) => {
        const link = element.firstElementChild;
        link.href = `#/${this.#desk.inbox.view.key}/${session.id}`;
        setText(link.firstElementChild, session.title || previewOf(session.last_message, this.#desk.me.id));
        setText(link.lastElementChild, `${short(session.updated_at)} · ${t(`status_${session.status}`)}`);
      },
    });
  }
}

/** How well the customer is known. */
function kindOf(customer) {
  if (!customer.is_visitor) return "kind_account";
  // Only a website that signs for its user may name a visitor.
  return hasName(customer) ? "kind_vouched" : "kind_visitor";
}

/** "widget:demo" as one would say it. */
function sourceOf(source) {
  const [kind, key = ""] = source.split(":");
  return has(`source_${kind}`) ? t(`source_${kind}`, { key }) : source;
}

/** "page_title" as one would write it. */
function spoken(name) {
  if (has(`about_${name}`)) return t(`about_${name}`);
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

function mailLink(address) {
  const link = make("a", "", address);
  link.href = mailto(address);
  const part = document.createDocumentFragment();
  part.append(link, ` (${t("not_verified")})`);
  return part;
}

function person(who) {
  const avatar = make("span", "avatar tiny");
  avatar.setAttribute("aria-hidden", "true");
  drawAvatar(avatar, who);
  const part = document.createDocumentFragment();
  part.append(avatar, nameOf(who));
  return part;
}

/** Draws name and value pairs; an empty value is left out. */
function facts(list, pairs) {
  const shown = pairs.filter(([, value]) => value);
  const drawn = shown.map(([name, value]) => `${name}=${value.textContent ?? value}`).join("\n");
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  list.replaceChildren(...shown.flatMap(([name, value]) => {
    const definition = make("dd");
    definition.append(value);
    return [make("dt", "", name), definition];
  }));
}

customElements.define("console-details", Details);
