"""Reviews by the API; what the tick hands on, and to whom."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import tick
from pam import wiring
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.domain import messages
from tests.contract.conftest import TABLE
from tests.fakes.story import LEDGER, Story, arn
from tests.handlers.conftest import Function, call
from tests.handlers.executions import started
from tick import NotAllHandedOn

TICK = messages.event_of(messages.Tick())
Load = Callable[[str], Function]
LEDGER_DB = "core-ledger-db"


def review(function: Load, who: str, **body: Any) -> tuple[int, Any]:
    answer = function("request_api")(call("POST", "/pam/review", who, json.dumps(body)))
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.guarantee("G15")
def test_two_reviews_settle_what_the_session_shows(function: Load, story: Story) -> None:
    session_id = story.activate(story.request(break_glass=True).session_id).session_id
    status, first = review(
        function, "bob", session_id=session_id, outcome="justified", comment="was needed"
    )
    assert status == 200
    assert first["review"]["reviewers"] == [arn("bob")]
    assert (first["review"]["required"], first["review"]["outcome"]) == (True, "")
    status, second = review(function, "carol", session_id=session_id, outcome="unjustified")
    assert (status, second["review"]["outcome"]) == (200, "unjustified")
    status, refused = review(function, "alice", session_id=session_id, outcome="justified")
    assert (status, refused["code"]) == (403, "SELF_APPROVAL")
    status, refused = review(function, "erin", session_id=session_id, outcome="justified")
    assert (status, refused["code"]) == (409, "CONFLICT")
    kinds = [record["type"] for record in story.store.records(session_id)]
    assert kinds[-4:] == ["Reviewed", "Reviewed", "Refused", "Refused"]


WRONG: dict[str, dict[str, Any]] = {
    "session_id": {"session_id": None},
    "outcome": {"outcome": "fine"},
    "comment": {"comment": "x" * 1001},
    "decision": {"decision": "approve"},
}


@pytest.mark.parametrize("field", WRONG)
def test_a_review_that_is_not_one_is_refused_with_the_field(
    function: Load, story: Story, field: str
) -> None:
    body = {"session_id": story.request(break_glass=True).session_id, "outcome": "justified"}
    status, problem = review(function, "bob", **body | WRONG[field])
    assert (status, problem["code"]) == (400, "VALIDATION")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.guarantee("G15")
def test_what_a_reviewer_found_is_never_taken_for_granted(function: Load, story: Story) -> None:
    session_id = story.activate(story.request(break_glass=True).session_id).session_id
    status, problem = review(function, "bob", session_id=session_id, comment="was needed")
    assert (status, problem["code"]) == (400, "VALIDATION")
    assert [error["field"] for error in problem["errors"]] == ["outcome"]
    assert "Reviewed" not in [record["type"] for record in story.store.records(session_id)]


@pytest.mark.guarantee("G15")
def test_neither_door_lets_in_an_emergency_of_whoever_owes_a_review(
    function: Load, story: Story
) -> None:
    owed = story.request(break_glass=True).session_id
    story.later(hours=24)
    body = {"resource": "core-ledger-admin", "reason": "ledger stuck", "break_glass": True}
    asked = function("request_api")(call("POST", "/pam/request", "alice", json.dumps(body)))
    problem = json.loads(asked["body"])
    assert (asked["statusCode"], problem["code"]) == (403, "NOT_ELIGIBLE")
    assert owed in problem["detail"]
    start = {**body, "requester": arn("alice")}
    admitted = function("admit_request")(started(story, start))
    assert (admitted["outcome"], admitted["error"]) == ("REFUSED", "NOT_ELIGIBLE")
    assert owed in admitted["cause"]


class Heard:
    """Stands for the functions that the tick calls."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.told: list[str] = []
        self.deaf = False

    def sweep(self, session_id: str) -> None:
        self.ended.append(session_id)

    def tell(self, session_id: str) -> None:
        if self.deaf:
            message = "no such function"
            raise ConnectionError(message)
        self.told.append(session_id)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    heard = Heard()
    monkeypatch.setattr(wiring, "revocation", lambda _: heard)
    monkeypatch.setattr(wiring, "messenger", lambda _: heard)
    return heard


