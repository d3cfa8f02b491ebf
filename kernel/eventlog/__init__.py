"""How facts are kept and carried: append, relay, consume, project, rebuild, verify."""

from kernel.eventlog.append import Log
from kernel.eventlog.decide import Decider, Outcome, Target, carry_out, next_in_book, state_before
from kernel.eventlog.errors import Busy, Conflict, Contended, Doubt, Fenced, Halt, Refused, VersionMismatch
from kernel.eventlog.event import Codec, Fact, History, Meta, Recorded, Slice, Unreadable
from kernel.eventlog.project import Columns, Projection, ReadModel, read_ddl
from kernel.eventlog.react import Reaction, Reactor
from kernel.eventlog.request import Appended, Beside, Table
from kernel.eventlog.trace import current_traceparent
from kernel.eventlog.waiting import Watch, answered, positions
from kernel.eventlog.worker import Worker

__all__ = [
    "Appended",
    "Beside",
    "Busy",
    "Codec",
    "Columns",
    "Conflict",
    "Contended",
    "Decider",
    "Doubt",
    "Fact",
    "Fenced",
    "Halt",
    "History",
    "Log",
    "Meta",
    "Outcome",
    "Projection",
    "Reaction",
    "Reactor",
    "ReadModel",
    "Recorded",
    "Refused",
    "Slice",
    "Table",
    "Target",
    "Unreadable",
    "VersionMismatch",
    "Watch",
    "Worker",
    "answered",
    "carry_out",
    "current_traceparent",
    "next_in_book",
    "positions",
    "read_ddl",
    "state_before",
]
