"""Between the last release and the present program: databases only grow, so that both can run on them side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from shutil import copytree
from typing import Any, Final

import pytest

from deploy.local.release import NotThere, check_out, last_release
from kernel.edge.service import Service
from kernel.eventlog.migrate import Changed, migrate, read_sql
from services.intake.main import SERVICE as INTAKE
from tests.servers import Database, PostgresServer
from tests.services.expanding import dangerous, narrower, read_tables, shape, shows_less
from tests.services.four import SERVICES, each_service

RELEASE: Final = last_release()
MODELS: Final = """
import json, sys
from importlib import import_module
service = import_module(f"services.{sys.argv[1]}.main").SERVICE
print(json.dumps([{"name": model.name, "version": model.version, "ddl": model.ddl} for model in service.models]))
"""
MIGRATE: Final = """
import asyncio, sys
from pathlib import Path
from kernel.eventlog.migrate import migrate
asyncio.run(migrate(sys.argv[2], sys.argv[1], Path("services") / sys.argv[1] / "migrations"))
"""
NARROWING: Final = {
    "a dropped column": ("ALTER TABLE portal.delivery DROP COLUMN status;", "portal.delivery.status: gone", "ban-drop-column"),
    "another name": ("ALTER TABLE portal.delivery RENAME COLUMN error TO why;", "portal.delivery.error: gone", "renaming-column"),
    "a required column": (
        "ALTER TABLE portal.comparison ADD COLUMN reason text NOT NULL;",
        "portal.comparison.reason: new, has to be given",
        "adding-required-field",
    ),
    "a column that must be given now": (
        "ALTER TABLE portal.delivery ALTER COLUMN error SET NOT NULL;",
        "portal.delivery.error: has to be given now",
        "adding-not-nullable-field",
    ),
    "a default that is gone": ("ALTER TABLE portal.delivery ALTER COLUMN attempts DROP DEFAULT;", "attempts: has to be given now", None),
    "another type": ("ALTER TABLE portal.delivery ALTER COLUMN error TYPE varchar;", "was text, is varchar", "changing-column-type"),
    "a dropped table": ("DROP TABLE portal.look_up;", "portal.look_up: the older program reads or writes it", "ban-drop-table"),
    "another name of a table": ("ALTER TABLE portal.record RENAME TO held;", "portal.record: the older program", "renaming-table"),
    "a tighter check": (
        "ALTER TABLE portal.delivery ADD CONSTRAINT delivery_tries CHECK (attempts < 5);",
        "delivery_tries may refuse",
        "constraint-missing-not-valid",
    ),
    "what must be unique now": ("CREATE UNIQUE INDEX delivery_pos ON portal.delivery (pos);", "delivery_pos may refuse", None),
    "a privilege taken": ("REVOKE UPDATE ON portal.receiver FROM {role};", "UPDATE was taken", None),
    "an index that locks writers out": (
        "CREATE INDEX delivery_error ON portal.delivery (error);",
        None,
        "require-concurrent-index-creation",
    ),
}
"""Migrations that the older program would not survive: statement, what comparing finds, what squawk finds."""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program of the last release. A clone without it cannot say what this change breaks, so that is no reason to skip."""
    return check_out(RELEASE.revision, tmp_path_factory.mktemp("released"))


def run(released: Path, arguments: list[str]) -> str:
    """Run the released program's Python."""
    environment = {**os.environ, "PYTHONPATH": str(released)}
    done = subprocess.run([sys.executable, *arguments], cwd=released, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def born(released: Path, postgres: PostgresServer, service: str) -> Database:
    """Make a database as the released program makes it."""
    database = postgres.create_database(service)
    run(released, ["-c", MIGRATE, service, database.owner_dsn])
    return database


def added(released: Path, service: Service[Any]) -> list[Path]:
    """Give the migrations that the release did not have."""
    older = {file.name for file in (released / "services" / service.name / "migrations").glob("*.sql")}
    return [file for file in sorted(service.migrations.glob("*.sql")) if file.name not in older]


def test_a_revision_that_a_clone_lacks_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match=r"not in this clone .*git fetch --unshallow"):
        check_out("0" * 40, tmp_path)


@each_service
async def test_what_was_released_is_migrated_and_only_becomes_wider(
    postgres: PostgresServer, released: Path, service: Service[Any]
) -> None:
    database = born(released, postgres, service.name)
    before = await shape(database.owner_dsn, service.name)
    assert before.columns
    # Refuses an edited file by its checksum, and does not find its way over a file that is gone.
    assert await migrate(database.owner_dsn, service.name, service.migrations) == [file.stem for file in added(released, service)]
    after = await shape(database.owner_dsn, service.name)
    wider = RELEASE.wider.get(service.name, ())
    assert list(narrower(before, after, wider)) == []
    # An exception that nothing needs any more would hide the next thing of its name.
    assert all(any(name in finding for finding in narrower(before, after)) for name in wider)


