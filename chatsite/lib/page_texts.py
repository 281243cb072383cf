"""The words that the scripts of every page for staff need: signing in, and why something failed.

Whatever stands still on a page is translated in its templates.  Places to fill are written
``{name}``; sentences with a number carry one form per plural category of the language, so that the
browser can choose.
"""

from collections.abc import Callable

from django.utils.translation import gettext as _

Texts = dict[str, str | dict[str, str]]

# A number of each plural category; a language that does not tell two apart has the same form twice.
PLURAL_SAMPLES = {"one": 1, "two": 2, "few": 3, "many": 11, "other": 100}


def counted(text: Callable[[int], str]) -> dict[str, str]:
    """Return the forms of a sentence with a number, by plural category."""
    return {category: text(n) for category, n in PLURAL_SAMPLES.items()}


def shared_texts() -> Texts:
    """Return the texts that pages share, by key, in the language that is active now."""
    return {**_people(), **_signing_in(), **_writing(), **_errors()}


def _people() -> Texts:
    return {
        "visitor": _("Visitor"),
        "visitor_number": _("Visitor {number}"),
        "role_agent": _("Agent"),
        "role_admin": _("Administrator"),
    }


def _signing_in() -> Texts:
    return {
        "need_username": _("Enter your email or username."),
        "need_password": _("Enter your password."),
        "session_over": _("Your sign-in has ended. Sign in again to go on where you were."),
    }


def _writing() -> Texts:
    return {
        "or": _("or"),
        "copied": _("Copied"),
        "loading": _("Loading…"),
        "load_more": _("Load more"),
        "send": _("Send"),
        "hint_enter": _("Enter sends, Shift+Enter starts a line"),
        "remove_tag": _("Remove the tag {tag}"),
        "keys_writing": _("While writing"),
        "key_search": _("Search"),
        "key_shortcuts": _("This list"),
        "key_send": _("Send"),
        "key_newline": _("New line"),
        "key_leave": _("Leave the field"),
    }


def _errors() -> Texts:
    return {
        "error_too_many": _("Too many requests. Try again in a moment."),
        "error_unknown": _("Something went wrong."),
        "error_NETWORK": _("The server cannot be reached. Check your connection."),
        "error_AUTH_INVALID_CREDENTIALS": _("That name and password do not match."),
        "error_AUTH_ACCOUNT_LOCKED": _("Too many attempts. Try again in {time}."),
        "error_AUTH_TOKEN_EXPIRED": _("Your sign-in has ended."),
        "error_AUTH_TOKEN_INVALID": _("Your sign-in has ended."),
        "error_AUTH_TOKEN_REVOKED": _("You were signed out."),
        "error_RATE_LIMITED": _("Too many requests. Try again in {time}."),
        "error_PERMISSION_DENIED": _("You are not allowed to do that."),
        "error_NOT_FOUND": _("It is not there any more."),
        "error_VALIDATION_FAILED": _("The server did not accept this text."),
        "error_SERVICE_UNAVAILABLE": _("The service is not available right now."),
        "error_INTERNAL_ERROR": _("Something went wrong on the server."),
    }
