"""Step 3 of 8, decide: what is wrong with the conditions of a workflow, proved on every path that they leave.

A step with a condition is done or skipped. Every combination that can come about is walked: it must come to the last step, each guard on it
must be able to become true with what that path has found out, and what a step does by itself must be what nobody has to answer for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

from contracts.processing import Step
from services.processing.domain.guard import KINDS, Known, Unreadable, can_hold, parse
from services.processing.domain.soundness import HOURS_PER_DAY, Fault
from services.processing.domain.workflow import Steps, beyond, ready, signing_step

CONDITIONS_MAX: Final = 8
"""So many steps may have a condition: every combination of them is walked."""

FINDINGS: Final = {"site-check": "site-finding", "council": "council-finding"}


def faults_of_conditions(steps: Steps) -> Iterator[Fault]:
    """Find conditions that cannot be read, that decide nothing, or that stand where every path must pass."""
    fixed = {steps[0].code: "the work begins with it", steps[-1].code: "every path ends with it"}
    fixed[signing_step(steps).code] = "it stops the clock"
    found = [(n, step) for n, step in enumerate(steps) if step.when is not None]
    if len(found) > CONDITIONS_MAX:
        yield ("steps",), f"{len(found)} steps have a condition, and at most {CONDITIONS_MAX} may"
        return
    readable = True
    for n, step in found:
        if step.code in fixed:
            yield ("steps", n, "when"), f"{step.code} cannot be skipped: {fixed[step.code]}"
        try:
            parse(step.when or "")
        except Unreadable as error:
            readable = False
            yield ("steps", n, "when"), f"{step.code}: {error}"
    if readable:
        yield from _faults_of_paths(steps)


def faults_of_records(steps: Steps) -> Iterator[Fault]:
    """Find records that nobody can put down."""
    for n, step in enumerate(steps):
        if step.record is not None and step.record.members is not None:
            least, most = step.record.members
            if not (2 if step.record.kind == "council" else 1) <= least <= most:
                yield ("steps", n, "record"), f"{step.code}: no {step.record.kind} has {least} to {most} members"


def faults_of_timers(steps: Steps) -> Iterator[Fault]:
    """Find steps that pass by themselves though somebody must answer for them, or later than their hours allow."""
    kept = {steps[0].code, steps[-1].code, signing_step(steps).code}
    for n, step in enumerate(steps):
        if step.passes_after is None:
            continue
        here = ("steps", n, "passes_after")
        if step.code in kept:
            yield here, f"{step.code} cannot pass by itself: somebody must receive, sign and issue"
        if step.requires is not None or step.consults or step.record is not None:
            yield here, f"{step.code} cannot pass by itself: it asks for something that nobody would have done"
        if step.passes_after * HOURS_PER_DAY > step.hours:
            yield here, f"{step.code} has {step.hours} hours, and passes by itself only after {step.passes_after} days"


def paths(steps: Steps) -> Iterator[frozenset[str]]:
    """Give every set of steps that may be skipped together, as far as the conditions by themselves can tell."""
    conditional = [step for step in steps if step.when is not None]
    for skips in itertools.product((False, True), repeat=len(conditional)):
        skipped = frozenset(step.code for step, skip in zip(conditional, skips, strict=True) if skip)
        if all(can_hold(parse(step.when or ""), _known(steps, step, skipped), wanted=step.code not in skipped) for step in conditional):
            yield skipped


def _faults_of_paths(steps: Steps) -> Iterator[Fault]:
    found = list(paths(steps))
    for n, step in enumerate(steps):
        if step.when is not None and (all(step.code in path for path in found) or all(step.code not in path for path in found)):
            yield ("steps", n, "when"), f"{step.code}: {step.when!r} decides nothing: it always comes out the same there"
    said: set[tuple[int, str]] = set()
    for skipped in found:
        passed = _walk(steps, skipped)
        if missing := [step.code for step in steps if step.code not in passed]:
            yield ("steps",), f"without {_named(skipped)}, the work never comes to {missing[0]}"
        for n, step in enumerate(steps):
            if step.requires is None or step.code in skipped or (n, step.requires) in said or not _readable(step.requires):
                continue
            if not can_hold(parse(step.requires), _known(steps, step, skipped)):
                said.add((n, step.requires))
                yield (
                    ("steps", n, "requires"),
                    f"{step.code} can never be completed without {_named(skipped)}: {step.requires!r} cannot hold",
                )


def _walk(steps: Steps, skipped: frozenset[str]) -> set[str]:
    passed: set[str] = set()
    while now := ready(steps, passed):
        passed |= {step.code for step in now}
    return passed | skipped


def _known(steps: Steps, step: Step, skipped: frozenset[str]) -> Mapping[str, Known]:
    """Say what is settled on a path when the turn of a step has come: the decision, and what was found before it, if anything was."""
    is_signed = step.code in beyond(steps, signing_step(steps).code)
    known: dict[str, Known] = {"verdict": frozenset({"granted", "refused"}) if is_signed else "pending"}
    for kind, fact in FINDINGS.items():
        makers = [one for one in steps if one.record is not None and one.record.kind == kind and one.code not in skipped]
        sure = [one for one in makers if step.code in beyond(steps, one.code)]
        words = frozenset(found for found in (KINDS[fact]) if found != "none")
        if sure or step in makers:
            known[fact] = words
        elif not makers:
            known[fact] = "none"
    return known


def _readable(text: str) -> bool:
    try:
        parse(text)
    except Unreadable:
        return False
    return True


def _named(skipped: frozenset[str]) -> str:
    return ", ".join(sorted(skipped)) or "anything skipped"
