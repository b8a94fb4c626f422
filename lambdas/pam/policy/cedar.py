"""The policy port on Cedar: every "may this be?" of PAM is answered here, by the policy set.

Empty, invalid or failing policy denies: `allowed` is true only if Cedar said Allow without error.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from pam.domain.approval import (
    ApprovalsGathered,
    ApprovalsNeeded,
    Ballot,
    Casting,
    Vote,
    by_slack,
)
from pam.domain.circumstances import Circumstances
from pam.domain.errors import Code, NotEligible
from pam.domain.people import Auth, Person, Surface
from pam.domain.pictures import Bench
from pam.domain.resource import Resource
from pam.domain.review import LooksGathered, Review
from pam.domain.session import Session
from pam.policy import entities
from pam.policy.approvers import benches
from pam.policy.compiled import CompiledPolicy
from pam.policy.context import Context
from pam.policy.identities import Identities

if TYPE_CHECKING:
    from pam.ports.links import KnownLinks

_MOST_APPROVALS = 20
"""Where the search for "how many are needed" gives up: no catalogue needs a larger quorum."""


class Action(StrEnum):
    APPROVE = "approve"
    REVOKE = "revoke"
    END = "end"
    LEASE = "lease"
    READ = "read"
    ERASE = "erase"
    BLOCK = "block"
    CONFIRM = "confirm"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An answer with its reasons: the @id of each policy that made it."""

    allowed: bool
    policy_ids: tuple[str, ...]
    code: Code = Code.NOT_ELIGIBLE
    """What a refusal is called; meaningless where allowed."""


class _Cedar:
    """Loaded by the first question: half of the functions know the policy for what else it knows,
    and many calls ask nothing.
    """

    def __init__(self, cedar: str, cedar_schema: str) -> None:
        self._cedar = cedar
        self._cedar_schema = cedar_schema

    @cached_property
    def ask(self) -> Callable[[dict[str, object], list[dict[str, object]]], Any]:
        import cedarpy

        policies = cedarpy.PolicySet.from_str(self._cedar)
        schema = cedarpy.Schema.from_str(self._cedar_schema)
        return lambda request, known: cedarpy.is_authorized(request, policies, known, schema)


class UnlawfulForAll(Exception):
    """No number of approvals makes this grant lawful under the policy set."""


