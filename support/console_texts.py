"""The words of the agent console that its scripts need, in the reader's language.

Whatever stands still on the page is translated in the templates; this is what changes while one
works.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from chatsite.lib.page_texts import Texts, counted, shared_texts
from support.texts import file_texts


def console_texts() -> Texts:
    """Return every text by its key, in the language that is active now."""
    return {
        **shared_texts(),
        **_people(),
        **_inbox(),
        **_thread(),
        **_writing(),
        **file_texts(),
        **_help(),
        **_details(),
        **_case(),
        **_outcomes(),
        **_errors(),
        **_shortcuts(),
    }


def _people() -> Texts:
    return {
        "you": _("You"),
        "assistant": _("Assistant"),
        "nobody": _("Nobody"),
        "teams": _("Teams"),
        "people": _("People"),
        "nobody_found": _("Nobody of that name."),
        "presence_online": _("Online"),
        "presence_away": _("Away"),
        "presence_offline": _("Offline"),
        "presence_hint": _("Customers see whether somebody is online."),
        "demo_assistant_hint": _(
            "Answers come from a small built-in demo, because no language model is set up."
        ),
        "demo_answer": _("Demo"),
        "online_now": _("Online now"),
        "not_online": _("Not online"),
    }


def _inbox() -> Texts:
    return {
        "view_waiting": _("Waiting"),
        "view_mine": _("Mine"),
        "view_bot": _("Assistant"),
        "view_open": _("All open"),
        "view_closed": _("Closed"),
        "search_results": _("Search results"),
        "empty_waiting": _("Nobody is waiting"),
        "empty_waiting_text": _("New chats appear here by themselves."),
        "empty_mine": _("No chats of yours"),
        "empty_mine_text": _("Claim one from Waiting to begin."),
        "empty_bot": _("The assistant has nothing to do"),
        "empty_bot_text": _("Chats it answers are listed here, so that you can look in."),
        "empty_open": _("No open chats"),
        "empty_open_text": _("Everything is answered and closed."),
        "empty_closed": _("No closed chats yet"),
        "empty_closed_text": _("Closed chats stay here and can be reopened."),
        "empty_search": _("Nothing found for “{query}”"),
        "empty_search_text": _(
            "The search looks at names, email addresses, subjects, tags and messages, in all chats."
        ),
        "unread_count": counted(
            lambda n: ngettext("{count} unread message", "{count} unread messages", n)
        ),
        "waiting_for": _("Waiting {time}"),
        "assistant_answers": _("Assistant answers"),
        "assistant_writing": _("Assistant is writing"),
        "assigned_to_you": _("You"),
        "status_bot": _("Assistant answers"),
        "status_queued": _("Waiting"),
        "status_assigned": _("With an agent"),
        "status_closed": _("Closed"),
        "no_messages": _("No messages yet"),
        "draft_kept": _("Draft"),
        "preview_by": _("{name}: {text}"),
        "attachment": _("Attachment"),
        "deleted": _("This message was deleted."),
        "call_waiting": _("{name} is waiting for a person"),
        "call_message": _("New message from {name}"),
    }


def _thread() -> Texts:
    return {
        "edited": _("edited"),
        "typing": _("{name} is typing"),
        "typing_many": counted(
            lambda n: ngettext("{count} person is typing", "{count} people are typing", n)
        ),
        "jump_newest": _("Jump to newest"),
        "new_messages": counted(
            lambda n: ngettext("{count} new message", "{count} new messages", n)
        ),
        "announce_message": _("{name} says: {text}"),
        "tick_sending": _("Sending"),
        "tick_uploading": _("Uploading, {percent}"),
        "tick_waiting": _("Not sent yet: waiting for the connection"),
        "tick_sent": _("Sent"),
        "tick_read": _("Read"),
        "not_sent": _("Not sent. {why}"),
        "retry": _("Try again"),
        "without": _("Send without them"),
        "download": _("Download"),
        "sources": counted(
            lambda n: ngettext("Rests on {count} passage", "Rests on {count} passages", n)
        ),
        "event_claimed": _("{name} joined the chat"),
        "event_claimed_you": _("You joined the chat"),
        "event_released": _("{name} left the chat; it waits for another person"),
        "event_released_you": _("You left the chat; it waits for another person"),
        "event_transferred": _("Passed on to {team}"),
        "event_handoff_online": _("Asked for a person"),
        "event_handoff_offline": _("Asked for a person while nobody was online"),
        "event_closed": _("{name} closed the chat"),
        "event_closed_you": _("You closed the chat"),
        "event_closed_customer": _("The customer closed the chat"),
        "event_reason": _("{text}: {reason}"),
        "event_reopened": _("{name} reopened the chat"),
        "event_reopened_you": _("You reopened the chat"),
        "event_reopened_customer": _("The customer reopened the chat"),
        "event_reply_failed": _("The assistant could not answer"),
        "event_contact": _("The customer can be reached at {email}"),
        "event_rated": _("The customer rated this chat {score} of 5"),
        "conn_first": _("Connecting…"),
        "conn_again": _("Reconnecting… What you send is kept and goes out in order."),
        "conn_polling": _("No live connection. The open chat is refreshed every few seconds."),
        "conn_lost": _(
            "The server cannot be reached. What you send is kept and goes out in order."
        ),
        "conn_offline": _("You are offline. What you send is kept until the network is back."),
        "conn_denied": _("The live connection was refused. Reload this page to try again."),
        "connected_again": _("Connected"),
    }


def _writing() -> Texts:
    return {
        "add_note": _("Add note"),
        "reply_label": _("Reply to the customer"),
        "note_label": _("Note for your team"),
        "reply_placeholder": _("Reply to {name}…"),
        "note_placeholder": _("Write a note. Only your team sees it."),
        "hint_ctrl_enter": _("Ctrl+Enter sends"),
        "guard_assigned": _("{name} has this chat"),
        "guard_assigned_ask": _("{name} has this chat. Send your reply to the customer anyway?"),
        "guard_typing": _("{name} is typing a reply"),
        "guard_typing_ask": _("{name} is typing a reply right now. Send yours as well?"),
        "guard_answering": _("The assistant is answering"),
        "guard_answering_ask": _(
            "The assistant is answering right now. Sending stops it and the chat becomes yours."
        ),
        "mail_not_sent": _(
            "{name} is not online. Your reply waits in the chat; nothing is sent by email."
        ),
        "mail_write": _("Write to {email}"),
        "guard_takeover": _("Sending takes this chat over from the assistant"),
    }


def _help() -> Texts:
    return {
        "help_draft": _("Draft"),
        "help_draft_n": _("Draft {letter}"),
        "help_rewrite": _("Rewritten"),
        "help_summary": _("Summary"),
        "help_use": _("Use"),
        "help_as_note": _("Put into a note"),
        "help_ready": _("The models have answered."),
        "help_rests_on": _("Rests on: {titles}"),
        "help_tags": _("Fitting tags:"),
        "help_no_tags": _("No other tag fits."),
        "help_alone": _("Only one model is set up, so there is nothing to compare."),
        "help_needs_text": _("Write something first."),
        "help_failed": _("No help came. {why}"),
        "trouble_PROVIDER_TIMEOUT": _("It took too long to answer."),
        "trouble_PROVIDER_UNAVAILABLE": _("Its endpoint is not available right now."),
        "trouble_PROVIDER_ERROR": _("It could not answer."),
        "trouble_MODEL_NOT_FOUND": _("This model was removed or switched off."),
        "trouble_RATE_LIMITED": _("Its endpoint takes no more questions right now (rate limit)."),
        "error_MODEL_NOT_FOUND": _("No model is switched on for this."),
    }


def _details() -> Texts:
    return {
        "fact_email": _("Email"),
        "fact_contact": _("Contact"),
        "not_verified": _("not verified"),
        "fact_kind": _("Known as"),
        "kind_visitor": _("Anonymous visitor"),
        "kind_vouched": _("Signed in on the website"),
        "kind_account": _("Customer account"),
        "fact_title": pgettext("of a chat", "Subject"),
        "fact_status": _("Status"),
        "fact_assignee": _("Agent"),
        "fact_team": _("Team"),
        "fact_started": _("Started"),
        "fact_closed": pgettext("moment", "Closed"),
        "fact_source": _("Source"),
        "fact_id": _("Chat ID"),
        "source_widget": _("Widget “{key}”"),
        "source_api": _("API"),
        "source_chat": _("API"),
        "about_page": _("Page"),
        "about_page_title": _("Page title"),
        "copy_id": _("Copy the chat's id"),
        "rating_of": _("{score} of 5 stars"),
        "in_sync": _("Up to date"),
        "as_of": _("Not live at the moment"),
    }


def _case() -> Texts:
    return {
        "case_lead_admin": _(
            "Releases of the assistant are tried on it before they answer customers."
        ),
        "case_lead_agent": _(
            "An administrator looks at it; then releases of the assistant are tried on it."
        ),
        "case_customer": _("Customer"),
        "case_assistant": _("Assistant"),
        "case_agent": _("Agent"),
        "case_empty": _("No customer has written here yet."),
        "case_kept": _("Kept as a case"),
        "case_kept_off": _("Kept as a case, for an administrator to look at"),
        "case_edit": _("Edit"),
    }


def _outcomes() -> Texts:
    return {
        "done_closed": _("Chat closed"),
        "undo_close": _("Reopen"),
        "done_transferred": _("Passed on to {name}"),
        "done_released": _("Released: the chat waits for another person"),
        "was_faster": _("{name} was faster: this chat is taken."),
        "failed_claim": _("Not claimed. {why}"),
        "failed_assign": _("Not taken over. {why}"),
        "failed_release": _("Not released. {why}"),
        "failed_close": _("Not closed. {why}"),
        "failed_reopen": _("Not reopened. {why}"),
        "failed_tags": _("Tags not saved. {why}"),
        "failed_stop": _("The answer was not stopped. {why}"),
        "failed_file": _("The file could not be opened. {why}"),
        "desktop_refused": _(
            "Your browser does not allow notifications for this site. Allow them in its settings."
        ),
    }


def _errors() -> Texts:
    return {
        "staff_only": _("You are signed in as {name}, a customer. Only staff can answer chats."),
        "error_SESSION_NOT_FOUND": _("This chat does not exist, or it is another team’s now."),
        "error_SESSION_CLOSED": _("The chat is closed."),
        "error_SESSION_ALREADY_ASSIGNED": _("Somebody else was faster."),
        "error_CONFLICT": _("The chat has changed meanwhile."),
        "error_UPLOAD_TOO_LARGE": _("It is too large."),
        "error_UPLOAD_TYPE_REJECTED": _("This kind of file is not accepted."),
        "error_FILES_LOST": _("The page was left while files were still uploading."),
        "error_EXPIRED": _("It could not be sent for ten minutes."),
    }


def _shortcuts() -> Texts:
    return {
        "keys_list": _("Chats"),
        "keys_chat": _("Open chat"),
        "keys_views": _("Go to"),
        "key_next": _("Next chat"),
        "key_previous": _("Previous chat"),
        "key_open": _("Open the chat"),
        "key_back": _("Back to the list"),
        "key_reply": _("Reply"),
        "key_note": _("Write a note"),
        "key_draft": _("Draft a reply"),
        "key_claim": _("Claim"),
        "key_release": _("Release"),
        "key_transfer": _("Transfer"),
        "key_close": _("Close the chat"),
        "key_reopen": _("Reopen the chat"),
        "key_tag": _("Add a tag"),
        "key_details": _("Show or hide details"),
        "key_newest": _("Jump to newest"),
        "key_view:waiting": _("Waiting"),
        "key_view:mine": _("Mine"),
        "key_view:bot": _("Assistant"),
        "key_view:open": _("All open"),
        "key_view:closed": _("Closed"),
    }