@each_service
def test_no_migration_since_the_release_locks_the_older_program_out(released: Path, service: Service[Any]) -> None:
    found = {
        file.stem: dangerous(read_sql(file, service.name), RELEASE.allowed.get(f"{service.name}/{file.stem}", ()))
        for file in added(released, service)
    }
    assert not any(found.values()), found


@each_service
async def test_what_older_apis_read_stays_where_it_was(postgres: PostgresServer, released: Path, service: Service[Any]) -> None:
    database = await migrated(postgres, service)
    before = await read_tables(database.owner_dsn, json.loads(run(released, ["-c", MODELS, service.name])))
    after = await read_tables(database.owner_dsn, service.models)
    assert before
    gone = RELEASE.gone.get(service.name, ())
    assert list(shows_less(before, after, gone)) == []
    assert all(any(f"read.{table}." in finding for finding in shows_less(before, after)) for table in gone)


async def migrated(postgres: PostgresServer, service: Service[Any], folder: Path | None = None) -> Database:
    """Make a database of the present, or with further migrations."""
    database = postgres.create_database(service.name)
    await migrate(database.owner_dsn, service.name, folder or service.migrations)
    return database


@pytest.mark.parametrize("what", NARROWING)
async def test_a_migration_that_takes_something_away_is_refused(postgres: PostgresServer, tmp_path: Path, what: str) -> None:
    sql, comparing, squawk = NARROWING[what]
    before = await shape((await migrated(postgres, INTAKE)).owner_dsn, INTAKE.name)
    folder = copytree(INTAKE.migrations, tmp_path / "migrations")
    (folder / "9999_planted.sql").write_text(sql, encoding="utf-8")
    after = await shape((await migrated(postgres, INTAKE, folder)).owner_dsn, INTAKE.name)
    found = list(narrower(before, after))
    assert any(comparing in finding for finding in found) if comparing else found == []
    said = dangerous(read_sql(folder / "9999_planted.sql", INTAKE.name))
    assert any(finding.startswith(squawk) for finding in said) if squawk else said is not None
    assert found or said


async def test_what_only_adds_is_let_through(postgres: PostgresServer, tmp_path: Path) -> None:
    before = await shape((await migrated(postgres, INTAKE)).owner_dsn, INTAKE.name)
    folder = copytree(INTAKE.migrations, tmp_path / "migrations")
    sql = (
        "ALTER TABLE portal.delivery ADD COLUMN note text, ADD COLUMN tried boolean NOT NULL DEFAULT false;"
        "CREATE TABLE portal.fresh (id bigint PRIMARY KEY, name text NOT NULL); GRANT SELECT ON portal.fresh TO {role};"
    )
    (folder / "9999_planted.sql").write_text(sql, encoding="utf-8")
    after = await shape((await migrated(postgres, INTAKE, folder)).owner_dsn, INTAKE.name)
    assert list(narrower(before, after)) == []
    assert dangerous(read_sql(folder / "9999_planted.sql", INTAKE.name)) == []


async def test_a_released_migration_that_was_edited_is_refused(postgres: PostgresServer, released: Path, tmp_path: Path) -> None:
    database = born(released, postgres, INTAKE.name)
    folder = copytree(INTAKE.migrations, tmp_path / "migrations")
    with (folder / "0010_portal.sql").open("a", encoding="utf-8") as edited:
        edited.write("-- and a word more\n")
    with pytest.raises(Changed):
        await migrate(database.owner_dsn, INTAKE.name, folder)


SHOWN: Final = {"register": {"version": 4, "ddl": "a", "tables": {"dossier": {"id": "uuid", "code": "text"}}}}
LESS: Final[dict[str, tuple[Callable[[Any], object], str]]] = {
    "a column": (lambda now: now["tables"]["dossier"].pop("code"), "read.dossier.code is gone"),
    "a type": (lambda now: now["tables"]["dossier"].update(code="int4"), "is int4, was text"),
    "a table": (lambda now: now["tables"].pop("dossier"), "read.dossier.id is gone"),
    "an older version": (lambda now: now.update(version=3), "version 3 is shown after 4"),
    "two things of one version": (lambda now: now.update(version=4), "version 4 has other tables"),
}


@pytest.mark.parametrize("what", LESS)
def test_a_read_model_that_shows_less_is_refused(what: str) -> None:
    now = deepcopy(SHOWN)
    now["register"].update(version=5, ddl="b")
    assert list(shows_less(SHOWN, now)) == []
    break_it, reason = LESS[what]
    break_it(now["register"])
    assert any(reason in finding for finding in shows_less(SHOWN, now))


def test_a_read_model_that_is_gone_is_refused() -> None:
    assert list(shows_less(SHOWN, {})) == ["register: the read model is gone"]


def test_what_squawk_is_told_to_overlook_is_a_migration_since_the_release(released: Path) -> None:
    since = {f"{service.name}/{file.stem}" for service in SERVICES for file in added(released, service)}
    assert since.issuperset(RELEASE.allowed)
