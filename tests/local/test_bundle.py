"""An exported file proves itself with no server, and says of every attack where it was made."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from deploy.local.bundle import Writer, judge, read
from deploy.local.processes import ROOT
from kernel.eventlog import History, Meta, Slice
from kernel.eventlog.event import NO_HASH, rows_of
from kernel.eventlog.seal import Seal, Signed, key_id_of, merkle_root

KEY: Final = Ed25519PrivateKey.from_private_bytes(b"the door's own seal key, 32 long")
STRANGER: Final = Ed25519PrivateKey.from_private_bytes(b"a key that nobody trusts 32 long")
MONDAY: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DOSSIERS: Final = (UUID(int=1), UUID(int=2), UUID(int=3))
FIRST, SECOND, THIRD = DOSSIERS
DUE: Final = MONDAY + timedelta(days=3)


class Accepted(BaseModel):
    TYPE: ClassVar[str] = "intake.dossier.accepted.v1"
    due_at: datetime


class Returned(BaseModel):
    TYPE: ClassVar[str] = "intake.dossier.returned.v1"
    returned_at: datetime


Body: TypeAlias = tuple[int, bytes]


def facts() -> list[Body]:
    """Give nine events of three dossiers in turn: accepted (1-3), returned (4-6), returned once more (7-9); the third is late."""
    histories = {dossier: History(dossier) for dossier in DOSSIERS}
    bodies = list[Body]()
    for turn in range(3):
        for dossier in DOSSIERS:
            at = MONDAY + timedelta(days=5 if dossier == THIRD else turn, minutes=len(bodies))
            fact = Accepted(due_at=DUE) if turn == 0 else Returned(returned_at=at)
            meta = Meta(f"command-{len(bodies)}", "officer-7", at)
            [row] = rows_of("intake", Slice(histories[dossier], "H09.13", [fact]), meta, at, first=0)
            histories[dossier] = History(dossier, row.version, len(bodies) + 1, row.hash)
            bodies.append((len(bodies) + 1, row.body))
    return bodies


def rows(bodies: list[Body]) -> list[dict[str, Any]]:
    """Give the lines of a bundle's events."""
    text = io.StringIO()
    writer = Writer(text)
    for pos, body in bodies:
        writer.event("intake", pos, body)
    return [json.loads(line) for line in text.getvalue().splitlines()]


def seals_over(bodies: list[Body], *, key: Ed25519PrivateKey = KEY, uptos: tuple[int, ...] = (3, 6, 8)) -> list[Signed]:
    """Seal events, the last of which no seal covers yet."""
    hashes, signed, since, previous = [bytes.fromhex(row["hash"]) for row in rows(bodies)], list[Signed](), 0, NO_HASH
    for upto in uptos:
        seal = Seal("intake", upto, merkle_root(hashes[since:upto]), previous, MONDAY + timedelta(days=upto))
        signed.append(Signed(seal, key_id_of(key.public_key()), key.sign(seal.digest)))
        since, previous = upto, seal.digest
    return signed


def bundle(bodies: list[Body] | None = None, seals: list[Signed] | None = None, key: Ed25519PrivateKey = KEY) -> list[bytes]:
    """Write a bundle, true unless it is told otherwise; give its lines."""
    bodies = facts() if bodies is None else bodies
    text = io.StringIO()
    writer = Writer(text)
    for pos, body in bodies:
        writer.event("intake", pos, body)
    for signed in seals_over(facts()) if seals is None else seals:
        writer.seal(signed)
    writer.key("intake", key.public_key())
    return text.getvalue().encode().splitlines(keepends=True)


def findings(lines: list[bytes], *, trusted: list[Ed25519PublicKey] | None = None, witnesses: list[Signed] | None = None) -> list[str]:
    reading = read(lines)
    judge(reading, [KEY.public_key()] if trusted is None else trusted, witnesses or [])
    return reading.findings


def at(pos: int, dossier: UUID, wrong: str) -> str:
    return f"intake: position {pos}, stream {dossier}: {wrong}"


WRONG_HASH: Final = "the hash is not that of the body and the previous hash"


def broken(since: int, upto: int) -> str:
    return f"intake: seal {upto}: the events {since + 1} to {upto} are not those that were sealed"


