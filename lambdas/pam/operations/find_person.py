"""Whom somebody means, by a name or by any principal of theirs, and what is known of them."""

from dataclasses import dataclass

from pam.domain.errors import Invalid
from pam.domain.people import Person
from pam.domain.principals import scheme_of
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`principals` are those listed, linked, and by which the person was seen to act; there may be
    others. `people` is the same person as each of them.
    """

    name: str
    principals: tuple[str, ...]
    people: tuple[Person, ...]
    known: bool
    """Whether PAM has listed them, or seen them."""


def find_person(text: str, *, store: SessionStore, policy: CedarPolicy) -> Known:
    """Raises Invalid for what can name nobody."""
    identities = policy.identities
    name = identities.named(text)
    if name is None:
        raise Invalid.field("person", "must be a person's name, or a principal of theirs")
    acts = store.acts_of(name)
    people = list(identities.listed(name))
    linked = identities.linked(name)
    typed = [text] if scheme_of(text) is not None else []
    others = dict.fromkeys((*typed, *linked))
    people += [identities.identify(each) for each in others if identities.knows(each)]
    people += [
        Person(
            name=name,
            principal=act.principal,
            domain="",
            groups=act.groups,
            roles=frozenset(act.roles),
        )
        for act in acts
    ]
    seen = acts or store.open_now(name).sessions or store.blocks_of(name)
    principals = {person.principal for person in people} | set(others)
    return Known(
        name=name,
        principals=tuple(sorted(principals)),
        people=tuple(people),
        known=bool(people or seen),
    )
