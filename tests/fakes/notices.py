"""Every notice that PAM sends, each of a session in the state for which it is sent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from pam.domain.block import Block
from pam.domain.links import Link
from pam.domain.notice_texts import (
    approval_needed,
    break_glass,
    confirmation_needed,
    ending_soon,
    review_overdue,
    still_waiting,
)
from pam.domain.people_notices import operator_blocked, principal_linked
from pam.domain.pictures import Bench, Particulars, Picture
from pam.domain.session import Session
from tests.fakes.story import KYC, NOON, Story, arn

TOLD = Particulars(
    title="Core ledger",
    description="Read and write the objects of the core ledger.",
    benches=(Bench(domain="bank-core", names=("bob", "carol", "erin")),),
)
"""What the catalogue and the identities say, in a test that is about the session."""
TOLD_OF_KYC = Particulars(
    title="KYC documents",
    description="Identity documents of customers (personal data).",
    benches=(
        Bench(domain="bank-kyc", names=("kate", "kurt")),
        Bench(
            domain="bank-core",
            names=("bob", "carol", "dan", "erin", "frank"),
            permission_sets=("Approver",),
        ),
    ),
)
Painter = Callable[[Session, Particulars, datetime], Picture]
OF_SESSIONS: Mapping[str, Painter] = MappingProxyType(
    {
        "approval needed": approval_needed,
        "still waiting": still_waiting,
        "break-glass": break_glass,
        "confirmation needed": confirmation_needed,
        "ending soon": ending_soon,
        "review overdue": review_overdue,
    }
)
BLOCK = Block(
    person="sam",
    principal=arn("sam"),
    since=NOON,
    until=NOON + timedelta(hours=3),
    reason="badge was lost",
    by=arn("olga"),
)
LINK = Link(
    principal="slack:T0BANK00001/U0ALICE0001",
    person="alice",
    accepted_by=arn("alice"),
    linked_at=NOON,
    basis="",
)


def sessions() -> dict[str, Session]:
    """By the occasion that each is for."""
    emergency = Story().request(break_glass=True)
    claimed = Story().request()
    by_runbook = replace(claimed, circumstances=replace(claimed.circumstances, auth=None))
    return {
        "approval needed": Story().request("alice", KYC, ticket="INC-1"),
        "still waiting": _voted(),
        "break-glass": emergency,
        "confirmation needed": by_runbook,
        "ending soon": Story().granted(),
        "review overdue": emergency,
    }


def pictures() -> dict[str, Picture]:
    """By the occasion."""
    late = {"ending soon": timedelta(minutes=5), "review overdue": timedelta(hours=25)}
    made = {
        name: OF_SESSIONS[name](
            session,
            TOLD_OF_KYC if session.resource == KYC else TOLD,
            NOON + late.get(name, timedelta(0)),
        )
        for name, session in sessions().items()
    }
    return made | {
        "operator blocked": operator_blocked(BLOCK),
        "principal linked": principal_linked(LINK, "Alice", "Bank"),
    }


def _voted() -> Session:
    story = Story()
    return story.vote("bob", story.request().session_id)
