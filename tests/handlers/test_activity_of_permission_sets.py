"""The recorder hears what is done with lent permission sets, on the very table."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pam import wiring
from pam.domain.session import Session
from pam.policy.compiled import CompiledPolicy, Identity
from tests.fakes.cloudtrail import ACCOUNT, EVENT_ID
from tests.fakes.permission_sets import (
    LENDING_SETS,
    NAMES,
    PAYMENTS,
    REPORTS,
    USER_ID,
    call,
    lending_sets,
    role,
    sign_in,
    user_identity,
)
from tests.fakes.story import Story
from tests.handlers.conftest import Function

Load = Callable[[str], Function]
Lending = Callable[[CompiledPolicy], Function]
IN_TIME = {"eventTime": "2026-03-01T12:01:00Z"}


@pytest.fixture
def lending(function: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lending:
    def deployed(compiled: CompiledPolicy) -> Function:
        policy = tmp_path / "with-sets.json"
        policy.write_text(compiled.to_json(), encoding="utf-8")
        monkeypatch.setattr(wiring, "_POLICY_FILE", policy)
        wiring.compiled_policy.cache_clear()
        return function("record_activity")

    return deployed


@pytest.fixture
def recorder(lending: Lending) -> Function:
    return lending(lending_sets())


@pytest.fixture
def session(story: Story) -> Session:
    story.policy = LENDING_SETS
    return story.granted(resource=PAYMENTS)


def messages(*events: dict[str, Any]) -> dict[str, Any]:
    """As the queue hands them over."""
    return {
        "Records": [
            {"messageId": f"message-{number}", "body": json.dumps(each), "eventSource": "aws:sqs"}
            for number, each in enumerate(events)
        ]
    }


def activities(story: Story, session: Session) -> list[Any]:
    records = story.store.records(session.session_id)
    return [record for record in records if record["type"] == "Activity"]


def counted(written: str) -> list[Any]:
    """What the metric of dark access was raised by, each time."""
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    return [line["DarkAccess"] for line in lines if "DarkAccess" in line]


def alone(table: Any) -> list[dict[str, Any]]:
    """Findings that stand in no session's trail."""
    return [
        json.loads(item["record"]["S"])
        for item in table.scan(TableName="sessions")["Items"]
        if item["pk"]["S"].startswith("SESSION#NONE#")
    ]


@pytest.mark.guarantee("G5")
def test_a_sign_in_and_a_call_go_into_the_sessions_trail_once(
    recorder: Function, story: Story, session: Session, table: Any, capsys: Any
) -> None:
    signed_in = sign_in()
    signed_in["detail"] |= {"eventID": "sign-in-1", "eventTime": "2026-03-01T12:00:05Z"}
    used = call(**IN_TIME)
    assert recorder(messages(used, signed_in, used))["recorded"] == 2
    assert recorder(messages(used, signed_in))["recorded"] == 0
    told = [(each["request_id"], each["outcome"]) for each in activities(story, session)]
    assert told == [("sign-in-1", "success"), (EVENT_ID, "success")]
    assert alone(table) == counted(capsys.readouterr().out) == []


@pytest.mark.guarantee("G5")
def test_use_by_somebody_without_a_session_is_counted_and_names_the_resource(
    recorder: Function, story: Story, session: Session, table: Any, capsys: Any
) -> None:
    used = call(user_identity("mallory"), **IN_TIME)
    assert recorder(used) == {"recorded": 1}
    assert recorder(used) == {"recorded": 0}
    assert counted(capsys.readouterr().out) == [[1.0]]
    (record,) = alone(table)
    why = "mallory had no session when these credentials were made"
    assert record["detail"].startswith(f"dark access: {why}: ")
    assert record["resource"] == PAYMENTS
    assert activities(story, session) == []


FORGED = {
    "a role of that name outside the reserved path": role(path=""),
    "a role of another account": role(account="999999999999"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_role_that_only_looks_like_the_sets_is_in_nobodys_trail(
    recorder: Function, story: Story, session: Session, table: Any, case: str
) -> None:
    assert recorder(call(user_identity(role_arn=FORGED[case]), **IN_TIME)) == {"recorded": 0}
    assert activities(story, session) == alone(table) == []


def test_a_session_of_another_set_explains_nothing(
    recorder: Function, story: Story, session: Session, table: Any
) -> None:
    used = call(user_identity(role_arn=role(NAMES[REPORTS])), **IN_TIME)
    assert recorder(used) == {"recorded": 1}
    assert [record["resource"] for record in alone(table)] == [REPORTS]
    assert activities(story, session) == []


def test_a_user_whom_the_identities_file_lists_is_known_by_the_id_alone(
    lending: Lending, story: Story, session: Session, table: Any
) -> None:
    listed = Identity(
        accounts=(ACCOUNT,),
        domain="bank-core",
        groups=(),
        user="alice",
        person="alice",
        identity_center_user=USER_ID,
    )
    policy = lending_sets()
    recorder = lending(replace(policy, identities=(*policy.identities, listed)))
    assert recorder(call(user_identity("renamed"), **IN_TIME)) == {"recorded": 1}
    assert len(activities(story, session)) == 1
    another = user_identity(user_id="11112222-10b1-70f2-8d3e-4f5a6b7c8d9e")
    assert recorder(call(another, eventID="another", **IN_TIME)) == {"recorded": 1}
    assert len(activities(story, session)) == len(alone(table)) == 1


def test_an_id_that_two_people_have_is_nobodys(
    lending: Lending, story: Story, session: Session
) -> None:
    common = {"accounts": (ACCOUNT,), "domain": "bank-core", "groups": ()}
    two = tuple(
        Identity(**common, user=who, person=who, identity_center_user=USER_ID)
        for who in ("carol", "dave")
    )
    policy = lending_sets()
    recorder = lending(replace(policy, identities=(*policy.identities, *two)))
    assert recorder(call(user_identity("alice"), **IN_TIME)) == {"recorded": 1}
    assert len(activities(story, session)) == 1, "by her name, as if no id were listed"


def test_what_cannot_be_matched_comes_again_and_keeps_back_nothing(
    recorder: Function, story: Story, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = wiring.sessions(wiring.Tables.of("test", "sessions"))

    def down(_: Any) -> Any:
        raise ConnectionError

    monkeypatch.setattr(store, "find", down)
    nobody = call({**user_identity(), "sessionContext": {}}, eventID="nobody", **IN_TIME)
    answer = recorder(messages(call(**IN_TIME), nobody))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "message-0"}]
    assert answer["recorded"] == 1
    monkeypatch.undo()
