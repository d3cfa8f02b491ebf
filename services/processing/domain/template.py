"""Step 3 of 8, decide: the versions of one permit template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias
from uuid import UUID, uuid5

from contracts.processing_permits import TemplatePublished
from contracts.vocabulary import ContentHash
from kernel.eventlog import Decider, Refused
from services.processing.domain import NAMESPACE

State: TypeAlias = Mapping[int, ContentHash]
"""The hash of each version that was published."""


def stream_of(code: str) -> UUID:
    """Give the stream of a template."""
    return uuid5(NAMESPACE, f"template:{code}")


def decide(command: TemplatePublished, state: State) -> list[TemplatePublished]:
    """Publish a version.

    Raises:
        Refused: "version-was-edited", if it was published with other contents.
    """
    if (before := state.get(command.version)) is None:
        return [command]
    if before != command.content_hash:
        raise Refused("version-was-edited")
    return []


def evolve(state: State, event: TemplatePublished) -> State:
    """Remember the version."""
    return {**state, event.version: event.content_hash}


DECIDER: Final = Decider[TemplatePublished, State]({}, decide, evolve)
