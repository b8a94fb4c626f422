"""The lending of what stands in a directory: over the bare calls that it needs, there and in PAM's
account; and how many calls a session makes there.

A session counts as usable when its holder was let in by it, and as over when what let them in is
refused. Identity Center is asked by PAM once a second at the most how far it is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from local.bench.bare import API
from local.bench.bare_directories import BareGroup, BarePermissionSet
from local.bench.directory_calls import Directory, calls_of, fewest
from local.bench.figure import Breakdown, Figure
from local.bench.held import until_asked, until_held
from local.bench.needed import SUM_BAR, SUM_BOUND, Act, measure
from local.bench.place import Place
from local.cast import Cast, is_refused, until

PAYMENTS, SUPPORT = "core-payments-admin", "core-support-admins"
_ROUNDS = 5
"""Few: each end leaves a deny behind for an hour."""
_COUNTED = 3
_THERE = frozenset({"sso", "identitystore"})
"""Whether a call of Identity Center is allowed is asked at the emulator's door, and seen there."""
_SHORTEST = 15
"""Seconds of a session that its own clock ends."""
_BOUND = (
    "Whether an operation there is over is asked once a second at the most, and what was read back "
    "is read again a second later: the reference asks without a pause, so that nearly all of the "
    f"figure is what PAM waits for. {SUM_BOUND}"
)
_CALLS_BOUND = "It asks more of the directory than it should."

Do = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """One kind, by a resource. `lets_in`: gives what tells whether its holder is let in by what
    they got there while the session was ACTIVE.
    """

    kind: str
    resource: str
    approvers: tuple[str, ...]
    functions: str
    """What the names of the two functions end with that have the power there."""
    lets_in: Callable[[Cast], Callable[[], bool]]
    directory: Directory
    most_calls: int


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    cast, bare = place.cast, place.bare
    forms: Mapping[str, Callable[[], BareGroup | BarePermissionSet]] = {
        PAYMENTS: partial(BarePermissionSet, cast),
        SUPPORT: partial(BareGroup, cast),
    }
    # The reference, which asks without a pause, would be told to wait and PAM would not.
    cast.identity_center.knobs(calls_per_second=None)
    for lent in KINDS:
        _live(cast, lent)  # what is measured is warm
        for act in _acts(cast, lent, forms[lent.resource]()):
            yield from measure(act, cast=cast, bare=bare, rounds=_ROUNDS, state=place.state)
        yield from _calls(cast, lent)


def _acts(cast: Cast, lent: Lent, forms: BareGroup | BarePermissionSet) -> Iterator[Act]:
    given, taken = f"given at the directory ({lent.kind})", f"taken at the directory ({lent.kind})"
    yield Act(
        name=f"{lent.kind}: last approval -> usable",
        run=partial(_approval_to_usable, cast, lent),
        on_the_way=("request_api", "activate_session", f"issue_{lent.functions}"),
        besides={API: 1, given: 1},
        bare={given: forms.start},
        left_out=_THERE,
        bar=SUM_BAR,
        bound=_BOUND,
    )
    yield Act(
        name=f"{lent.kind}: end -> refused",
        run=partial(_end_to_refused, cast, lent),
        on_the_way=("request_api", "revoke_session", f"revoke_{lent.functions}"),
        besides={API: 1, taken: 1},
        bare={taken: forms.end},
        left_out=_THERE,
        bar=SUM_BAR,
        bound=_BOUND,
    )


@contextmanager
def _approval_to_usable(cast: Cast, lent: Lent) -> Iterator[Do]:
    session = _pending(cast, lent)

    def do() -> None:
        cast.person(lent.approvers[-1]).approve(session["session_id"])
        until_held(cast, session["execution_arn"])
        if not lent.lets_in(cast)():
            message = f"{session['session_id']} is ACTIVE, and lets nobody in"
            raise AssertionError(message)

    yield do
    _end(cast, session)


@contextmanager
def _end_to_refused(cast: Cast, lent: Lent) -> Iterator[Do]:
    session = _granted(cast, lent)
    is_let_in = lent.lets_in(cast)

    def do() -> None:
        _revoke(cast, session)
        until(lambda: not is_let_in() or None, "the end", closely=True)

    yield do
    _end(cast, session)


def _calls(cast: Cast, lent: Lent) -> Iterator[Figure]:
    """Of a whole session, ended early and by its own clock."""
    for how, live in (("early", _live), ("natural", _live_out)):
        made = fewest(_calls_of(cast, lent, live) for _ in range(_COUNTED))
        yield Figure(
            name=f"{lent.kind}: calls of a session, {how} end",
            value=made.total(),
            unit="calls",
            reference="one call",
            reference_value=1,
            bar=lent.most_calls,
            bound=_CALLS_BOUND,
            runs=_COUNTED,
            note="without polls, tokens and what a later minute's look makes",
        )


def _calls_of(cast: Cast, lent: Lent, live: Callable[[Cast, Lent], None]) -> Counter[str]:
    before = len(lent.directory.asked(cast))
    live(cast, lent)
    return calls_of(lent.directory, lent.directory.asked(cast)[before:])


def _live(cast: Cast, lent: Lent) -> None:
    session = _granted(cast, lent)
    if not lent.lets_in(cast)():
        message = f"{session['session_id']} is ACTIVE, and lets nobody in"
        raise AssertionError(message)
    _end(cast, session)


def _live_out(cast: Cast, lent: Lent) -> None:
    session = _granted(cast, lent, duration_seconds=_SHORTEST)
    cast.person("alice").wait_for(session["session_id"], "EXPIRED")


def _pending(cast: Cast, lent: Lent, duration_seconds: int = 600) -> dict[str, Any]:
    """A session for which one approval is missing."""
    session = cast.person("alice").request(lent.resource, duration_seconds=duration_seconds)
    for name in lent.approvers[:-1]:
        cast.person(name).approve(session["session_id"])
    until_asked(cast, session["session_id"])
    return session


def _granted(cast: Cast, lent: Lent, **asked: int) -> dict[str, Any]:
    session = _pending(cast, lent, **asked)
    cast.person(lent.approvers[-1]).approve(session["session_id"])
    return cast.person("alice").wait_for(session["session_id"], "ACTIVE")


def _revoke(cast: Cast, session: Mapping[str, Any]) -> None:
    asked = {"session_id": session["session_id"], "reason": "measured"}
    cast.person("sam").post("/pam/revoke", asked)


def _end(cast: Cast, session: Mapping[str, Any]) -> None:
    """So far that the same person may have the next."""
    _revoke(cast, session)
    cast.person("alice").wait_for(session["session_id"], "REVOKED")


def _by_credentials(cast: Cast) -> Callable[[], bool]:
    live = cast.identity_center.sign_in("alice")
    s3, bucket = cast.with_sign_in(live, "s3"), cast.bucket(PAYMENTS)
    put = partial(s3.put_object, Bucket=bucket, Key="note", Body=b"")
    return lambda: not is_refused(put)


def _by_membership(cast: Cast) -> Callable[[], bool]:
    browser = cast.okta.sign_in("alice")
    return lambda: cast.okta.opens(browser, SUPPORT)


KINDS = (
    Lent(
        kind="identity-center",
        resource=PAYMENTS,
        approvers=("bob", "carol"),
        functions="identity_center",
        lets_in=_by_credentials,
        directory=Directory.IDENTITY_CENTER,
        most_calls=18,
    ),
    Lent(
        kind="okta-group",
        resource=SUPPORT,
        approvers=("bob",),
        functions="okta_group",
        lets_in=_by_membership,
        directory=Directory.OKTA,
        most_calls=10,
    ),
)
