"""Before step 1: reads a YAML file that must have a form; whatever is wrong is said with the file and the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Form = TypeVar("Form", bound=BaseModel)
Place: TypeAlias = tuple[int | str, ...]
"""The way to a value of a file, by keys and indexes: `("steps", 3, "role")`."""


class Misread(ValueError):  # noqa: N818 - says what happened to the file
    """A file that cannot be used; each line of the message names the file, the line and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Where a file says what."""

    file: Path
    numbers: Mapping[Place, int]

    def at(self, place: Place) -> str:
        """Give file and line of a place; of what is not there, those of what should hold it."""
        while place not in self.numbers and place:
            place = place[:-1]
        return f"{self.file.name}:{self.numbers.get(place, 1)}"


@dataclass(frozen=True, slots=True)
class OnFile(Generic[Form]):
    """What a file says, and on which line it says it."""

    content: Form
    lines: Lines


def read_yaml(file: Path, form: type[Form]) -> OnFile[Form]:
    """Read a file.

    Raises:
        Misread: if it is no YAML, or has not the form.
    """
    text = file.read_text(encoding="utf-8")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        message = f"{file.name}:{mark.line + 1 if mark else 1}: {error.problem}"
        raise Misread(message) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # a letter that YAML has no place for, a day that no calendar has
        message = f"{file.name}: {error}"
        raise Misread(message) from error
    lines = Lines(file, dict(_numbers(node, ())) if node else {})
    try:
        return OnFile(form.model_validate(content), lines)
    except ValidationError as error:
        wrong = [f"{lines.at(each['loc'])}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise Misread("\n".join(wrong)) from error


def _numbers(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    """Give the line on which each value of a file begins; that of an entry is that of its key."""
    yield place, node.start_mark.line + 1
    pairs: Any
    if isinstance(node, yaml.MappingNode):
        pairs = node.value
        for key, value in pairs:
            yield from _numbers(value, (*place, key.value))
            yield (*place, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _numbers(value, (*place, index))
