"""A world with people in it, so that a test reads like what it tests."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pam.domain import proofs
from pam.domain.approval import Ballot
from pam.domain.circumstances import Circumstances
from pam.domain.kinds import KINDS
from pam.domain.limits import Limits
from pam.domain.notices import Duty
from pam.domain.people import Auth, Caller, Surface
from pam.domain.proofs import Maker
from pam.domain.session import Session
from pam.operations.activate_session import activate_session
from pam.operations.admit_request import Admission, Claim, admit_request
from pam.operations.ask_approvers import ask_approvers
from pam.operations.call import Call
from pam.operations.confirm_session import confirm_session
from pam.operations.end_access import GIVEN_BACK, REVOKED_BY_OPERATOR, EndKind, end_access
from pam.operations.end_decided import EndsHere
from pam.operations.end_due import end_due
from pam.operations.lease_credentials import Lease, lease_credentials
from pam.operations.open_session import AccessRequest, Home
from pam.operations.proven_links import ProvenLinks
from pam.operations.request_access import request_access
from pam.operations.send_notices import Audiences, send_notices
from pam.operations.sweep_session import sweep_session
from pam.operations.vote import BallotPaper, vote
from pam.policy.cedar import CedarPolicy
from pam.policy.compiler import load
from pam.ports.links import Links
from pam.ports.people import Execution
from tests.fakes.proofs import FakeKeys, FakeSigner
from tests.fakes.world import FakeAuditLog, FakeIssuer, FakeNotifier, FakeStore, FakeWorkflow

ROOT = Path(__file__).resolve().parent.parent.parent
COMPILED = load(ROOT / "policy", ROOT / "local" / "identities.yaml")
POLICY = CedarPolicy(COMPILED)
MANY = Limits(waiting=999, per_resource=999, open=999, unreviewed_break_glass=999, unconfirmed=999)
WITHOUT_LIMITS = CedarPolicy(replace(COMPILED, limits=MANY))
"""For tests that need many sessions of one person, and are about something else."""
HOME = Home(account="111122223333", region="eu-west-1")
NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
LEDGER, UAT, SANDBOX = "core-ledger-admin", "core-ledger-uat-admin", "core-sandbox-admin"
KYC, KYC_SANDBOX = "kyc-documents-read", "kyc-sandbox-read"
PLAIN = Circumstances(surface=Surface.API, auth=Auth.SIGV4)
"""Of a request that is no emergency and names no ticket."""


def arn(name: str) -> str:
    return f"arn:aws:iam::000000000000:user/{name}"


def caller(name: str) -> Caller:
    """Somebody who signed; one of the local people, or nobody."""
    known = [identity.user for identity in COMPILED.identities]
    return Caller(
        principal=arn(name),
        person=POLICY.identities.identify(arn(name)) if name in known else None,
        surface=Surface.API,
        auth=Auth.SIGV4,
        source_ip="192.0.2.1",
        request_id="request-1",
    )


@dataclass
class Story:
    """The operations of PAM against fakes, at a time that the test moves."""

    now: datetime = NOON
    store: FakeStore = field(default_factory=FakeStore)
    issuer: FakeIssuer = field(default_factory=FakeIssuer)
    workflow: FakeWorkflow = field(default_factory=FakeWorkflow)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    audit_log: FakeAuditLog = field(default_factory=FakeAuditLog)
    keys: FakeKeys = field(default_factory=FakeKeys)
    policy: CedarPolicy = POLICY
    links: Links | None = None
    """What people linked, as it lies in the table."""
    started: int = 0
    """How many executions a runbook has started."""

    @property
    def issuers(self) -> dict[str, FakeIssuer]:
        return dict.fromkeys(KINDS, self.issuer)

    @property
    def closer(self) -> EndsHere:
        """The revocation, in the same process."""
        return EndsHere(
            clock=lambda: self.now,
            store=self.store,
            issuers=self.issuers,
            workflow=self.workflow,
        )

    @property
    def decides(self) -> CedarPolicy:
        """The policy set, as one call has it that begins now."""
        if self.links is None:
            return self.policy
        return self.policy.knowing(ProvenLinks(self.links, self.keys), self.now)

    def call(self, who: str | Caller) -> Call:
        """What somebody's act is decided by, now."""
        return Call(
            caller=caller(who) if isinstance(who, str) else who,
            now=self.now,
            store=self.store,
            policy=self.decides,
        )

    def _signer(self, call: Call) -> FakeSigner:
        """Of the door by which the call came."""
        return self.keys.of(proofs.ACTS[call.caller.surface, call.caller.auth])

    def later(self, **length: float) -> datetime:
        self.now += timedelta(**length)
        return self.now

    def request(
        self,
        who: str | Caller = "alice",
        resource: str = LEDGER,
        *,
        key: str | None = None,
        seconds: int | None = 600,
        break_glass: bool = False,
        reason: str = "ledger stuck, see INC-1",
        ticket: str = "",
    ) -> Session:
        call = self.call(who)
        return request_access(
            AccessRequest(
                resource=resource,
                reason=reason,
                duration=None if seconds is None else timedelta(seconds=seconds),
                break_glass=break_glass,
                ticket=ticket,
            ),
            call,
            idempotency_key=key,
            workflow=self.workflow,
            signer=self._signer(call),
            home=HOME,
        )

    def ask(self, session_id: str) -> None:
        """The workflow's state that waits for the approvers."""
        ask_approvers(
            session_id,
            f"token of {session_id}",
            now=self.now,
            store=self.store,
            policy=self.policy,
            notifier=self.notifier,
            workflow=self.workflow,
        )

    def vote(
        self,
        who: str | Caller,
        session_id: str,
        decision: Ballot = Ballot.APPROVE,
        seconds: int | None = None,
        comment: str = "",
    ) -> Session:
        paper = BallotPaper(
            session_id=session_id,
            decision=decision,
            comment=comment,
            duration=None if seconds is None else timedelta(seconds=seconds),
        )
        call = self.call(who)
        return vote(paper, call, workflow=self.workflow, signer=self._signer(call))

    def by_runbook(
        self, who: str = "alice", resource: str = SANDBOX, *, break_glass: bool = False
    ) -> Admission:
        """A runbook starts the workflow itself, in somebody's name."""
        self.started += 1
        wish = AccessRequest(
            resource=resource, reason="nightly repair job", break_glass=break_glass
        )
        return admit_request(
            Execution(
                arn=f"execution-{self.started}", started_at=self.now, input="{}", running=True
            ),
            None,
            lambda: Claim(session_id=None, requester=who, request=wish),
            now=self.now,
            store=self.store,
            policy=self.policy,
            notifier=self.notifier,
            signer=self.keys.of(Maker.ADMISSION),
            home=HOME,
        )

    def confirm(self, session_id: str, who: str | Caller = "alice") -> Session:
        call = self.call(who)
        return confirm_session(
            session_id,
            call,
            notifier=self.notifier,
            workflow=self.workflow,
            signer=self._signer(call),
        )

    def activate(self, session_id: str) -> Session:
        return activate_session(
            session_id,
            now=self.now,
            store=self.store,
            policy=self.decides,
            issuers=self.issuers,
            verifier=self.keys,
            signer=self.keys.of(Maker.ACTIVATION),
        )

    def waiting(self, who: str = "alice", resource: str = LEDGER, **wish: Any) -> Session:
        """One more approval grants it."""
        return self.vote("bob", self.request(who, resource, **wish).session_id)

    def approved(self, who: str = "alice", resource: str = LEDGER, **wish: Any) -> Session:
        return self.vote("carol", self.waiting(who, resource, **wish).session_id)

    def granted(self, who: str = "alice", resource: str = LEDGER, **wish: Any) -> Session:
        return self.activate(self.approved(who, resource, **wish).session_id)

    def lease(self, session_id: str, who: str | Caller = "alice") -> Lease:
        return lease_credentials(
            session_id,
            self.call(who),
            issuers=self.issuers,
            audit_log=self.audit_log,
            verifier=self.keys,
        )

    def revoke(self, session_id: str, who: str | Caller = "sam") -> Session:
        return self._end(session_id, REVOKED_BY_OPERATOR, who)

    def end(self, session_id: str, who: str | Caller = "alice") -> Session:
        return self._end(session_id, GIVEN_BACK, who)

    def _end(self, session_id: str, end_kind: EndKind, who: str | Caller) -> Session:
        return end_access(
            session_id,
            end_kind,
            "enough",
            self.call(who),
            closer=self.closer,
            workflow=self.workflow,
        )

    def end_due(self, session_id: str) -> Session:
        """The workflow's last state."""
        return end_due(session_id, now=self.now, store=self.store, issuers=self.issuers)

    def sweep(self, session_id: str) -> Session:
        """What the tick has the revocation do."""
        return sweep_session(
            session_id,
            now=self.now,
            store=self.store,
            issuers=self.issuers,
            workflow=self.workflow,
        )

    def tell(self, session_id: str) -> tuple[Duty, ...]:
        """What the tick has the notice function do."""
        voice = self.notifier
        return send_notices(
            session_id,
            now=self.now,
            store=self.store,
            policy=self.policy,
            audiences=Audiences(approvers=voice, requesters=voice, tier1=voice),
        )
