"""What the services of a throw-away Motcua are told besides what its stack tells them."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager


@contextmanager
def told(settings: Mapping[str, str]) -> Generator[None]:
    """Have these in the environment, which processes that are started meanwhile take over."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
