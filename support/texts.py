"""The widget's texts, in the language that is active when they are asked for."""

from __future__ import annotations

from django.utils.translation import gettext as _


def widget_texts() -> dict[str, str]:
    """Every sentence the widget's scripts say, by key. `{name}` places are filled by the script."""
    return _presence() | _events() | _messages() | _troubles()


def more_texts() -> dict[str, str]:
    """What few conversations need to say, loaded with what says it."""
    return file_texts() | _unsent_files() | _rating() | _nobody_there()


def _nobody_there() -> dict[str, str]:
    return {
        "reach.until": _("Nobody is here right now. We are back {time} and will answer here."),
        "reach.away": _(
            "Nobody is here right now, and we cannot say when somebody will be. Your messages are "
            "kept and will be answered here."
        ),
        "reach.busy": _(
            "Nobody has been free so far. You can go on waiting or leave: your messages are kept "
            "and will be answered here."
        ),
        "reach.invalid": _("This is not an e-mail address."),
    }


def _presence() -> dict[str, str]:
    return {
        "presence.assistant": _("The assistant answers right away"),
        "presence.assistant_online": _("The assistant and our team are here"),
        "presence.online": _("Our team is here"),
        "presence.away": _("We are away. Leave a message."),
        "presence.away_until": _("Back {time}. Leave a message."),
        "presence.queued": _("Waiting for someone from our team"),
        "presence.queued_away": _("We are away and will answer here"),
        "presence.queued_until": _("Back {time}. We will answer here."),
        "presence.agent": _("You are talking to {name}"),
        "presence.agent_away": _("{name} is away right now"),
        "presence.closed": _("This conversation is closed"),
        "assistant": _("Assistant"),
        "assistant_demo": _("Demo assistant"),
        "you": _("You"),
    }


def _events() -> dict[str, str]:
    return {
        "event.claimed": _("{agent} joined the conversation"),
        "event.released": _("{agent} left. Someone else will take over."),
        "event.transferred": _("You are being passed on to a colleague"),
        "event.transferred_team": _("You are being passed on to {team}"),
        "event.assigned": _("{agent} will take care of you"),
        "event.handoff": _("Our team has been told. A person will join you here."),
        "event.handoff_away": _(
            "Nobody is here right now. Your messages are kept, and a person will answer here."
        ),
        "event.closed": _("{agent} closed the conversation"),
        "event.closed_self": _("The conversation was closed"),
        "event.reopened": _("The conversation goes on"),
        "event.reply_failed": _("The assistant could not answer."),
        "event.contact": _("We can reach you at {email}"),
        "event.rated": _("You rated this conversation {score} of 5"),
    }


def _messages() -> dict[str, str]:
    return {
        "sending": _("Sending…"),
        "waiting": _("Not sent yet. It goes out when you are connected."),
        "sent": _("Sent"),
        "read": _("Read"),
        "failed": _("Not sent."),
        "failed.VALIDATION_FAILED": _("Not sent: the message was not accepted."),
        "failed.SESSION_CLOSED": _("Not sent: the conversation was closed."),
        "failed.EXPIRED": _("Not sent: there was no connection."),
        "failed.RATE_LIMITED": _("Not sent: too many messages at once."),
        "retry": _("Try again"),
        "discard": _("Delete"),
        "send_new": _("Send in a new conversation"),
        "edited": _("edited"),
        "deleted": _("This message was deleted"),
        "new": _("New messages"),
        "newest": _("Jump to the newest message"),
        "newest_count": _("{n} new messages"),
        "newest_one": _("1 new message"),
        "typing": _("{name} is typing"),
        "writing": _("{name} is writing an answer"),
        "person": _("Talk to a person"),
        "left": _("{n} characters left"),
        "sound_on": _("Turn sound on"),
        "sound_off": _("Turn sound off"),
    }


def _troubles() -> dict[str, str]:
    return {
        "offline": _("You are offline. Messages are kept and sent later."),
        "connecting": _("Connecting…"),
        "slow": _("The connection is unsteady. New messages may take some seconds."),
        "denied": _("The chat refused the connection."),
        "busy": _("Too many attempts. Please wait a moment."),
        "unreachable": _("The chat cannot be reached right now."),
        "action_failed": _("That did not work. Please try again."),
    }


def file_texts() -> dict[str, str]:
    """What the file tray says, in the widget and in the console."""
    return {
        "file.remove": _("Remove {name}"),
        "file.uploading": _("Uploading {name}"),
        "file.waiting": _("Waits for the connection"),
        "file.failed": _("Not uploaded."),
        "file.many": _("At most {n} files in one message."),
        "file.EMPTY": _("The file is empty."),
        "file.UPLOAD_TOO_LARGE": _("Too large: at most {limit}."),
        "file.UPLOAD_TYPE_REJECTED": _(
            "Not accepted. Send PNG, JPEG, GIF or WebP pictures, PDF, text, CSV or Office files."
        ),
        "file.RATE_LIMITED": _("Too many files for now. Try again later."),
        "file.FILES_LOST": _("The page was left before it was uploaded. Add it again."),
    }


def _unsent_files() -> dict[str, str]:
    return {
        "uploading": _("Uploading, {percent}"),
        "without": _("Send without them"),
        "failed.FILES_LOST": _("Not sent: the page was left while files were still uploading."),
        "failed.UPLOAD_TOO_LARGE": _("Not sent: a file is too large."),
        "failed.UPLOAD_TYPE_REJECTED": _("Not sent: this kind of file is not accepted."),
    }


def _rating() -> dict[str, str]:
    return {
        "rating.1": _("Very poor"),
        "rating.2": _("Poor"),
        "rating.3": _("Okay"),
        "rating.4": _("Good"),
        "rating.5": _("Excellent"),
    }
