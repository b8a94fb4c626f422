"""People and places in a sentence: a few names, and how many more there are."""

from collections.abc import Sequence

from pam.domain.approval import Ballot, Vote
from pam.domain.pictures import Bench
from pam.domain.resource import Target
from pam.domain.session import Session

FEW = 3


def few(names: Sequence[str]) -> str:
    """`bob, carol, erin and 3 more`; `nobody` for none."""
    if not names:
        return "nobody"
    more = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {more} more" if more > 0 else "")


def others(session: Session, bench: Bench) -> list[str]:
    """Those of the bench whose word is still out, by name."""
    out = {session.requester_name, *(vote.name for vote in session.votes)}
    return sorted(set(bench.names) - out)


def may_vote(session: Session, benches: Sequence[Bench]) -> str:
    """By domain. Of a permission set nobody knows here who its people are."""
    told = []
    for bench in benches:
        names = others(session, bench)
        sets = f"whoever has {few(bench.permission_sets)}" if bench.permission_sets else ""
        known = few(names) if names or not sets else ""
        told.append(f"{', or '.join(part for part in (known, sets) if part)} ({bench.domain})")
    return "; ".join(told) or "nobody who is listed"


def voted(votes: Sequence[Vote]) -> str:
    """`bob approved, carol denied`; `nobody yet`."""
    said = {Ballot.APPROVE: "approved", Ballot.DENY: "denied"}
    return few([f"{vote.name} {said[vote.decision]}" for vote in votes]) if votes else "nobody yet"


def place_of(target: Target) -> str:
    """`account 111122223333`, or what else of its vendor's the target is in."""
    if target.account:
        return f"account {target.account}"
    name, value = next(iter(target.names.items()))
    return f"{name} {value}"
