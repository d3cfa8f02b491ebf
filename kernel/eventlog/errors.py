"""What can go wrong with a log, by what the caller should do about it."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cancelled in the middle
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""The database is away, full or slow: nothing is wrong with the request."""


class Conflict(Exception):  # noqa: N818 - the field's word
    """Somebody else was first. `constraint` names what they took: a version of the stream, or a row beside it."""

    def __init__(self, constraint: str) -> None:
        """Keep the constraint's name."""
        super().__init__(constraint)
        self.constraint = constraint


class Busy(Exception):  # noqa: N818 - the field's word
    """The queue is full or the database is away: nothing was refused, ask again after `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: int = 1) -> None:
        """Keep the reason and the wait."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class Contended(Busy):
    """Others kept being first at the same stream."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("contended")


class Refused(Exception):  # noqa: N818 - the field's word
    """A command that makes no sense in the present state. `reason` is a stable kebab-case word, `detail` names more."""

    def __init__(self, reason: str, **detail: Any) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class VersionMismatch(Exception):  # noqa: N818 - the field's word
    """The caller decided on a version that is no longer the last."""

    def __init__(self, expected: int, actual: int) -> None:
        """Keep both versions."""
        super().__init__(f"expected version {expected}, found {actual}")
        self.expected = expected
        self.actual = actual


class Doubt(Exception):  # noqa: N818 - the field's word
    """What was read may not be the log: forget it and read again from the checkpoint."""


class Fenced(Doubt):
    """Another consumer of the same name moved the checkpoint, or the database crashed and forgot what it had not flushed."""


class Halt(Exception):  # noqa: N818 - the field's word
    """Log and stream tell different histories: stop publishing until an operator has looked."""
