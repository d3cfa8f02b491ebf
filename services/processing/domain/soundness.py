"""Step 3 of 8, decide: what is wrong with a workflow, told before the first case is led by it.

Sound means: every step is reached, every path ends with the last step, every clock is stopped by a decision, the hours of the longest path
are those of the limit, and somebody may do each step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from contracts.vocabulary import Limit, PartnerCode
from services.processing.domain.guard import Unreadable, can_hold, parse
from services.processing.domain.workflow import SIGNING_ROLE, Steps, befores, beyond, ready, signing_step

HOURS_PER_DAY: Final = 8

Fault: TypeAlias = tuple[tuple[int | str, ...], str]
"""Where in the workflow, by keys and indexes, and what is wrong there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """Who there is to do the steps: roles, units, which roles' steps are done in which unit, and in how many days partners answer."""

    roles: Collection[str]
    units: Collection[str]
    done_in: Mapping[str, frozenset[str]]
    partners: Mapping[PartnerCode, int]


def hours_in(limit: Limit) -> int:
    """Give the working hours in a limit; of seven calendar days five are working days, and a part of a day does not count."""
    match limit.unit:
        case "working-hours":
            return limit.amount
        case "working-days":
            return limit.amount * HOURS_PER_DAY
        case "calendar-days":
            return limit.amount * 5 // 7 * HOURS_PER_DAY


def longest_path(steps: Steps) -> int:
    """Give the hours of the slowest way through: beside each other, only the slower branch counts."""
    ends: dict[str, int] = {}
    while now := ready(steps, ends):
        ends |= {step.code: step.hours + max((ends[code] for code in befores(steps, step)), default=0) for step in now}
    return max(ends.values(), default=0)


def faults_of_names(steps: Steps) -> Iterator[Fault]:
    """Find steps that are not numbered in order; as long as there are any, no other step can be named."""
    for n, step in enumerate(steps):
        if step.code != f"B{n + 1}":
            yield ("steps", n, "code"), f"the steps are numbered B1, B2, … in order, so this one is B{n + 1}, not {step.code}"


def faults_of_order(steps: Steps) -> Iterator[Fault]:
    """Find steps that are never reached, that come after themselves, that lead nowhere, and clocks that nobody stops."""
    codes = {step.code for step in steps}
    later = {code: beyond(steps, code) for code in codes}
    for n, step in enumerate(steps):
        here = ("steps", n, "after")
        if unknown := sorted(set(befores(steps, step)) - codes):
            yield here, f"{step.code} is never reached: it comes after {', '.join(unknown)}, which is no step"
        elif step.code in later[step.code]:
            yield here, f"{step.code} is never reached: it comes after itself, round an endless loop"
        elif step.code != steps[-1].code and steps[-1].code not in later[step.code]:
            yield ("steps", n), f"{step.code} leads nowhere: {steps[-1].code}, the last step, does not come after it"
        if back := sorted(code for code in step.returns_to if step.code not in later.get(code, ())):
            yield ("steps", n, "returns_to"), f"{step.code} cannot return to {', '.join(back)}: that is no earlier step"
    signing = signing_step(steps)
    for n, step in enumerate(steps):
        if n and not befores(steps, step):
            yield ("steps", n, "after"), f"{step.code} comes after nothing: the work begins with {steps[0].code}"
        if step.code in later[signing.code] and (behind := sorted(set(step.returns_to) - later[signing.code])):
            yield ("steps", n, "returns_to"), f"{step.code} cannot return to {', '.join(behind)}: the decision is signed by then"
        if step != signing and step.code not in later[signing.code] and signing.code not in later[step.code]:
            yield (
                ("steps", n),
                f"the clock is not stopped for {step.code}: {signing.code}, the decision, can be signed while it is still open",
            )


def faults_of_time(steps: Steps, limit: Limit | None, hours: int) -> Iterator[Fault]:
    """Find hours that do not fit the limit, and a limit that runs with nobody to end it."""
    path = longest_path(steps)
    if path != hours:
        yield ("hours",), f"the longest path takes {path} hours, not {hours}"
    if limit is None:
        return
    if hours_in(limit) < path:
        yield ("limit",), f"the steps take {path} hours, and the limit is {hours_in(limit)}"
    if all(step.role != SIGNING_ROLE for step in steps):
        yield ("limit",), f"the clock is never stopped: no step is one of {SIGNING_ROLE}, who signs"


def faults_of_guards(steps: Steps) -> Iterator[Fault]:
    """Find guards that cannot be read, or that can never be true, so that the case would wait for ever."""
    settled = beyond(steps, signing_step(steps).code)
    for n, step in enumerate(steps):
        if step.requires is None:
            continue
        here = ("steps", n, "requires")
        try:
            guard = parse(step.requires)
        except Unreadable as error:
            yield here, f"{step.code}: {error}"
            continue
        verdicts = ("granted", "refused") if step.code in settled else ("pending",)
        if not all(can_hold(guard, {"verdict": verdict}) for verdict in verdicts):
            yield here, f"{step.code} can never be completed: {step.requires!r} does not become true there"


def faults_of_posts(steps: Steps, posts: Posts, placeholder: str) -> Iterator[Fault]:
    """Find units, roles and partners that do not exist, and steps that nobody may do; what a placeholder stands for is not known yet."""
    for n, step in enumerate(steps):
        if step.role not in posts.roles:
            yield ("steps", n, "role"), f"{step.code}: there is no role {step.role}"
        elif step.unit == placeholder:
            pass
        elif step.unit not in posts.units:
            yield ("steps", n, "unit"), f"{step.code}: there is no unit {step.unit}"
        elif step.role not in posts.done_in.get(step.unit, ()):
            yield ("steps", n, "role"), f"{step.code}: nobody in {step.unit} does the steps of {step.role}"
        for partner in step.consults:
            if (days := posts.partners.get(partner)) is None:
                yield ("steps", n, "consults"), f"{step.code}: there is no partner {partner}"
            elif days * HOURS_PER_DAY > step.hours:
                yield ("steps", n, "consults"), f"{step.code} has {step.hours} hours, and {partner} may take {days} days to answer"