def test_a_true_bundle_has_no_findings() -> None:
    reading = read(bundle())
    judge(reading, [], [])
    assert reading.findings == []
    verdict = reading.audits["intake"].verdict
    assert (verdict.events, verdict.streams, verdict.seals, verdict.sealed_upto) == (9, 3, 3, 8)


def on_time(lines: list[bytes]) -> list[bytes]:
    """OpenCPS 9669: a result that was late is edited so that it was on time."""
    late = (MONDAY + timedelta(days=5, minutes=5)).isoformat().replace("+00:00", "Z").encode()
    assert late in lines[5]
    return [*lines[:5], lines[5].replace(late, MONDAY.isoformat().replace("+00:00", "Z").encode()), *lines[6:]]


def swapped_bodies(lines: list[bytes]) -> list[bytes]:
    (first, one), (second, two) = (line.split(b',"event":') for line in (lines[3], lines[4]))
    return [*lines[:3], first + b',"event":' + two, second + b',"event":' + one, *lines[5:]]


def given_to_another(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(str(FIRST).encode(), str(SECOND).encode()), *lines[4:]]


def edited_actor(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"officer-7", b"officer-8"), *lines[2:]]


def deleted(lines: list[bytes]) -> list[bytes]:
    return lines[:3] + lines[4:]


def inserted(lines: list[bytes]) -> list[bytes]:
    return [*lines[:4], lines[3], *lines[4:]]


def reordered(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def cut(lines: list[bytes]) -> list[bytes]:
    return lines[:7] + lines[9:]


def with_a_stray_line(lines: list[bytes]) -> list[bytes]:
    return [b"{}\n", *lines]


def without_a_seal(lines: list[bytes]) -> list[bytes]:
    return lines[:9] + lines[10:]


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (on_time, [at(6, THIRD, WRONG_HASH)]),
        (edited_actor, [at(2, SECOND, WRONG_HASH)]),
        (deleted, ["intake: position 4 is missing: found 5", at(7, FIRST, "version 3 follows 1"), at(7, FIRST, WRONG_HASH), broken(3, 6)]),
        (inserted, ["intake: position 5 is missing: found 4", at(4, FIRST, "version 2 follows 2"), at(4, FIRST, WRONG_HASH), broken(3, 6)]),
        (
            reordered,
            ["intake: position 4 is missing: found 5", "intake: position 6 is missing: found 4", "intake: position 5 is missing: found 6"],
        ),
        (cut, [broken(6, 8)]),
        (
            swapped_bodies,
            [at(4, SECOND, WRONG_HASH), at(5, FIRST, WRONG_HASH), at(7, FIRST, WRONG_HASH), at(8, SECOND, WRONG_HASH)],
        ),
        (
            given_to_another,
            [
                at(4, SECOND, WRONG_HASH),
                at(5, SECOND, "version 2 follows 2"),
                at(5, SECOND, WRONG_HASH),
                at(7, FIRST, "version 3 follows 1"),
                at(7, FIRST, WRONG_HASH),
            ],
        ),
        (with_a_stray_line, ["line 1 is no event, seal or key"]),
        (without_a_seal, [broken(0, 6), "intake: seal 6: it does not follow the previous seal"]),
    ],
)
def test_every_attack_on_the_lines_is_found_with_its_position_and_its_dossier(
    attack: Callable[[list[bytes]], list[bytes]], found: list[str]
) -> None:
    assert findings(attack(bundle()))[: len(found)] == found


def hashed_anew(pos: int, old: bytes, new: bytes) -> list[Body]:
    """Edit one body; whoever writes the bundle hashes every chain anew."""
    edited = [(at_, body.replace(old, new) if at_ == pos else body) for at_, body in facts()]
    assert edited != facts()
    return edited


def re_dated() -> list[Body]:
    late = b'"returned_at":"2026-03-07'
    return hashed_anew(6, late, b'"returned_at":"2026-03-04')


def test_an_edit_that_was_hashed_anew_is_found_by_the_seal_over_it() -> None:
    assert findings(bundle(re_dated())) == [broken(3, 6)]