class CedarPolicy:
    """Answers from one compiled policy set. Safe to keep for the life of a process.

    `partition` is the one in which PAM runs, as for Identities.
    """

    def __init__(self, compiled: CompiledPolicy, partition: str = "") -> None:
        self.version = compiled.digest
        self.identities = Identities(compiled, partition=partition)
        self._codes = compiled.codes
        self.limits = compiled.limits
        self.links = compiled.links
        self.apart = compiled.apart
        self.slack_operators = compiled.channels.operators
        """Id of the channel where operators hear of what needs them; empty for none."""
        self._channels = compiled.channels
        self._approvers = _groups_by_domain(compiled, "approvers")
        self._benches = benches(compiled)
        self._break_glass = compiled.break_glass
        self._resources: Mapping[str, Resource] = {r.resource_id: r for r in compiled.resources}
        self._cedar = _Cedar(compiled.cedar, compiled.cedar_schema)
        self._context = Context(compiled.cedar, compiled.cedar_schema)

    def knowing(self, links: "KnownLinks", now: datetime) -> Self:
        """The same set, for one call: it knows people by what they linked as well. Without this a
        principal that is not listed is nobody.
        """
        known = copy(self)
        known.identities = self.identities.knowing(links, now)
        return known

    def resources(self) -> tuple[Resource, ...]:
        return tuple(self._resources.values())

    def resource(self, resource_id: str) -> Resource | None:
        return self._resources.get(resource_id)

    def slack_channel(self, resource_id: str, domain: str) -> str:
        """Id of the channel where requests for the resource are posted; empty for none. `domain`
        is the resource's, as the session has it: the resource itself may be gone.
        """
        return self._channels.of(resource_id, domain)

    def approvers_of(self, domain: str) -> tuple[str, ...]:
        """The groups whose members approve for that domain."""
        return self._approvers.get(domain, ())

    def bench(self, domain: str) -> Bench:
        """Who is listed as an approver of that domain."""
        return self._benches.get(domain, Bench(domain=domain))

    def may_request(self, person: Person, resource: Resource, asked: Circumstances) -> Decision:
        return self._decide_request("request", person, entities.of_resource(resource), asked)

    def may(self, action: Action, person: Person, session: Session) -> Decision:
        """Of an approval: by a call that this person signs."""
        if action is Action.APPROVE:
            return self._may_vote(person, session, _signed(session))
        return self._decide(action.value, person, self._session_entity(session))

    def may_vote(self, person: Person, session: Session, cast: Casting) -> Decision:
        """Whether a vote that is cast so counts. STEP_UP is the code of one that does not, where
        the same person's signed call would.
        """
        decision = self._may_vote(person, session, cast)
        if decision.allowed or decision.code is not Code.STEP_UP:
            return decision
        signed = self._may_vote(person, session, _signed(session))
        return decision if signed.allowed else signed

    def counted(self, votes: Iterable[Vote], session: Session) -> tuple[Vote, ...]:
        """Those of the votes that could be cast today, in the order in which they were: whoever has
        left or changed office counts no more, and of approvals by Slack no more than may.
        """
        counted: list[Vote] = []
        for vote in votes:
            if self._could_be_cast(vote, by_slack(counted), session):
                counted.append(vote)
        return tuple(counted)

    def _could_be_cast(self, vote: Vote, before: int, session: Session) -> bool:
        """`before` is how many approvals by Slack count already."""
        try:
            voter = self.identities.identify(vote.principal)
        except NotEligible:
            return False
        if (voter.name, voter.domain) != (vote.name, vote.domain):
            return False
        cast = Casting(
            ballot=vote.decision, surface=vote.surface, auth=vote.auth, slack_approvals=before
        )
        return self.may_vote(voter, session, cast).allowed

    def _may_vote(self, person: Person, session: Session, cast: Casting) -> Decision:
        resource = self._resources.get(session.resource)
        own = resource.slack_approvals if resource else None
        return self._decide_request(
            Action.APPROVE.value,
            person,
            self._session_entity(session),
            session.circumstances,
            session.gathered,
            cast,
            _MOST_APPROVALS if own is None else own,
        )

    def counts_by_slack(self, session: Session) -> bool:
        """Whether one more approval by Slack, of an approver of the resource's own domain who has
        not voted, would count now.
        """
        anybody = Person(
            name="",
            principal="",
            domain=session.domain,
            groups=(),
            roles=frozenset({"approvers"}),
        )
        cast = Casting(
            ballot=Ballot.APPROVE,
            surface=Surface.SLACK,
            auth=Auth.SLACK,
            slack_approvals=by_slack(session.votes),
        )
        return self._may_vote(anybody, session, cast).allowed

    def could_approve(
        self, person: Person, requester: Person, resource: Resource, asked: Circumstances
    ) -> Decision:
        """Whether this person's vote would count on such a request, as the first of its votes."""
        entity = entities.of_request(requester, resource, asked)
        none_yet = ApprovalsGathered(total=0, domain=0)
        return self._decide_request(Action.APPROVE.value, person, entity, asked, none_yet)

    def may_check_others(self, person: Person) -> Decision:
        return self._decide("check", person, entities.SYSTEM)

    def may_browse(self, person: Person) -> Decision:
        return self._decide("browse", person, entities.SYSTEM)

    def may_administer(self, person: Person) -> Decision:
        return self._decide("administer", person, entities.SYSTEM)

    def may_inspect(self, person: Person) -> Decision:
        return self._decide("inspect", person, entities.SYSTEM)

    def grant(
        self,
        requester: Person,
        resource: Resource,
        gathered: ApprovalsGathered,
        asked: Circumstances,
    ) -> Decision:
        """Whether what has been gathered makes the grant lawful."""
        entity = entities.of_resource(resource)
        return self._decide_request("grant", requester, entity, asked, gathered)

    def approvals_needed(
        self, requester: Person, resource: Resource, asked: Circumstances
    ) -> ApprovalsNeeded:
        """The smallest numbers that are lawful, found by asking the same policies.

        Raises UnlawfulForAll if none up to 20 is.
        """

        def lawful(total: int, domain: int) -> bool:
            gathered = ApprovalsGathered(total=total, domain=domain)
            return self.grant(requester, resource, gathered, asked).allowed

        for total in range(_MOST_APPROVALS + 1):
            if lawful(total, total):
                domain = next(count for count in range(total + 1) if lawful(total, count))
                return ApprovalsNeeded(total=total, domain=domain)
        message = f"no number of approvals grants {resource.resource_id} to {requester.name}"
        raise UnlawfulForAll(message)

    def review_for(
        self, resource: Resource, asked: Circumstances, *, now: datetime
    ) -> Review | None:
        if asked.break_glass and resource.environment in self._break_glass.review_environments:
            return Review(due_at=now + self._break_glass.review_within)
        return None

    def reviews_for_domain(self, person: Person, session: Session) -> bool:
        """Whether this person's look counts as one of the resource's own domain."""
        named = self._break_glass.reviewers.get(session.domain, ())
        return person.domain == session.domain or person.name in named

    def settle(self, session: Session, looks: LooksGathered) -> Decision:
        """Whether these looks finish the review of this session."""
        context = {"looks": looks.total, "domainLooks": looks.domain}
        # Nobody asks: it is a question about the session alone.
        nobody = Person(name="", principal="", domain="", groups=(), roles=frozenset())
        return self._decide("settle", nobody, self._session_entity(session), context)

    def looks_needed(self, session: Session) -> int:
        """The smallest number of looks that could finish it; 0 if none could."""
        for total in range(1, _MOST_APPROVALS + 1):
            if self.settle(session, LooksGathered(total=total, domain=total)).allowed:
                return total
        return 0

    def _session_entity(self, session: Session) -> dict[str, object]:
        return entities.of_session(session, self._break_glass.reviewers.get(session.domain, ()))

    def _decide_request(
        self,
        action: str,
        person: Person,
        resource: dict[str, object],
        asked: Circumstances,
        gathered: ApprovalsGathered | None = None,
        cast: Casting | None = None,
        slack_approvals_at_most: int = _MOST_APPROVALS,
    ) -> Decision:
        silent = self._context.silent(action, asked)
        if silent:
            return Decision(allowed=False, policy_ids=silent)
        context = self._context.of(action, asked, gathered, cast, slack_approvals_at_most)
        return self._decide(action, person, resource, context)

    def _decide(
        self,
        action: str,
        person: Person,
        resource: dict[str, object],
        context: Mapping[str, object] | None = None,
    ) -> Decision:
        result = self._cedar.ask(
            {
                "principal": {"type": "PAM::Person", "id": person.name},
                "action": {"type": "PAM::Action", "id": action},
                "resource": resource["uid"],
                "context": dict(context or {}),
            },
            entities.of_question(person, resource),
        )
        named = result.diagnostics.id_annotations_by_reason
        ids = tuple(sorted(named.get(reason, reason) for reason in result.diagnostics.reasons))
        codes = sorted(self._codes[i] for i in ids if i in self._codes)
        return Decision(
            allowed=result.allowed and not result.diagnostics.errors,
            policy_ids=ids,
            code=Code(codes[0]) if codes else Code.NOT_ELIGIBLE,
        )


def _groups_by_domain(compiled: CompiledPolicy, role: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for identity in compiled.identities:
        groups = {group for group in identity.groups if compiled.roles[group] == role}
        found.setdefault(identity.domain, set()).update(groups)
    return {domain: tuple(sorted(groups)) for domain, groups in found.items()}


def _signed(session: Session) -> Casting:
    return Casting(
        ballot=Ballot.APPROVE,
        surface=Surface.API,
        auth=Auth.SIGV4,
        slack_approvals=by_slack(session.votes),
    )
