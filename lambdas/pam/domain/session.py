"""A session: one request and all that becomes of it. Immutable; every step makes a new one."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pam.domain import approval, notices
from pam.domain.approval import ApprovalsGathered, ApprovalsNeeded, Vote
from pam.domain.circumstances import Circumstances
from pam.domain.free_text import ERASED
from pam.domain.kinds import Deadlines
from pam.domain.lifecycle import CLOSED, Status, check_transition
from pam.domain.notices import Duty
from pam.domain.people import Auth, Surface
from pam.domain.resource import Environment, Target
from pam.domain.review import Review

START_WITHIN = timedelta(minutes=5)
"""How long an approved session may wait for its workflow before it counts as failed."""
_LONGEST_PAUSE = timedelta(hours=1)
"""Between two tries to clear what is harmless already."""


class Origin(StrEnum):
    API = "api"
    RUNBOOK = "runbook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The receipt of an end: when it was decided, and how the target was seen to refuse."""

    decided_at: datetime
    outcome: Status
    """What the session becomes once the target has confirmed."""
    reason: str
    written: bool = False
    """Whether the reason is what a person wrote, and not a sentence of PAM's."""
    by: str
    confirmed_at: datetime | None = None
    method: str = ""
    evidence: str = ""


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
    origin: Origin
    requester: str
    requester_name: str
    requester_domain: str
    requester_verified: bool
    """Whether the requester asked in person, or somebody else in their name (a runbook)."""
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
    def closed(self) -> bool:
        return self.status in CLOSED

    @property
    def deadlines(self) -> Deadlines:
        """Those of its kind."""
        return self.target.row.deadlines

    @property
    def made_before(self) -> datetime:
        """After this no access is made on its approvals: they would be from another time. A kind
        may take longer to make it than an approved session waits for its workflow.
        """
        return self.approval_expires_at + max(START_WITHIN, self.deadlines.making)

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
        """Whether the person in whose name it was opened has not stood by it yet. No credential is
        leased of it before, because the first signed lease is such a word.
        """
        return not (self.requester_verified or self.confirmation or self.closed)

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
    def due_at(self) -> datetime | None:
        """When the clock has something to do for this session, whatever its status; None: never."""
        return min(self.duties.values(), default=None)

    @property
    def duties(self) -> dict[Duty, datetime]:
        """All that the clock will have to do as things stand, each with its time."""
        told = {
            Duty.CONFIRM: self._confirmation_at,
            Duty.REMIND: self._reminder_at,
            Duty.WARN: self._warning_at,
            Duty.ESCALATE: self._escalation_at,
        }
        held = self.notifying_until
        # An end waits for nobody: only what is told is held back while somebody is telling it.
        due = {Duty.END: self._next_try_at} | {
            duty: max(at, held) if at and held else at for duty, at in told.items()
        }
        return {duty: at for duty, at in due.items() if at is not None}

    @property
    def _confirmation_at(self) -> datetime | None:
        if self.status is not Status.PENDING_APPROVAL or not self.held_until_confirmed:
            return None
        return self.created_at if self.noticed_at is None else self._next_reminder

    @property
    def _reminder_at(self) -> datetime | None:
        if self.status is not Status.PENDING_APPROVAL or self.held_until_confirmed:
            return None
        return self._next_reminder

    @property
    def _next_reminder(self) -> datetime | None:
        return notices.next_reminder(self.created_at, self.noticed_at, self.approval_expires_at)

    @property
    def _warning_at(self) -> datetime | None:
        if self.status is not Status.ACTIVE or self.activated_at is None or self.expires_at is None:
            return None
        return notices.warning(self.activated_at, self.expires_at, self.noticed_at)

    @property
    def _escalation_at(self) -> datetime | None:
        waiting = self.review and self.review.open and self.review.escalated_at is None
        return self.review.due_at if self.review and waiting else None

    @property
    def _next_try_at(self) -> datetime | None:
        """The deadline, put off by each try: what was tried goes behind what was not, so that ends
        which fail again and again keep no other from its turn.
        """
        if self.deadline is None or self.tried_at is None:
            return self.deadline
        pause = self.deadlines.ending
        if self.closed:
            pause = min(pause * 2 ** min(self.tries, 7), _LONGEST_PAUSE)
        return max(self.deadline, self.tried_at + pause)

    @property
    def access_may_exist(self) -> bool:
        """Whether somebody may be let in by this session at its target, rightly or not."""
        return self.status in {Status.ACTIVATING, Status.ACTIVE, Status.REVOKING}

    def stuck(self, now: datetime) -> bool:
        """Whether access may exist that should not, and the belts have not ended it in time."""
        if not self.access_may_exist or self.deadline is None:
            return False
        ends = [at for at in (self.expires_at, self.ending and self.ending.decided_at) if at]
        return now >= min(ends, default=self.deadline) + self.deadlines.stuck

    @property
    def deadline(self) -> datetime | None:
        """When this session must be driven on, or what it left at its target be cleared."""
        match self.status:
            case Status.PENDING_APPROVAL:
                return self.approval_expires_at
            case Status.APPROVED:
                return self._start_by
            case Status.ACTIVATING:
                return (self.activating_at or self.created_at) + self.deadlines.making
            case Status.ACTIVE:
                return self.expires_at
            case Status.REVOKING:
                return (self.ending.decided_at if self.ending else self.created_at) + (
                    self.deadlines.ending
                )
            case _:
                return self.traces_until

    @property
    def _start_by(self) -> datetime:
        if self.comes_after:
            return self.approval_expires_at
        started = (self.approved_at or self.created_at) + START_WITHIN
        return max(started, self.approval_expires_at) if self.waits_its_turn else started
