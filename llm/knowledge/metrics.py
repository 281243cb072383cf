"""Prometheus metrics of knowledge and memory."""

from prometheus_client import Counter, Gauge, Histogram

FAILURES = Counter(
    "cland_knowledge_failures_total",
    "Searches that went on without a part: vectors, words or memory",
    ["part"],
)
SEARCHES = Counter("cland_knowledge_searches_total", "Searches for replies", ["outcome"])
SECONDS = Histogram(
    "cland_knowledge_search_seconds",
    "What a reply waited for passages",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1),
)
PENDING = Gauge(
    "cland_knowledge_index_pending", "Index jobs not done yet", multiprocess_mode="mostrecent"
)
INDEXED = Counter("cland_knowledge_indexed_total", "Index jobs done", ["kind"])
