"""What a person feels: an act of PAM over the sum of the bare calls that it needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from local import crowd
from local.bench.bare import API, API_READ, EXECUTION
from local.bench.figure import Breakdown, Figure, of_seconds
from local.bench.held import states_entered, until_asked, until_held
from local.bench.needed import RESISTED_BAR, RESISTED_BOUND, SUM_BAR, Act, measure
from local.bench.place import Place
from local.bench.proofs import with_and_without
from local.bench.resistance import resisted_ends
from local.bench.rounds import in_turn, timed
from local.cast import Cast, NotSeenError, Person, is_refused, until
from local.crowd import Crowd

LEDGER, SANDBOX = "core-ledger-admin", "core-sandbox-admin"
_ROUNDS = 15
_MANY = 60
"""Rounds of what takes milliseconds."""
_CHECK_BAR, _PROOFS_BAR, _STATES_BAR = 1.5, 1.3, 8
_DURABLE = {"logs:PutLogEvents": 1, "s3:PutObject": 1}
"""A credential leaves only after its record stands in the log group (DT-002); the auditor writes
it, which is no function of the way itself.
"""
_CHECK_BOUND = (
    "The reference makes one call of AWS and a check makes five: it notes the call, reads blocks, "
    "grants and the session itself anew, and notes how it answered. The emulator answers calls one "
    "by one, so those that go side by side save nothing here."
)
_MEANWHILE = "the lease asked for once ACTIVE"

Do = Callable[[], object]


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    people = Crowd(crowd.engineers(place.cast))
    for engineer in crowd.engineers(place.cast):
        # Once an hour it is noted in which office somebody acts: no call that each act needs.
        _give_back(engineer, str(engineer.request(LEDGER)["session_id"]))
    for _ in range(3):
        _given_back(place.cast, people)  # what is measured is warm
    for act in _acts(place.cast, people):
        yield from measure(act, cast=place.cast, bare=place.bare, rounds=_ROUNDS, state=place.state)
    yield from _check(place, people)
    yield _states(place, people)
    yield _proofs(place.cast, people)
    in_peace, resisted = resisted_ends(place.cast)
    yield of_seconds(
        "role: revoke -> refused, against a borrower who resists",
        resisted,
        "the same in peace",
        in_peace,
        bar=RESISTED_BAR,
        bound=RESISTED_BOUND,
    )


def _acts(cast: Cast, people: Crowd) -> Iterator[Act]:
    first, *_ = crowd.engineers(cast)
    yield Act(
        name="request -> answered",
        run=partial(_request, people),
        on_the_way=("request_api",),
        besides={API: 1},
        bar=SUM_BAR,
    )
    yield Act(
        name="list of 20 sessions -> answered",
        run=lambda: nullcontext(lambda: cast.person("ada").get("/pam/sessions?limit=20")),
        on_the_way=("request_api",),
        besides={API: 1},
        bar=SUM_BAR,
    )
    yield Act(
        name="check -> answered, over all its calls",
        run=lambda: nullcontext(lambda: first.get(f"/pam/check?resource={LEDGER}")),
        on_the_way=("request_api",),
        besides={API: 1},
    )
    yield Act(
        name="last approval -> usable credentials",
        run=partial(_approval_to_credentials, cast, people),
        on_the_way=("request_api", "activate_session", "issue_credentials"),
        besides={API: 2, **_DURABLE},
        bar=SUM_BAR,
        note=_MEANWHILE,
    )
    yield Act(
        name="dev request -> usable credentials",
        run=partial(_request_to_credentials, cast, people),
        on_the_way=("request_api", "admit_request", "activate_session", "issue_credentials"),
        besides={API: 2, EXECUTION: 1, "lambda:InvokeFunction": 1, **_DURABLE},
        left_out=frozenset({"states:StartExecution"}),
        bar=SUM_BAR,
        note=_MEANWHILE,
    )
    yield Act(
        name="revoke -> credentials refused",
        run=partial(_revoke_to_refused, cast, people),
        on_the_way=("request_api", "revoke_session"),
        besides={API: 1, "s3:PutObject": 1},
        bar=SUM_BAR,
    )


@contextmanager
def _request(people: Crowd) -> Iterator[Do]:
    asked = list[str]()
    with people.turn() as engineer:
        yield lambda: asked.append(str(engineer.request(LEDGER)["session_id"]))
        _give_back(engineer, *asked)


@contextmanager
def _approval_to_credentials(cast: Cast, people: Crowd) -> Iterator[Do]:
    first, second, _ = crowd.approvers(cast)
    with people.turn() as engineer:
        session_id = str(engineer.request(LEDGER)["session_id"])
        first.approve(session_id)
        execution = engineer.session(session_id)["execution_arn"]
        until_asked(cast, session_id)

        def do() -> None:
            second.approve(session_id)
            until_held(cast, execution)
            engineer.lease(session_id)

        yield do
        _give_back(engineer, session_id)


@contextmanager
def _request_to_credentials(cast: Cast, people: Crowd) -> Iterator[Do]:
    asked = list[str]()
    with people.turn() as engineer:

        def do() -> None:
            session = engineer.request(SANDBOX)
            asked.append(str(session["session_id"]))
            until_held(cast, session["execution_arn"])
            engineer.lease(asked[0])

        yield do
        _give_back(engineer, *asked)


@contextmanager
def _revoke_to_refused(cast: Cast, people: Crowd) -> Iterator[Do]:
    sam, bucket = cast.person("sam"), cast.bucket(LEDGER)
    with people.turn() as engineer:
        session_id = str(_granted(cast, engineer)["session_id"])
        s3 = cast.with_lease(engineer.lease(session_id), "s3")
        put = partial(s3.put_object, Bucket=bucket, Key="note", Body=b"")
        put()

        def do() -> None:
            sam.post("/pam/revoke", {"session_id": session_id, "reason": "measured"})
            until(lambda: is_refused(put) or None, "the credentials to be refused", closely=True)

        yield do


def _check(place: Place, people: Crowd) -> Iterator[Figure]:
    """Over the same read by an empty function behind the same API, and over the read alone: the
    first is what PAM adds, the second what the way through API and function costs as well.
    """
    acts, read = place.bare.acts, "dynamodb:GetItem"
    with people.turn() as engineer:
        session_id = str(_granted(place.cast, engineer)["session_id"])

        def check() -> None:
            answer = engineer.get(f"/pam/check?resource={LEDGER}")
            if answer.body.get("session_id") != session_id:
                message = f"check answered {answer.body}"
                raise NotSeenError(message)

        taken = in_turn(
            {"check": partial(timed, check), API_READ: acts[API_READ], read: acts[read]}, _MANY
        )
        _give_back(engineer, session_id)
    yield of_seconds(
        "check -> answered",
        taken["check"],
        "a function that makes one GetItem, through an API of the same kind",
        taken[API_READ],
        bar=_CHECK_BAR,
        bound=_CHECK_BOUND,
    )
    yield of_seconds(
        "check -> answered, over the plainest read",
        taken["check"],
        "one GetItem by the caller, without API and function",
        taken[read],
    )


def _states(place: Place, people: Crowd) -> Figure:
    with people.turn() as engineer:
        entered = _transitions(place.cast, engineer)
    return Figure(
        name="states that a prod session enters",
        value=entered,
        unit="states",
        reference="a bare execution of one state",
        reference_value=place.bare.states_entered(),
        bar=_STATES_BAR,
        bound="The workflow has more states than it should.",
        runs=1,
    )


def _proofs(cast: Cast, people: Crowd) -> Figure:
    def many() -> list[float]:
        return [_proven(cast, people) for _ in range(_ROUNDS)]

    proven, unproven = with_and_without(cast, many, lambda: _given_back(cast, people))
    return of_seconds(
        "last approval -> usable credentials, with all proofs",
        proven,
        "the same with proofs that are made of nothing",
        unproven,
        bar=_PROOFS_BAR,
        bound="Each proof is a call of KMS; a lease verifies one for each step that it rests on.",
    )


def _proven(cast: Cast, people: Crowd) -> float:
    with _approval_to_credentials(cast, people) as do:
        return timed(do)


def _transitions(cast: Cast, engineer: Person) -> int:
    session = _granted(cast, engineer, duration_seconds=1)
    states = cast.person("root").client("stepfunctions")
    arn = session["execution_arn"]
    until(
        lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED" or None,
        "the workflow to succeed",
    )
    return len(states_entered(cast, arn))


def _granted(cast: Cast, person: Person, **fields: Any) -> dict[str, Any]:
    session_id = str(person.request(LEDGER, **fields)["session_id"])
    for approver in crowd.approvers(cast)[:2]:
        approver.approve(session_id)
    return person.wait_for(session_id, "ACTIVE")


def _given_back(cast: Cast, people: Crowd) -> None:
    with people.turn() as engineer:
        _give_back(engineer, str(_granted(cast, engineer)["session_id"]))


def _give_back(requester: Person, session_id: str) -> None:
    requester.post("/pam/end", {"session_id": session_id})
