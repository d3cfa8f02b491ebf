"""What a fact is: a frozen model with a name that is at once event type, golden file and AsyncAPI message."""

from __future__ import annotations

import re
from operator import not_
from typing import Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

TYPE_PATTERN: Final = re.compile(r"^[a-z]+\.[a-z-]+\.[a-z-]+\.v[1-9][0-9]*$")

LEFT_OUT: Final = Field(exclude_if=not_)
"""A field that a later version of the program added: where it says nothing it is not written, so older facts keep their bytes."""


class Value(BaseModel):
    """A part of a fact. Readers ignore fields they do not know, so that a newer writer never breaks an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class Fact(Value):
    """Something that happened. Subclasses name themselves: `class DossierAccepted(Fact, type="intake.dossier.accepted.v1")`."""

    TYPE: ClassVar[str]

    def __init_subclass__(cls, *, type: str, **kwargs: Any) -> None:  # noqa: A002 - the envelope's own word
        """Check and keep the event type, `<service>.<aggregate>.<event>.v<n>`.

        Raises:
            TypeError: if the name does not have that form.
        """
        super().__init_subclass__(**kwargs)
        if TYPE_PATTERN.fullmatch(type) is None:
            message = f"{cls.__name__}: {type!r} is not <service>.<aggregate>.<event>.v<n>"
            raise TypeError(message)
        cls.TYPE = type
