"""What every test shares: the real servers, started once per run when the first test asks for one."""

from __future__ import annotations

from importlib.util import find_spec

# The fixtures live in a module of their own, because the launcher's tests use it too.
pytest_plugins = ["tests.servers"] if find_spec("tests.servers") else []
