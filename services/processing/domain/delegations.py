"""Step 3 of 8, decide: who signs lets a head of unit sign for him, for a time and for what is named (NĐ 30/2020, Điều 13.3)."""

from __future__ import annotations

from contracts.processing_organisation import SigningDelegated, SigningDelegationEnded
from kernel.eventlog import Refused
from services.processing.domain.organisation_commands import DelegateSigning, EndDelegation
from services.processing.domain.organisation_states import HEAD, Organisation
from services.processing.domain.workflow import SIGNING_ROLE


def delegated(command: DelegateSigning, state: Organisation) -> SigningDelegated:
    """Let a head of unit sign. Only who signs by his own post can let him: what was delegated is not handed on.

    Raises:
        Refused: "not-yours-to-delegate", "no-such-officer", "delegate-must-lead".
    """
    day = command.from_on
    signer, post = state.post(command.by, day), state.post(command.officer, day)
    if signer is None or SIGNING_ROLE not in state.roles_of(signer.role, day):
        raise Refused("not-yours-to-delegate")
    if post is None:
        raise Refused("no-such-officer", officer=command.officer)
    if command.officer == command.by or HEAD not in state.roles_of(post.role, day):
        raise Refused("delegate-must-lead", officer=command.officer)
    return SigningDelegated(
        agency=command.agency,
        officer=command.officer,
        by=command.by,
        procedures=command.procedures,
        from_on=day,
        to_on=command.to_on,
        basis=command.basis,
        delegated_at=command.at,
    )


def taken_back(command: EndDelegation, state: Organisation) -> SigningDelegationEnded:
    """Take it back from a day on.

    Raises:
        Refused: "no-such-delegation".
    """
    officer, day = command.officer, command.from_on
    found = [span.value.by for span in state.delegations.get(officer, ()) if span.to_on is None or span.to_on >= day]
    if command.by not in found:
        raise Refused("no-such-delegation", officer=officer)
    return SigningDelegationEnded(agency=command.agency, officer=officer, by=command.by, from_on=day, ended_at=command.at)
