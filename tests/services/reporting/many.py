"""A year of a department's dossiers in the mirror's tables, as many as are wanted: seeded, with no real person, written in bulk.

The rows are those that the projections would have made of facts; what the database keeps from them is then made by its own rule.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from services.reporting.domain.period import Period
from services.reporting.projections import MIRROR

YEAR: Final = Period(date(2025, 1, 1), date(2025, 12, 31))
AGENCY: Final = "H09.13"
FIELDS: Final = {
    "hoa-chat": "Hóa chất",
    "dien": "Điện",
    "xang-dau": "Kinh doanh xăng dầu",
    "ruou": "Lưu thông hàng hóa trong nước",
    "xuc-tien": "Xúc tiến thương mại",
    "khi": "Kinh doanh khí",
    "vat-lieu-no": "Vật liệu nổ công nghiệp",
    "an-toan-tp": "An toàn thực phẩm",
    "xuat-nhap-khau": "Xuất nhập khẩu",
    "da-cap": "Quản lý bán hàng đa cấp",
    "cum-cn": "Cụm công nghiệp",
    "khoa-hoc": "Khoa học, công nghệ",
}
UNITS: Final = ("phong-ky-thuat", "phong-thuong-mai", "phong-nang-luong", "phong-cong-nghiep", "phong-xuat-nhap-khau", "van-phong")
COPIED_MAX: Final = 20_000
TOLD: Final = ("submitted", "accepted", "ready", "refused", "withdrawn", "returned")
COLUMNS: Final = (
    *("dossier_id", "agency", "procedure", "field", "channel", "unit", "code", "submitted_on", "accepted_on", "ready_on", "outcome"),
    *("refused_on", "withdrawn_on", "returned_on", *(f"{what}_pos" for what in TOLD), "opened_pos", "pos_intake", "pos_processing"),
)
CLOCK: Final = ("intake_pos", "dossier_id", "changed_on", "runs", "due_on", "pos_intake")


@dataclass
class Dossiers:
    """So many dossiers of one year."""

    count: int
    seed: int = 5

    def rows(self) -> Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]:
        """Give the row of each dossier, and the rows of its clock."""
        chance, fields = random.Random(self.seed), list(FIELDS)  # noqa: S311 - chance comes from a seed, so that it can be repeated
        span = (YEAR.last - YEAR.first).days + 1
        pos = 0
        for n in range(self.count):
            on = YEAR.first + timedelta(days=n * span // self.count)
            kind = min(int(chance.expovariate(0.35)), len(fields) - 1)
            id, due = UUID(int=chance.getrandbits(128), version=4), on + timedelta(days=chance.choice((3, 5, 7, 14, 20)))
            clock, took = [(True, on, due)], chance.randint(1, 7) if kind else chance.randint(1, 9)
            if chance.random() < 0.1:
                asked, back = on + timedelta(days=1), on + timedelta(days=chance.randint(3, 12))
                due = back + timedelta(days=7)
                clock += [(False, asked, None), (True, back, due)]
                took += (back - on).days
            ready: date | None = on + timedelta(days=min(took, (due - on).days) if chance.random() < 0.97 else (due - on).days + took)
            refused = withdrawn = None
            match chance.random():
                case at if at < 0.01:
                    refused, ready, clock = on, None, []
                case at if at < 0.03:
                    withdrawn, ready = on + timedelta(days=2), None
                case _:
                    pass
            ready = None if ready is None or ready > YEAR.last else ready
            told = [(pos + k + 2, id, changed, runs, until, pos + k + 2) for k, (runs, changed, until) in enumerate(clock)]
            pos += 8
            unit = None if refused else UNITS[(kind + (chance.random() < 0.2)) % len(UNITS)]
            accepted = None if refused else on
            yield (
                (
                    *(
                        id,
                        AGENCY,
                        f"2.{kind:03d}{chance.randint(0, 4):03d}",
                        fields[kind],
                        chance.choice(("online", "online", "desk", "post")),
                    ),
                    *(unit, f"{AGENCY}-{on:%y%m%d}-{n:06d}", on, accepted, ready, "granted" if ready else None, refused, withdrawn, ready),
                    *(pos, pos + 1, *([None] * 4), pos, pos, pos),
                ),
                told,
            )

    async def fill(self, connection: Any) -> None:
        """Write them, and let the database keep what it keeps."""
        schema = MIRROR.consumer
        names = ", ".join(f"{schema}.{table}" for table in ("dossier_register", "clock", "judged", "tally", "lain", "procedure"))
        await connection.execute(f"TRUNCATE {names}")
        for table in ("dossier_register", "clock"):
            await connection.execute(f"DROP TRIGGER IF EXISTS told ON {schema}.{table}; DROP TRIGGER IF EXISTS retold ON {schema}.{table}")
        rows = self.rows()
        while some := list(islice(rows, COPIED_MAX)):
            dossiers, clocks = [row for row, _ in some], [row for _, told in some for row in told]
            await copied(connection, "dossier_register", COLUMNS, dossiers)
            await copied(connection, "clock", CLOCK, clocks)
        called = [(f"2.{n:03d}000", name, code, name, AGENCY, "Sở Công Thương") for n, (code, name) in enumerate(FIELDS.items())]
        columns = ("code", "name", "field", "field_name", "agency", "agency_name")
        await copied(connection, "procedure", columns, called)
        await connection.execute(f"SET statement_timeout = 0; SET search_path = {schema}, public; {MIRROR.kept_ddl}; RESET search_path")


async def copied(connection: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows in bulk; a table behind a wall takes no copy, so they go through one that has none."""
    schema = MIRROR.consumer
    await connection.execute(f"CREATE TABLE {schema}.copied (LIKE {schema}.{table})")
    await connection.copy_records_to_table("copied", schema_name=schema, columns=columns, records=rows)
    await connection.execute(f"INSERT INTO {schema}.{table} TABLE {schema}.copied; DROP TABLE {schema}.copied", timeout=300)
