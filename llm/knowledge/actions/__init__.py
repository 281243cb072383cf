"""What can be done with articles, questions and memories: one verb per function, no HTTP."""

from llm.knowledge.actions.articles import (
    archive_article,
    create_article,
    delete_article,
    edit_article,
    knowledge_state,
    publish_article,
    restore_state,
    unarchive_article,
)
from llm.knowledge.actions.demo import seed_articles
from llm.knowledge.actions.importing import import_file, import_text, import_url
from llm.knowledge.actions.memory import forget_customer, forget_session
from llm.knowledge.actions.questions import (
    answer_question,
    dismiss_question,
    is_question,
    note_unanswered,
    reopen_question,
    write_answer,
)

__all__ = [
    "answer_question",
    "archive_article",
    "create_article",
    "delete_article",
    "dismiss_question",
    "edit_article",
    "forget_customer",
    "forget_session",
    "import_file",
    "import_text",
    "import_url",
    "is_question",
    "knowledge_state",
    "note_unanswered",
    "publish_article",
    "reopen_question",
    "restore_state",
    "seed_articles",
    "unarchive_article",
    "write_answer",
]