def test_the_tick_hands_each_duty_to_whoever_has_it(
    function: Load, story: Story, heard: Heard
) -> None:
    waiting = story.request().session_id
    over = story.granted(seconds=60).session_id
    story.later(minutes=10)
    assert function("tick")(TICK) == {"due": 2}
    assert (heard.ended, heard.told) == ([over], [waiting])


@pytest.mark.guarantee("G6")
def test_notices_that_cannot_be_handed_on_hold_up_no_end(
    function: Load, story: Story, heard: Heard
) -> None:
    for _ in range(2):
        story.request()
    over = story.granted(seconds=599).session_id
    story.later(minutes=10)
    heard.deaf = True
    with pytest.raises(NotAllHandedOn):
        function("tick")(TICK)
    assert heard.ended == [over]


@pytest.mark.guarantee("G6")
def test_an_end_that_cannot_be_handed_on_hides_no_other_and_is_told(
    function: Load, story: Story, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {story.granted(seconds=60).session_id for _ in range(3)}
    lost, hand_on = min(ids), heard.sweep

    def throttled_once(session_id: str) -> None:
        if session_id == lost:
            message = "too many requests"
            raise ConnectionError(message)
        hand_on(session_id)

    monkeypatch.setattr(heard, "sweep", throttled_once)
    story.later(minutes=2)
    with pytest.raises(NotAllHandedOn, match=lost):
        function("tick")(TICK)
    assert set(heard.ended) == ids - {lost}


@pytest.mark.guarantee("G6")
def test_none_starves_while_more_ends_than_a_tick_hands_on_fail_again_and_again(
    function: Load, story: Story, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick, "_MOST_PER_TICK", 3)
    wanted = [(who, each) for who in ("alice", "dave") for each in (LEDGER, LEDGER_DB)] * 3
    ids = [story.granted(who, each, seconds=60).session_id for who, each in wanted[:10]]
    story.issuer.down = True
    story.later(minutes=2)
    for _ in range(8):
        handed_on = len(heard.ended)
        function("tick")(TICK)
        for session_id in heard.ended[handed_on:]:
            sweep = messages.event_of(messages.Sweep(session_id=session_id))
            answer = function("revoke_session")(sweep)
            assert answer["error"] == "IssuerUnavailable"
        story.later(minutes=1)
    turns = [heard.ended.count(session_id) for session_id in ids]
    assert min(turns) == 2, "each had as many turns as any other, or one less"


@pytest.mark.guarantee("G6")
def test_what_should_have_ended_a_minute_ago_is_counted_every_minute_and_listed(
    function: Load, story: Story, heard: Heard, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = story.granted(seconds=60).session_id
    story.request()
    counted = []
    for seconds in (119, 3, 60):
        story.later(seconds=seconds)
        capsys.readouterr()
        function("tick")(TICK)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        counted += [line["EndStuck"] for line in lines if "EndStuck" in line]
    assert counted == [[1.0], [1.0]], "nothing is counted where nothing is stuck"
    listed = json.loads(function("request_api")(call("GET", "/pam/stuck", "sam"))["body"])
    assert [item["session_id"] for item in listed["items"]] == [stuck]
    others = json.loads(function("request_api")(call("GET", "/pam/stuck", "dave"))["body"])
    assert others["items"] == []


@pytest.mark.guarantee("G6")
def test_a_session_that_the_tick_does_not_understand_hides_no_other_and_is_told(
    function: Load, story: Story, heard: Heard, table: Any
) -> None:
    spoilt, over = (story.granted(seconds=60).session_id for _ in range(2))
    table.update_item(
        TableName=TABLE,
        Key=to_item(table_keys.session_key(spoilt)),
        UpdateExpression="REMOVE document.needed",
    )
    story.later(minutes=2)
    with pytest.raises(NotAllHandedOn, match=f"not understood: .*{spoilt}"):
        function("tick")(TICK)
    assert heard.ended == [over]


def test_what_the_tick_handed_on_is_sent_once(function: Load, story: Story) -> None:
    session = story.request()
    story.later(minutes=10)
    event = messages.event_of(messages.SendNotices(session_id=session.session_id))
    assert function("send_notices")(event) == {"sent": ["remind"]}
    assert function("send_notices")(event) == {"sent": []}
    assert story.notifier.told == [("still waiting", session.session_id)]
    assert story.store.due(story.now + timedelta(minutes=9), 10) == []
