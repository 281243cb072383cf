"""Prometheus metrics of every process, in one place so that their names do not drift."""

from prometheus_client import Counter, Gauge, Histogram

BUS_SENT = Counter("cland_bus_events_sent_total", "Live events rung to other processes")
BUS_DROPPED = Counter("cland_bus_events_dropped_total", "Live events the bus could not take")
SOCKETS = Gauge("cland_sockets_open", "Open WebSockets", multiprocess_mode="livesum")
FRAMES_IN = Counter("cland_frames_received_total", "Frames from clients", ["type"])
FRAME_ERRORS = Counter("cland_frame_errors_total", "Error frames sent to clients", ["code"])
RESYNCS = Counter("cland_resyncs_total", "Times a client or hub had to read rows again", ["why"])
SLOW_READERS = Counter("cland_slow_readers_total", "Sockets cut because they did not read")
MESSAGES = Counter("cland_messages_total", "Messages committed", ["sender"])
COMMITS = Histogram(
    "cland_commit_batch_messages",
    "Messages per group commit",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
REQUESTS = Counter("cland_http_requests_total", "HTTP requests", ["method", "view", "status"])
REQUEST_SECONDS = Histogram(
    "cland_http_request_seconds",
    "Time to answer an HTTP request",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
