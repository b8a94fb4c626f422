"""Links over the API, as API Gateway hands the calls over, on the tables that are deployed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pam import wiring
from pam.aws.link_items import DynamoDbLinkCodes, DynamoDbLinks
from pam.domain import messages
from pam.domain.errors import NotEligible
from pam.domain.messages import event_of
from pam.edge.callers import slack_caller
from pam.operations.show_link_code import show_link_code
from tests.contract.conftest import TABLE, TABLES
from tests.fakes.story import UAT, Story
from tests.handlers.conftest import Function, call

Load = Callable[[str], Function]
BOB = "slack:T0BANK/U0BOB"


@pytest.fixture
def code(table: Any, story: Story) -> str:
    wiring.links.cache_clear()
    wiring.link_codes.cache_clear()
    return show_link_code(
        BOB,
        display="Bob B.",
        team="The Bank",
        basis="as it is",
        now=story.now,
        keeper=DynamoDbLinkCodes(table, TABLES),
    )


def link(function: Load, who: str, **body: str) -> tuple[int, dict[str, Any]]:
    said = json.dumps({"surface": "slack"} | body)
    answer = function("request_api")(call("POST", "/pam/links", who, said))
    return answer["statusCode"], json.loads(answer["body"])


def records_of(table: Any, kind: str) -> list[dict[str, Any]]:
    items = table.scan(TableName=TABLE)["Items"]
    records = [json.loads(item["record"]["S"]) for item in items if "record" in item]
    return [record for record in records if record["type"] == kind]


def activate(session_id: str) -> dict[str, Any]:
    return event_of(messages.Activate(session_id=session_id))


def unlink(function: Load, who: str, principal: str = BOB) -> int:
    event = call("DELETE", "/pam/links/{principal+}", who, principal=principal)
    return int(function("request_api")(event)["statusCode"])


def test_a_link_is_shown_then_accepted_then_undone(function: Load, table: Any, code: str) -> None:
    status, would = link(function, "bob", code=code)
    assert (status, would) == (
        200,
        {
            "pending": True,
            "principal": BOB,
            "display": "Bob B.",
            "team": "The Bank",
            "votes_from": None,
        },
    )
    assert records_of(table, "Linked") == []
    status, linked = link(function, "bob", code=code, accept=BOB)
    assert (status, linked["pending"]) == (200, False)
    assert linked["votes_from"]
    (record,) = records_of(table, "Linked")
    assert record["requester"] == BOB
    assert unlink(function, "carol") == 404
    assert unlink(function, "bob") == 200
    assert len(records_of(table, "Unlinked")) == 1
    assert unlink(function, "bob") == 404


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a code that is none": ({"code": "AAAAA"}, "code"),
    "no code": ({}, "code"),
    "a surface that is none": ({"surface": "fax"}, "surface"),
    "another principal": ({"accept": "slack:T0BANK/U0CAROL"}, "accept"),
    "a field too many": ({"person": "carol"}, "person"),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_is_wrong_is_named_by_its_field(function: Load, code: str, why: str) -> None:
    changed, field = WRONG[why]
    body = {"code": code} | changed
    if why == "no code":
        del body["code"]
    status, problem = link(function, "bob", **body)
    assert (status, problem["code"]) == (400, "VALIDATION")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.guarantee("G8")
def test_a_refused_code_stands_in_no_record(function: Load, table: Any, code: str) -> None:
    wrong = code[::-1]
    assert link(function, "bob", code=wrong)[0] == 400
    (refused,) = records_of(table, "Refused")
    assert wrong not in str(refused)
    assert "code" in refused["detail"]


@pytest.mark.guarantee("G14")
def test_who_is_named_by_a_linked_principal_is_that_person(
    function: Load, table: Any, story: Story, code: str
) -> None:
    link(function, "bob", code=code, accept=BOB)
    me = json.loads(function("request_api")(call("GET", "/pam/me", "bob"))["body"])
    assert BOB in me["principals"]
    said = json.dumps({"person": BOB, "reason": "laptop stolen", "seconds": 60})
    blocked = function("request_api")(call("POST", "/pam/block", "sam", said))
    assert (blocked["statusCode"], json.loads(blocked["body"])["person"]) == (200, "bob")
    assert story.store.blocks_of("bob")


@pytest.mark.guarantee("G10")
def test_who_is_named_by_a_link_that_was_written_into_the_table_is_nobody(
    function: Load, table: Any, story: Story, code: str
) -> None:
    link(function, "bob", code=code, accept=BOB)
    item = {"pk": {"S": f"LINK#{BOB}"}, "sk": {"S": "LINK"}}
    for field, forged in (("person", "carol"), ("proof", "x" * 44)):
        table.update_item(
            TableName=TABLES.links,
            Key=item,
            UpdateExpression="SET #field = :forged",
            ExpressionAttributeNames={"#field": field},
            ExpressionAttributeValues={":forged": {"S": forged}},
        )
    said = json.dumps({"person": BOB, "reason": "laptop stolen", "seconds": 60})
    refused = function("request_api")(call("POST", "/pam/block", "sam", said))
    assert refused["statusCode"] == 400
    assert not story.store.blocks_of("carol")


@pytest.mark.guarantee("G2")
def test_the_activator_knows_by_their_links_who_asked_and_who_approved(
    function: Load, table: Any, story: Story, code: str
) -> None:
    link(function, "bob", code=code, accept=BOB)
    story.links = DynamoDbLinks(table, TABLES)
    story.later(minutes=10)
    by_slack = slack_caller(BOB, "slack-1", story.decides.identities.whose)
    session = story.vote(by_slack, story.request("alice", UAT).session_id)
    active = story.vote(by_slack, story.request("dave", UAT).session_id)
    answer = function("activate_session")(activate(active.session_id))
    assert answer["status"] == "ACTIVE"
    assert unlink(function, "bob") == 200
    with pytest.raises(NotEligible):
        function("activate_session")(activate(session.session_id))
    assert story.issuer.held == {active.session_id}
