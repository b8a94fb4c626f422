"""A session: one request and all that becomes of it. Immutable; every step makes a new one."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from pam.domain import approval
from pam.domain.approval import ApprovalsGathered, ApprovalsNeeded, Vote
from pam.domain.circumstances import Circumstances
from pam.domain.ending import Ending
from pam.domain.free_text import ERASED
from pam.domain.lifecycle import CLOSED, Status, check_transition
from pam.domain.people import Auth, Surface
from pam.domain.resource import Environment, Target
from pam.domain.review import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """That the person in whose name a session was opened stands by it."""

    principal: str
    at: datetime
    surface: Surface = Surface.API
    auth: Auth = Auth.SIGV4
    waits_for: str = ""
    """As in Session: what the person had open when the session began to count."""
    proof: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Callers see some of these fields, by the names that they have in `docs/interface.md`."""

    session_id: str
    status: Status
    requester: str
    requester_name: str
    requester_domain: str
    confirmation: Confirmation | None = None
    resource: str
    environment: Environment
    domain: str
    target: Target
    waits_for: str = ""
    """Of a standing kind: id of the person's session of the same target that was open when this one
    was asked for; empty for none, and for one that its person had yet to confirm."""
    reason: str
    circumstances: Circumstances
    asked_duration: timedelta
    duration: timedelta
    """What stands: as asked, or the shortest that an approver set."""
    needed: ApprovalsNeeded
    votes: tuple[Vote, ...] = ()
    created_at: datetime
    approval_expires_at: datetime
    approved_at: datetime | None = None
    activating_at: datetime | None = None
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    ending: Ending | None = None
    review: Review | None = None
    execution_arn: str
    leases: int = 0
    leases_end_at: datetime | None = None
    """When the last credential handed out ends by itself."""
    credentials_live_until: datetime | None = None
    """When the last credential handed out is over at whoever issued it, which may be later than it
    works: STS gives none that lives less than 15 minutes. Until then an end has to stand."""
    traces_until: datetime | None = None
    """Until when something of this session (a deny policy) must stay at its target."""
    tries: int = 0
    """How often the tick has had to try to end this session, or to clear what it left."""
    tried_at: datetime | None = None
    notices: int = 0
    """Writes that told people and recorded nothing. With `sequence`, the session's version."""
    noticed_at: datetime | None = None
    """When the approvers were last reminded, or the requester was warned."""
    notifying_until: datetime | None = None
    """Until when a notice that is due is left to whoever began to send it."""
    refusals: int = 0
    """How many refused acts stand in this session's own trail."""
    sequence: int = 0
    """Of the newest audit record; every step of the session's life adds one."""
    last_hash: str = field(default="", repr=False)
    text_key: str = field(default="", repr=False)
    """Secret, hex: what commits records to the texts that people wrote. Empty once forgotten."""
    proof: str = field(default="", repr=False)
    """Of the request; with the votes' and the next, all that access is given by."""
    activation_proof: str = field(default="", repr=False)

    @property
    def requester_verified(self) -> bool:
        """Whether the requester proved who they are, or somebody else asked in their name."""
        return self.circumstances.auth is not None

    @property
    def closed(self) -> bool:
        return self.status in CLOSED

    @property
    def standing(self) -> bool:
        """Whether its kind is one of which a person has one session of a target at a time."""
        return self.target.row.standing

    @property
    def comes_after(self) -> str:
        """Id of the session that must be over before this one begins; empty for none."""
        return self.waits_for or (self.confirmation.waits_for if self.confirmation else "")

    @property
    def unconfirmed(self) -> bool:
        """Whether the person has yet to stand by it, where they must. No credential is leased of it
        before, because the first signed lease is such a word.
        """
        return self.circumstances.needs_word and not (self.confirmation or self.closed)

    @property
    def held_until_confirmed(self) -> bool:
        """Whether no access is made before that: an emergency is declared by who has it, and of a
        standing kind no lease is asked for that could be such a word.
        """
        return (self.circumstances.break_glass or self.standing) and self.unconfirmed

    @property
    def gathered(self) -> ApprovalsGathered:
        return approval.gathered(self.votes, resource_domain=self.domain)

    @property
    def approvers(self) -> tuple[str, ...]:
        return tuple(v.principal for v in self.votes if v.decision is approval.Ballot.APPROVE)

    @property
    def texts(self) -> tuple[str, ...]:
        """Whatever people wrote: the reason, the comments, why it was ended."""
        comments = (vote.comment for vote in self.votes)
        ended = self.ending.reason if self.ending and self.ending.written else ""
        reviewed = (look.comment for look in self.review.given) if self.review else ()
        return (self.reason, *comments, ended, *reviewed)

    def without_texts(self) -> Self:
        """The session with every text of people gone, and with the key to their commitments."""

        def gone(text: str) -> str:
            return ERASED if text else ""

        return replace(
            self,
            reason=gone(self.reason),
            text_key="",
            votes=tuple(replace(vote, comment=gone(vote.comment)) for vote in self.votes),
            ending=replace(self.ending, reason=ERASED)
            if self.ending and self.ending.written
            else self.ending,
            review=replace(
                self.review,
                given=tuple(
                    replace(look, comment=gone(look.comment)) for look in self.review.given
                ),
            )
            if self.review
            else None,
        )

    def advance(self, to: Status, **changes: Any) -> Self:
        """The session one step further on. Raises IllegalTransition if there is no such step."""
        check_transition(self.status, to)
        return replace(self, status=to, **changes)

    def allows(self, now: datetime) -> bool:
        """Whether the access may be used at `now`. False from the first instant of REVOKING."""
        return (
            self.status is Status.ACTIVE and self.expires_at is not None and now < self.expires_at
        )

    @property
    def waits_its_turn(self) -> bool:
        """Whether, once approved, it waits while another session has what only one may have; at
        most as long as it might have waited for its votes.
        """
        return self.target.settings.get("when_taken") == "wait"

    @property
    def access_may_exist(self) -> bool:
        """Whether somebody may be let in by this session at its target, rightly or not."""
        return self.status in {Status.ACTIVATING, Status.ACTIVE, Status.REVOKING}
