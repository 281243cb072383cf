"""The words of the playground that its scripts need, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from chatsite.lib.page_texts import Texts, counted, shared_texts


def playground_texts() -> Texts:
    """Return every text by its key, in the language that is active now."""
    return {
        **shared_texts(),
        **_conversations(),
        **_asking(),
        **_answers(),
        **_troubles(),
        **_numbers(),
        **_outcomes(),
        **_shortcuts(),
    }


def _conversations() -> Texts:
    return {
        "playground": _("Playground"),
        "new_talk": _("New conversation"),
        "untitled": _("Untitled"),
        "show_archive": _("Archive"),
        "show_current": _("Back from the archive"),
        "archive": _("Archive"),
        "unarchive": _("Take out of the archive"),
        "empty_talks": _("No conversations yet"),
        "empty_talks_text": _("What you ask is kept here."),
        "empty_archive": _("Nothing in the archive"),
        "empty_archive_text": _("Conversations that you archive stay here."),
        "empty_search": _("Nothing found for “{query}”"),
        "empty_search_text": _("The search looks at titles, questions and answers."),
        "talk_failed": _("This conversation could not be loaded"),
        "models_failed": _("The models could not be loaded"),
        "talk_gone": _("This conversation is not there"),
        "talk_gone_text": _("It was deleted, or it is somebody else’s."),
        "no_models_admin": _(
            "Add an endpoint with its address and key, and it can be asked here at once."
        ),
        "no_models_agent": _("Ask an administrator to set one up."),
        "fact_started": _("Started"),
        "fact_changed": _("Last change"),
        "saved": _("Saved"),
        "own": _("each model’s own"),
    }


def _asking() -> Texts:
    return {
        "add_model": _("Add a model"),
        "change_models": _("Change models"),
        "choose_models": _("Choose models"),
        "remove_model": _("Do not ask {name}"),
        "ask_once_more": _("Ask {name} once more"),
        "ask_once_less": _("Ask {name} once less"),
        "limit_reached": counted(
            lambda n: ngettext(
                "At most {count} model can be asked at once.",
                "At most {count} models can be asked at once.",
                n,
            )
        ),
        "answering": _("The models are answering"),
        "reconnecting": _("Reconnecting… The answers go on meanwhile and appear here."),
        "goes_on_from": _("The next question goes on from {letter} · {name}."),
        "pick_to_go_on": _("Pick the best answer: the next question goes on from it."),
        "pick_to_reveal": _("Pick the best answer: then you see which model wrote it."),
        "ask_failed": _("Not sent. {why}"),
        "staff_only": _("You are signed in as {name}, a customer. Only staff can ask models here."),
    }


def _answers() -> Texts:
    return {
        "model_letter": _("Model {letter}"),
        "slot_queued": _("Waiting"),
        "slot_thinking": _("Thinking"),
        "slot_writing": _("Writing"),
        "slot_failed": _("Failed"),
        "slot_stopped": _("Stopped"),
        "slot_superseded": _("Replaced"),
        "stop_one": _("Stop {name}"),
        "pick": _("Pick"),
        "picked": pgettext("answer", "Best"),
        "pick_name": _("Pick as best: {name}"),
        "picked_name": _("Best: {name}"),
        "copy": _("Copy"),
        "copy_name": _("Copy the answer of {name}"),
        "copy_code": _("Copy the code"),
        "retry_name": _("Try again: {name}"),
        "code": _("Code"),
        "task_done": _("Done"),
        "task_open": _("To do"),
        "announce_done": _("Answer {letter} is finished: {name}"),
        "announce_stopped": _("Answer {letter} was stopped: {name}"),
        "announce_failed": _("Answer {letter} failed: {name}"),
        "announce_all": _("All answers have ended."),
    }


def _troubles() -> Texts:
    """Why an answer is not there, by the reason of the failure, else by its code."""
    return {
        "trouble_PROVIDER_TIMEOUT": _("It took too long to answer."),
        "trouble_PROVIDER_UNAVAILABLE": _("Its endpoint is not available right now."),
        "trouble_PROVIDER_ERROR": _("Its endpoint answered with an error."),
        "trouble_RATE_LIMITED": _("Its endpoint takes no more questions right now (rate limit)."),
        "trouble_MODEL_NOT_FOUND": _("This model was removed or switched off."),
        "trouble_connect": _("Its endpoint could not be reached."),
        "trouble_reset": _("Its endpoint hung up."),
        "trouble_rate_limited": _("Its endpoint takes no more questions right now (rate limit)."),
        "trouble_overloaded": _("Its endpoint is overloaded. Try again in a moment."),
        "trouble_first_content": _("It did not begin to answer in time."),
        "trouble_stalled": _("It stopped half-way and said nothing more."),
        "trouble_deadline": _("It took too long to finish."),
        "trouble_truncated": _("The connection ended before the answer did."),
        "trouble_empty": _("It answered with nothing."),
        "trouble_protocol": _("Its endpoint sent something that is no answer."),
        "trouble_too_large": _("It sent more than is accepted."),
        "trouble_auth": _("Its endpoint refused the key. An administrator has to look at it."),
        "trouble_model": _("Its endpoint does not know this model."),
        "trouble_context_length": _("The conversation is too long for this model."),
        "trouble_content_filter": _("Its endpoint refused to answer this (content filter)."),
        "trouble_refused": _("Its endpoint did not accept the question."),
        "trouble_redirect": _("Its address leads elsewhere. An administrator has to look at it."),
        "trouble_address": _("Its address is not allowed. An administrator has to look at it."),
        "trouble_circuit_open": _(
            "Its endpoint has failed several times, so it is given a rest. Try again in a minute."
        ),
        "trouble_budget": _("Its budget for today is spent."),
        "trouble_busy": _("There was no room for its answer in time. Try again in a moment."),
        "trouble_worker_lost": _("The server was interrupted while it answered."),
        "trouble_unknown": _("It could not answer."),
        "trouble_partial": _("What it had written until then is kept."),
        "trouble_stopped": _("Stopped before it wrote anything."),
        "trouble_stopped_partial": _("Stopped here."),
        "trouble_length": _("It ended here because the longest length was reached."),
    }


def _numbers() -> Texts:
    return {
        "first_after": _("first word {time}"),
        "whole_after": _("whole answer {time}"),
        "tokens": _("{prompt} → {completion} tokens"),
        "tokens_per_second": _("{rate} tokens/s"),
        "number_ttft": _("Time to the first word"),
        "number_latency": _("Time to the end"),
        "number_tokens": _("Tokens read and written"),
        "number_speed": _("Speed"),
        "number_cost": _("Cost"),
        "numbers_hidden": _("Times and cost are shown after the pick."),
    }


def _outcomes() -> Texts:
    return {
        "undo": _("Undo"),
        "done_archived": _("Archived"),
        "done_unarchived": _("Taken out of the archive"),
        "done_deleted": _("Deleted"),
        "delete_text": _("“{title}” and all its answers will be gone. This cannot be undone."),
        "failed_stop": _("Not stopped. {why}"),
        "failed_retry": _("Not asked again. {why}"),
        "failed_pick": _("Not picked. {why}"),
        "failed_update": _("Not saved. {why}"),
        "failed_delete": _("Not deleted. {why}"),
        "failed_models": _("The models could not be loaded. {why}"),
        "failed_earlier": _("Earlier questions could not be loaded. {why}"),
        "error_CONFLICT": _("The conversation has gone on meanwhile."),
        "error_CONVERSATION_NOT_FOUND": _("The conversation is not there any more."),
        "error_MODEL_NOT_FOUND": _("One of the models was removed or switched off."),
    }


def _shortcuts() -> Texts:
    return {
        "keys_ask": _("Asking"),
        "keys_answers": _("Answers"),
        "keys_conversations": pgettext("with models", "Conversations"),
        "key_write": _("Write a question"),
        "key_models": _("Choose models"),
        "key_blind": _("Hide names on or off"),
        "key_stop-all": _("Stop all answers"),
        "key_column": _("Go to an answer"),
        "key_column-back": _("Answer to the left"),
        "key_column-on": _("Answer to the right"),
        "key_pick": _("Pick it as best"),
        "key_copy": pgettext("an answer", "Copy it"),
        "key_retry": _("Ask it again"),
        "key_stop": _("Stop it"),
        "key_new": _("New conversation"),
        "key_settings": _("Instructions and parameters"),
        "key_newest": _("Newest question"),
    }
