"""Step 3 of 8, decide: what may happen in the department. Pure: time, ids and look-ups come in as arguments."""

from typing import Final
from uuid import UUID

NAMESPACE: Final = UUID("6a0f4f0e-50fb-5d0a-8c46-0d7f3f5b1c92")
"""Streams of processing have ids made from names: whoever knows a dossier knows the id of its case."""
