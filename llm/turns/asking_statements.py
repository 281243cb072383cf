"""The statements of :mod:`llm.turns.quick_asking`, for PostgreSQL; all names are our own. See
:mod:`llm.answers.statements` for how rows travel and why nobody waits."""
# ruff: noqa: S608

from __future__ import annotations

from functools import cache

from llm.answers.statements import head_columns, hot_changes, hot_types, table
from llm.models import Answer, Conversation, ModelConfig, Turn
from sessions_app.models import ChatSession, Message, Participant, ParticipantRole
from sessions_app.rows import columns


@cache
def talks() -> str:
    """Conversations that their askers take part in, as they stand.

    Parameters: for each question the conversation's id, the asker's and the key of the send or
    null; then the conversations' ids. Each row has the question's number from 1, whether something
    is in the way, how many answers the asker has open, the models that anyone may ask, those of
    the conversation, its title, and the session with its mark.
    """
    names = ", ".join(f"s.{name}" for name in head_columns())
    answer, turn, message = table(Answer), table(Turn), table(Message)
    return f"""
        SELECT q.number,
          EXISTS (SELECT 1 FROM {turn} WHERE session_id = s.id AND finished_at IS NULL)
          OR EXISTS (SELECT 1 FROM {message} WHERE send_key = q.send_key),
          (SELECT count(*) FROM {answer} AS a JOIN {turn} AS t ON t.id = a.turn_id
           WHERE a.status IN ('queued', 'running') AND t.asked_by_id = q.user_id),
          (SELECT coalesce(json_agg(json_build_array(id, name, model)), '[]')::text
           FROM {table(ModelConfig)} WHERE enabled AND max_parallel IS NULL),
          c.model_ids::text, s.title, s.xmin::text, {names}
        FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[])
          WITH ORDINALITY AS q(session_id, user_id, send_key, number)
        JOIN {table(ChatSession)} AS s ON s.id = q.session_id
        JOIN {table(Conversation)} AS c ON c.session_id = s.id
        JOIN {table(Participant)} AS p ON p.session_id = s.id AND p.user_id = q.user_id
        WHERE s.id = ANY(%s::uuid[]) AND p.left_at IS NULL
          AND p.role <> '{ParticipantRole.OBSERVER}'"""


@cache
def ask() -> str:
    """Store questions with their turns and slots: all of it, or for a session whose row has
    changed nothing.

    Parameters: marked sessions, each with a new title or null (JSON), session ids twice;
    messages, turns, answers (JSON).
    """
    answer, turn, session, message = (
        table(Answer), table(Turn), table(ChatSession), table(Message)
    )  # fmt: skip
    asked, turned, queued = (", ".join(columns(kind)) for kind in (Message, Turn, Answer))
    return f"""
        WITH v AS MATERIALIZED (
            SELECT * FROM json_to_recordset(%s::json) AS v(mark xid, title text, {hot_types()})
        ), held AS (
            SELECT s.id FROM {session} AS s JOIN v ON v.id = s.id AND v.mark = s.xmin
            WHERE s.id = ANY(%s) FOR NO KEY UPDATE OF s SKIP LOCKED
        ), moved AS (
            UPDATE {session} AS s SET title = coalesce(v.title, s.title), {hot_changes()}
            FROM v JOIN held ON held.id = v.id
            WHERE s.id = v.id AND s.id = ANY(%s) RETURNING s.id
        ), asked AS (
            INSERT INTO {message} ({asked})
            SELECT {asked} FROM json_populate_recordset(NULL::{message}, %s::json)
            WHERE session_id IN (SELECT id FROM moved)
        ), turned AS (
            INSERT INTO {turn} ({turned})
            SELECT {turned} FROM json_populate_recordset(NULL::{turn}, %s::json)
            WHERE session_id IN (SELECT id FROM moved) RETURNING id
        ), queued AS (
            INSERT INTO {answer} ({queued})
            SELECT {queued} FROM json_populate_recordset(NULL::{answer}, %s::json)
            WHERE turn_id IN (SELECT id FROM turned)
        )
        SELECT id FROM moved"""
