"""The gate before access: what the store says of a session counts as far as its makers signed it.

Asked at activation and at every lease, and at no end: what was granted can always be taken back.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pam.domain import deadlines, proofs
from pam.domain.approval import Ballot
from pam.domain.audit_record import ENDS, VOTE_STRUCK, Entry, Outcome, Record, RecordType
from pam.domain.errors import Unproven
from pam.domain.people import Actor, ActorKind
from pam.domain.proofs import Evidence, Signed
from pam.domain.session import Session
from pam.operations.transition import Step, transition
from pam.ports.proofs import Verifier
from pam.ports.sessions import Once, SessionStore

GATE = Actor(principal="mod046:gate", kind=ActorKind.WORKFLOW)
_REMEMBERED = timedelta(days=1)
"""How long the same fault of the same session is on record once and not with every try."""


class Gate:
    """For one call. An answer holds for exactly what was asked about: whatever is stored otherwise
    a moment later is asked about again.
    """

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._known: dict[tuple[bytes, str], bool] = {}

    def ask(self, session: Session) -> None:
        """Asks about all that the session says, so that no later question has to be waited for."""
        self._ask(proofs.evidence(session))

    def approved(self, session: Session, now: datetime) -> Session:
        """The session with those votes alone that are proven, and the duration that they leave.

        Raises Unproven if the request or its confirmation is not proven, or if the votes are too
        old to be acted upon.
        """
        shown = proofs.evidence(session)
        self._ask(shown)
        self._check_opened(session, shown)
        if now >= deadlines.made_before(session):
            raise _unproven(session, "its approvals are from another time")
        # Each by its own statement: the MAC of another vote is a proof, and not of this one.
        votes = tuple(
            vote
            for vote in session.votes
            if vote.decision is not Ballot.APPROVE
            or self._holds(proofs.signed_vote(session.session_id, vote))
        )
        lengths = [vote.duration for vote in votes if vote.duration is not None]
        shortest = min([session.duration, session.asked_duration, *lengths])
        return replace(session, votes=votes, duration=shortest)

    def check_activated(self, session: Session) -> None:
        """Raises Unproven unless request, votes, confirmation and activation are all proven."""
        shown = proofs.evidence(session)
        self._ask(shown)
        self._check_opened(session, shown)
        if not all(self._holds(signed) for signed in shown.votes):
            raise _unproven(session, "one of its votes is not what its approver cast")
        if shown.activation is None or not self._holds(shown.activation):
            raise _unproven(session, "it was not activated as it says")

    def check_making(self, session: Session, until: datetime, mac: str) -> None:
        """Raises Unproven unless the activator asks, until then, for the access of this session."""
        asked = Signed(statement=proofs.of_making(session, until), mac=mac)
        if not all(self._verifier.verify([asked])):
            raise _unproven(session, "its activator did not ask for it")

    def _check_opened(self, session: Session, shown: Evidence) -> None:
        if not self._holds(shown.request):
            raise _unproven(session, "its request is not what PAM's door took")
        if not proofs.confirmation_due(session):
            return
        if shown.confirmation is None or not self._holds(shown.confirmation):
            raise _unproven(session, "it was not confirmed by the person named")

    def _ask(self, shown: Evidence) -> None:
        """Side by side, for all of it at once."""
        unknown = [signed for signed in shown.all if _content(signed) not in self._known]
        for signed, holds in zip(unknown, self._verifier.verify(unknown), strict=True):
            self._known[_content(signed)] = holds

    def _holds(self, signed: Signed) -> bool:
        return self._known[_content(signed)]


def check_not_over(
    session: Session, trail: Sequence[Record], end_delivered_at: datetime | None
) -> None:
    """Raises Unproven if the trail has its end: then its status was put back. The trail may have
    been rewritten with it; what the auditor carried away before can not.
    """
    ended = any(record.get("type") in ENDS for record in trail)
    if ended or end_delivered_at is not None:
        raise _unproven(session, "its trail says that it has ended")


def check_granted(session: Session, grants: Container[str]) -> None:
    """Raises Unproven if there is no grant of it: whoever ends a session removes that for good."""
    if session.session_id not in grants:
        raise _unproven(session, "there is no grant of it")


def struck(before: Session, after: Session) -> tuple[Entry, ...]:
    """What is recorded of the votes that do not count because nobody vouches for them."""
    names = [vote.name for vote in before.votes if vote not in after.votes]
    return tuple(_entry(f"{VOTE_STRUCK}{name} is not proven, and does not count") for name in names)


def record_unproven(
    fault: Unproven, session_id: str, *, now: datetime, store: SessionStore
) -> None:
    """On the session's own trail, once for each fault a day."""
    once = Once(key=f"unproven/{session_id}/{fault.detail}", until=now + _REMEMBERED)

    def decide(stored: Session) -> Step | None:
        return None if store.is_done(once) else Step(stored, (_entry(f"unproven: {fault.detail}"),))

    transition(store, session_id, decide, now=now, once=once)


def _content(signed: Signed) -> tuple[bytes, str]:
    return signed.statement.digest(), signed.mac


def _unproven(session: Session, what: str) -> Unproven:
    return Unproven(f"nothing is given by this session: {what}", session_id=session.session_id)


def _entry(detail: str) -> Entry:
    return Entry(type=RecordType.DRIFT, actor=GATE, outcome=Outcome.FAILURE, detail=detail)
