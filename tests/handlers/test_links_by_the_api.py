"""Links over the API, as API Gateway hands the calls over, on the tables that are deployed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pam import wiring
from pam.aws.link_items import DynamoDbLinkCodes
from pam.operations.show_link_code import show_link_code
from tests.contract.conftest import TABLE, TABLES
from tests.fakes.story import Story
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
