"""Whatever bytes somebody outside sends, a parser reads them or says no in the way that it may: nothing else gets out of it.

Good examples are changed in a few places, the same ones each time. In CI that is over in seconds; by night `MOTCUA_FUZZ_TRIES=500000
./motcua test tests/fuzz` takes ten minutes and more.
"""

from __future__ import annotations

import os
from typing import Final

import orjson
import pytest

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
