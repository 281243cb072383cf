"""The rows of the knowledge. They are the truth; vectors in Chroma are made from them."""

from llm.knowledge.models.articles import Article, ArticleVersion, Audience, Chunk, Posting
from llm.knowledge.models.index import IndexJob
from llm.knowledge.models.memory import Memory
from llm.knowledge.models.questions import Asking, Question

__all__ = [
    "Article",
    "ArticleVersion",
    "Asking",
    "Audience",
    "Chunk",
    "IndexJob",
    "Memory",
    "Posting",
    "Question",
]
