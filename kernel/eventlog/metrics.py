"""What an operator watches of a log: how far it is, how far behind its readers are, what is parked."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

APPENDED: Final = Counter("log_appended_total", "Events stored.")
APPEND_BATCH: Final = Histogram("log_append_batch_requests", "Requests per commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
APPEND_SECONDS: Final = Histogram(
    "log_append_seconds", "Time of one commit.", buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5)
)
HEAD: Final = Gauge("log_head", "Last position of the log.")
RELAY_POS: Final = Gauge("log_relay_pos", "Last position that the stream has confirmed.")
RELAY_OLDEST_SECONDS: Final = Gauge("log_relay_oldest_unpublished_seconds", "Age of the oldest event that the stream does not have.")
RELAY_HALTED: Final = Gauge("log_relay_halted", "1 while log and stream tell different histories.")
RELAY_RESYNCS: Final = Counter("log_relay_resyncs_total", "Times that the relay asked the stream where it stands.", ["cause"])
CHECKPOINT: Final = Gauge("log_checkpoint", "Position that a consumer has applied.", ["consumer", "source"])
PARKED: Final = Gauge("log_parked", "Facts that wait for an operator.")
REWINDS: Final = Counter("log_rewinds_total", "Times that a consumer went back to its checkpoint.", ["consumer", "source", "cause"])
FENCED: Final = Counter("log_fenced_total", "Times that a second consumer of the same name was stopped.", ["consumer"])
