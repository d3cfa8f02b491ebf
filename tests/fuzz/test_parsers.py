"""Whatever bytes somebody outside sends, a parser reads them or says no in the way that it may: nothing else gets out of it.

Good examples are changed in a few places, the same ones each time. In CI that is over in seconds; by night `./motcua fuzz` goes on for ten
minutes, led by what it reaches.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import orjson
import pytest

from tests.architecture.source import ROOT
from tests.fuzz.parsers import PARSERS, Parser, surprises

TRIES: Final = int(os.environ.get("MOTCUA_FUZZ_TRIES", "1000"))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_a_parser_says_no_only_as_it_may(parser: Parser) -> None:
    assert list(surprises(parser, TRIES))[:3] == []


def test_a_parser_that_says_no_in_another_way_would_be_found() -> None:
    careless = Parser("careless", lambda body: orjson.loads(body)["id"], (b'{"id": 1}',), (ValueError,))
    assert any(found.startswith(("KeyError", "TypeError")) for found in surprises(careless, 1000))


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_an_example_is_a_good_one_or_is_refused_as_it_may_be(parser: Parser) -> None:
    for seed in parser.seeds:
        try:
            parser.read(seed)
        except parser.refuses:
            continue


PLANTED: Final = """
import sys
from pathlib import Path
import atheris
from tests.fuzz.__main__ import findings, in_a_process
from tests.fuzz.parsers import Parser

@atheris.instrument_func
def careless(body):
    if body[:1] == b"M":
        if body[1:2] == b"o":
            if body[2:3] == b"t":
                raise IndexError("found")

home = Path(sys.argv[1])
failed, said = in_a_process(Parser("careless", careless, (b"a" * 9,), (ValueError,)), 60, home)
print(failed, "IndexError: found" in said, *(file.read_bytes()[:3] for file in findings(home)))
"""


def test_the_fuzzer_finds_its_way_to_a_fault_step_by_step(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="has wheels for Linux on x86-64 alone")
    ran = subprocess.run([sys.executable, "-c", PLANTED, str(tmp_path)], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ran.stdout == "True True b'Mot'\n"