def test_an_edit_that_was_hashed_and_sealed_anew_needs_a_key_that_nobody_trusts() -> None:
    forged = bundle(re_dated(), seals_over(re_dated(), key=STRANGER), key=STRANGER)
    stranger = key_id_of(STRANGER.public_key())
    assert findings(forged) == [f"intake: seal {upto}: key {stranger} is not trusted" for upto in (3, 6, 8)]
    # Judged by nothing but itself it is whole: therefore a reader names the keys that he knows.
    assert findings(forged, trusted=[]) == []


def test_an_edit_sealed_anew_with_the_stolen_key_is_found_by_whoever_kept_an_earlier_file() -> None:
    forged = bundle(re_dated(), seals_over(re_dated()))
    assert findings(forged) == []
    assert findings(forged, witnesses=seals_over(facts())) == [
        "intake: seal 6: the witnesses hold another one",
        "intake: witness 6: the events 4 to 6 are not those that were sealed",
        "intake: seal 8: the witnesses hold another one",
    ]


def test_an_old_copy_put_in_place_of_the_new_one_is_found_by_whoever_kept_a_newer_seal() -> None:
    old = bundle(facts()[:6], seals_over(facts())[:2])
    assert findings(old) == []
    assert findings(old, witnesses=seals_over(facts())) == [
        "intake: seal 8: the witnesses hold it, the log does not",
        "intake: witness 8: the events 7 to 8 are not those that were sealed",
    ]
    assert findings(bundle(), witnesses=seals_over(facts())[:2]) == []


def test_events_of_another_service_under_this_ones_name_are_found() -> None:
    other = [line.replace(b'"position":"intake/', b'"position":"feedback/') for line in bundle()[:9]]
    assert findings([*other, *bundle()[9:]])[:1] == [broken(0, 3)]


@given(line=st.integers(0, 12), place=st.integers(0, 2000), flip=st.integers(1, 255))
def test_any_byte_changed_below_the_last_seal_is_found(line: int, place: int, flip: int) -> None:
    lines = bundle()
    # The key is the reader's own, the ninth event is not sealed yet: its chain alone speaks for it.
    text = lines[line]
    place %= len(text) - 1
    lines[line] = text[:place] + bytes([text[place] ^ flip]) + text[place + 1 :]
    if line < 12:
        assert findings([part for whole in lines for part in whole.splitlines(keepends=True)])


# The command.


def motcua(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.local", "verify", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)


def written(folder: Path, name: str, lines: list[bytes]) -> Path:
    (folder / name).write_bytes(b"".join(lines))
    return folder / name


def test_the_command_verifies_a_file_and_shows_the_keys_that_it_believed(tmp_path: Path) -> None:
    public = KEY.public_key().public_bytes_raw().hex()
    file = written(tmp_path, "facts.jsonl", bundle())
    shown = motcua("--bundle", file)
    assert shown.returncode == 0, shown.stderr
    assert "the keys are the file's own" in shown.stdout
    assert public in shown.stdout
    assert "the keys are the file's own" not in motcua("--bundle", file, "--key", public).stdout
    assert motcua("--bundle", file, "--key", STRANGER.public_key().public_bytes_raw().hex()).returncode == 1
    assert motcua("--bundle", tmp_path / "absent").returncode == 2


def test_the_command_answers_for_one_dossier(tmp_path: Path) -> None:
    file = written(tmp_path, "facts.jsonl", on_time(bundle()))
    for dossier, good in ((FIRST, True), (THIRD, False)):
        done = motcua("--bundle", file, "--dossier", str(dossier), "--json")
        said = json.loads(done.stdout)
        assert (done.returncode, said["verified"]) == (0 if good else 1, good)
        assert [place["position"] for place in said["places"]] == [f"intake/{pos + dossier.int - 1}" for pos in (1, 4, 7)]
        assert [place["seal"] for place in said["places"]][:2] == [3, 6]
    assert motcua("--bundle", file, "--dossier", str(UUID(int=9))).returncode == 2


def test_the_command_compares_with_an_earlier_file(tmp_path: Path) -> None:
    forged = written(tmp_path, "forged.jsonl", bundle(re_dated(), seals_over(re_dated())))
    assert motcua("--bundle", forged).returncode == 0
    compared = motcua("--bundle", forged, "--witness", written(tmp_path, "kept.jsonl", bundle()))
    assert compared.returncode == 1
    assert "witness 6: the events 4 to 6" in compared.stdout
