"""Open data: what became of dossiers, a file a day, in which nobody is told from fewer than K others; and a log of what each file added.

    OUT/2026-03-05.csv      rows that were added on that day
    OUT/changes.csv         one line per day: how many rows, how many dossiers wait, the file's SHA-256, up to which fact

A row is one dossier that was resolved: when it was received, which procedure, by which channel, who asked, how it ended, whether late, how
long it took. The first four may be known of somebody, so they are told only as coarsely as at least K rows of the same file share them;
until there are K alike a dossier waits, and the longer it waits, the coarser it may be told. A row is published once and never changed: so
two files compared, or all of them added up, tell nothing that one does not (as answers to surveys are counted, ADR 26). Rows that are
alike do not all end in a refusal, or being among them would say how it ended. No enterprise is named, though facts may name one.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from deploy.analysts.reading import Told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

K: Final = 5
"""How many rows of a file are alike at least; the number below which reporting shows nothing of answers either."""
SOURCE: Final = "intake"
ANY: Final = "*"
BANDS: Final = ((5, "0-5"), (10, "6-10"), (20, "11-20"), (40, "21-40"))
LONGEST: Final = "41+"
COLUMNS: Final = ("received", "field", "procedure", "channel", "applicant", "outcome", "late", "days")
CHANGES: Final = ("day", "rows", "waiting", "sha256", "upto")


class Quasi(NamedTuple):
    """What may be known of somebody's dossier from elsewhere."""

    received: str
    field: str
    procedure: str
    channel: str
    applicant: str


class Row(NamedTuple):
    """One resolved dossier: what may be known, and what is told."""

    quasi: Quasi
    outcome: str
    late: bool
    days: str
    resolved_on: date


Coarser: TypeAlias = Callable[[Quasi], Quasi]


def quarter(month: str) -> str:
    """Give the quarter of a month, `2026-Q1`."""
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


LEVELS: Final[tuple[tuple[int, Coarser], ...]] = (
    (0, lambda q: q),
    (15, lambda q: q._replace(applicant=ANY)),
    (30, lambda q: q._replace(applicant=ANY, channel=ANY)),
    (45, lambda q: q._replace(applicant=ANY, channel=ANY, procedure=ANY)),
    (60, lambda q: Quasi(quarter(q.received), q.field, ANY, ANY, ANY)),
    (90, lambda q: Quasi(quarter(q.received), ANY, ANY, ANY, ANY)),
)
"""After how many days of waiting a dossier may be told how coarsely."""


@dataclass
class OpenData:
    """Writes the files of whole days; the day that is not over yet waits for the next time.

    Args:
        out: an empty folder, or one that was written from the beginning of the same log: the same facts make the same files.
        k: how many must be alike.
    """

    out: Path
    k: int = K
    rows: int = 0
    _open: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    _waiting: list[Row] = field(default_factory=list[Row])
    _changes: list[tuple[str, int, int, str, str]] = field(default_factory=list["tuple[str, int, int, str, str]"])
    _day: date | None = None
    _upto: str = ""

    def add(self, told: Told) -> None:
        """Take one fact in; with the first of a new day the day before is written."""
        if told.source != SOURCE:
            return
        day = date.fromisoformat(told.event["recordedtime"][:10])
        if self._day is not None and day > self._day:
            self._close(self._day)
        self._day = max(day, self._day or day)
        self._upto = told.position
        data: dict[str, Any] = told.data
        match told.type:
            case "intake.dossier.accepted.v1":
                due = (data["deadline"] or {}).get("due_on")
                known = {name: data[name] for name in ("field", "procedure", "channel", "applicant_kind")}
                self._open[data["dossier_id"]] = {**known, "on": told.day, "due": due}
            case "intake.dossier.rescheduled.v1" if data["dossier_id"] in self._open:
                self._open[data["dossier_id"]]["due"] = data["deadline"]["due_on"]
            case "intake.dossier.withdrawn.v1":
                self._open.pop(data["dossier_id"], None)
            case "intake.dossier.result-ready.v1" if data["dossier_id"] in self._open:
                self._waiting.append(row_of(self._open.pop(data["dossier_id"]), data["outcome"], told.day))
            case _:
                pass

    def finish(self) -> None:
        """Write the log of changes."""
        text = written(CHANGES, self._changes)
        (self.out / "changes.csv").write_bytes(text)

    def _close(self, day: date) -> None:
        """Publish what has found K alike by the end of a day."""
        published = list[tuple[Any, ...]]()
        for patience, coarser in LEVELS:
            groups: dict[Quasi, list[Row]] = {}
            for row in self._waiting:
                if day - row.resolved_on >= timedelta(days=patience):
                    groups.setdefault(coarser(row.quasi), []).append(row)
            for quasi, alike in groups.items():
                if len(alike) >= self.k and any(row.outcome != "refused" for row in alike):
                    published += [(*quasi, row.outcome, "yes" if row.late else "no", row.days) for row in alike]
                    # Rows are values, and some are equal: as many are taken out as were published.
                    left = Counter(alike)
                    self._waiting = [row for row in self._waiting if not _taken(left, row)]
        if not published:
            return
        text = written(COLUMNS, sorted(published))
        (self.out / f"{day.isoformat()}.csv").write_bytes(text)
        self.rows += len(published)
        self._changes.append((day.isoformat(), len(published), len(self._waiting), hashlib.sha256(text).hexdigest(), self._upto))


def _taken(left: Counter[Row], row: Row) -> bool:
    """Tell whether a row is one of those that are to go, and count it off."""
    if left[row] == 0:
        return False
    left[row] -= 1
    return True


def row_of(known: dict[str, Any], outcome: str, on: date) -> Row:
    """Give what is told of a resolved dossier."""
    quasi = Quasi(f"{known['on']:%Y-%m}", known["field"], known["procedure"], known["channel"], known["applicant_kind"])
    days = (on - known["on"]).days
    late = known["due"] is not None and on > date.fromisoformat(known["due"])
    return Row(quasi, outcome, late, next((name for most, name in BANDS if days <= most), LONGEST), on)


def written(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """Write CSV (RFC 4180), UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows([tuple(columns), *(tuple(row) for row in rows)])
    return text.getvalue().encode()


def write(facts: Iterable[Told], out: Path) -> int:
    """Write open data of facts; give how many rows."""
    out.mkdir(parents=True, exist_ok=True)
    data = OpenData(out)
    for told in facts:
        data.add(told)
    data.finish()
    return data.rows
