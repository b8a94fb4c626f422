"""What in the policy files is lawful and can never work, or is hardly meant: told, not refused.

Whom the policies let ask and vote is found by asking them. Who has a permission set is known to
Identity Center alone, so a permission set stands for as many people as are needed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pam.domain.circumstances import Circumstances
from pam.domain.people import Auth, Person, Surface
from pam.domain.resource import Resource
from pam.policy.cedar import CedarPolicy, UnlawfulForAll
from pam.policy.compiled import CompiledPolicy, Identity
from pam.policy.compiler import PolicyFiles

REVIEWERS_OF_A_DOMAIN = 2
_AS_GOOD_AS_CAN_BE = Circumstances(surface=Surface.API, auth=Auth.SIGV4, ticket="TICKET-1")
_MOST_NAMED = 5
_ACTING = frozenset({"engineers", "approvers"})
"""Roles that are something by their domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """`place` is `FILE:LINE`; the message names other places in the same way."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def doubts(files: PolicyFiles) -> tuple[Doubt, ...]:
    """In the order in which they are best mended."""
    return (
        *_lonely_domains(files),
        *_no_operator(files),
        *_shared(files),
        *_never_granted(files),
        *_reviewers(files),
    )


def small_domains(compiled: CompiledPolicy) -> tuple[str, ...]:
    """The domains that own break-glass resources and have too few people to review their use.

    Two must look, and one of them may have voted. A domain whose approvers come from a permission
    set is not judged.
    """
    reviewed = {
        resource.domain
        for resource in compiled.resources
        if resource.environment in compiled.break_glass.review_environments
    }
    counted = [(domain, _who_reviews(compiled, domain)) for domain in sorted(reviewed)]
    return tuple(
        domain
        for domain, people in counted
        if people is not None and len(people) < REVIEWERS_OF_A_DOMAIN
    )


def _who_reviews(compiled: CompiledPolicy, domain: str) -> set[str] | None:
    """By name; None where a permission set makes them uncountable."""
    approvers = [
        identity
        for identity in compiled.identities
        if identity.domain == domain and "approvers" in _roles(compiled, identity)
    ]
    if any(identity.permission_set for identity in approvers):
        return None
    named = compiled.break_glass.reviewers.get(domain, ())
    return {identity.person for identity in approvers} | set(named)


def _lonely_domains(files: PolicyFiles) -> Iterator[Doubt]:
    """Domains that are on one side only, which most often is a slip of the pen."""
    compiled = files.compiled
    owned = {each.domain: files.catalogue.places[each.resource_id] for each in compiled.resources}
    listed = dict(zip((i.domain for i in compiled.identities), files.listed.places, strict=True))
    for domain in sorted(owned.keys() - listed.keys()):
        ids = [each.resource_id for each in compiled.resources if each.domain == domain]
        yield Doubt(
            place=files.catalogue.places[ids[0]],
            message=f"{_some(ids)}: of domain {domain!r}, and nobody who is listed is of it"
            + _meant(domain, listed),
        )
    for domain in sorted(listed.keys() - owned.keys()):
        those = [i for i in compiled.identities if i.domain == domain]
        acting = any(_roles(compiled, i) & _ACTING for i in those)
        meant = _meant(domain, owned)
        if meant or (acting and len(those) == 1):
            yield Doubt(
                place=listed[domain],
                message=f"no resource{'' if meant else ' and nobody else'} is of domain {domain!r}"
                + (meant or f"; the catalogue has {_some(sorted(owned))}"),
            )


def _meant(domain: str, known: Mapping[str, str]) -> str:
    close = get_close_matches(domain, known, n=1, cutoff=0.8)
    return f"; is {close[0]!r} meant ({known[close[0]]})?" if close else ""


def _no_operator(files: PolicyFiles) -> Iterator[Doubt]:
    compiled = files.compiled
    if compiled.identities and not any(
        "operators" in _roles(compiled, each) for each in compiled.identities
    ):
        yield Doubt(
            place=files.listed.places[0],
            message="nobody who is listed is an operator: nobody could revoke a session or block "
            "a person",
        )


def _shared(files: PolicyFiles) -> Iterator[Doubt]:
    for each in files.catalogue.shared:
        first, second = each.first, each.second
        one, other = first.resource, second.resource
        what = f"{other.resource_id} ({_of(other)}) lends what {one.resource_id} "
        if each.surely:
            message = (
                f"({_of(one)}, {first.place}) lends; each is asked for by its own domain's rules"
            )
        else:
            account = first.account or second.account
            message = f"({_of(one)}, {first.place}) lends, if PAM's own account is {account}"
        yield Doubt(place=second.place, message=what + message)


def _of(resource: Resource) -> str:
    return f"{resource.environment}, {resource.domain}"


def _never_granted(files: PolicyFiles) -> Iterator[Doubt]:
    """Resources of which the policies say the same are told together. Of a domain that nobody is of
    it goes without saying.
    """
    crowd = _Crowd(files.compiled)
    answers: dict[tuple[str, str, str], str] = {}
    alike: dict[tuple[str, str], list[str]] = {}
    for each in files.compiled.resources:
        by_name = each.resource_id if f'"{each.resource_id}"' in files.compiled.cedar else ""
        asked = (each.environment.value, each.domain, by_name)
        if asked not in answers:
            answers[asked] = crowd.why_never(each)
        alike.setdefault((each.domain, answers[asked]), []).append(each.resource_id)
    places = _places_of_domains(files)
    for (domain, why), ids in alike.items():
        if why and domain in places:
            place = files.catalogue.places[ids[0]]
            message = f"{_some(ids)}: {why}; {domain} has {_some(places[domain])}"
            yield Doubt(place=place, message=message)


def _places_of_domains(files: PolicyFiles) -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for identity, place in zip(files.compiled.identities, files.listed.places, strict=True):
        places.setdefault(identity.domain, []).append(place)
    return places


class _Crowd:
    """Everybody listed, with what the policies let them do; asked once for those who are alike."""

    def __init__(self, compiled: CompiledPolicy) -> None:
        self._policy = CedarPolicy(compiled)
        self._alike: dict[tuple[str, frozenset[str]], set[str]] = {}
        """Names, by domain and roles: policy knows people by these alone."""
        self._many: set[str] = set()
        for identity in compiled.identities:
            name = identity.person or f"whoever has {identity.permission_set}"
            kind = (identity.domain, _roles(compiled, identity))
            self._alike.setdefault(kind, set()).add(name)
            if identity.permission_set:
                self._many.add(name)

    def why_never(self, resource: Resource) -> str:
        """Why nobody, or nobody of some domain, can be granted it; empty if all who may ask can."""
        reasons: dict[str, list[str]] = {}
        for domain, roles in self._alike:
            requester = _anybody(domain, roles, "who asks")
            if self._policy.may_request(requester, resource, _AS_GOOD_AS_CAN_BE).allowed:
                reasons.setdefault(domain, []).append(self._why_not(requester, resource))
        if not reasons:
            return "no policy lets anybody ask for it"
        # What the domain lacks is told before what is too few in all.
        failing = {domain: min(whys) for domain, whys in reasons.items() if all(whys)}
        if not failing:
            return ""
        whom = "" if failing.keys() == reasons.keys() else f" of {', '.join(sorted(failing))}"
        return f"nobody{whom} can be granted it: {min(failing.values())}"

    def _why_not(self, requester: Person, resource: Resource) -> str:
        try:
            needed = self._policy.approvals_needed(requester, resource, _AS_GOOD_AS_CAN_BE)
        except UnlawfulForAll:
            return "no number of approvals is enough for the policies"
        voters: dict[str, set[str]] = {}
        for domain, roles in self._alike:
            voter = _anybody(domain, roles, "who votes")
            vote = self._policy.could_approve(voter, requester, resource, _AS_GOOD_AS_CAN_BE)
            if vote.allowed:
                voters.setdefault(domain, set()).update(self._alike[domain, roles])
        own = self._count(voters.get(resource.domain, set()))
        if own < needed.domain:
            has = f"{own} approvers" if own else "no approver"
            return f"{needed.domain} of its approvals must come from its domain, which has {has}"
        able = self._count(set().union(*voters.values()))
        if able < needed.total:
            return f"it takes {needed.total} approvals, and no more than {able} could vote"
        return ""

    def _count(self, names: set[str]) -> float:
        return math.inf if names & self._many else len(names)


def _anybody(domain: str, roles: frozenset[str], name: str) -> Person:
    return Person(name=name, principal="", domain=domain, groups=(), roles=roles)


def _roles(compiled: CompiledPolicy, identity: Identity) -> frozenset[str]:
    return frozenset(compiled.roles[group] for group in identity.groups)


def _reviewers(files: PolicyFiles) -> Iterator[Doubt]:
    """Whom the catalogue names to review, and nobody can be."""
    compiled = files.compiled
    if any(identity.permission_set for identity in compiled.identities):
        return
    listed = {identity.person for identity in compiled.identities}
    for domain, names in compiled.break_glass.reviewers.items():
        for name in names:
            if name not in listed:
                yield Doubt(
                    place=files.catalogue.reviewer_places[domain],
                    message=f"{name!r} reviews for {domain}, and nobody of that name is listed",
                )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
