"""Prometheus metrics of the assistant."""

from prometheus_client import Counter, Gauge, Histogram

ANSWERS = Counter("cland_answers_total", "Answers that ended", ["status", "reason"])
MODEL_ANSWERS = Counter("cland_model_answers_total", "Answers by model", ["model", "status"])
MODEL_TOKENS = Counter("cland_model_tokens_total", "Tokens by model", ["model", "kind"])
MODEL_COST = Counter("cland_model_cost_total", "Cost by model", ["model", "currency"])
RUNNING = Gauge("cland_answers_running", "Answers being streamed", multiprocess_mode="livesum")
STREAMS = Gauge("cland_streams_open", "Open event streams", multiprocess_mode="livesum")
WAITING = Gauge("cland_answers_waiting", "Sessions waiting for a slot", multiprocess_mode="livesum")
FIRST_TEXT = Histogram(
    "cland_answer_first_text_seconds",
    "From the start of an attempt to its first text",
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 25),
)
WHOLE = Histogram(
    "cland_answer_seconds",
    "From the start of an attempt to its end",
    buckets=(0.5, 1, 2, 4, 8, 16, 32, 64, 90),
)
