"""Lists as the API gives them: the times in a query."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pam.domain import timestamps
from pam.domain.ids import opened_at
from tests.fakes.story import Story
from tests.handlers.conftest import Function, call

Load = Callable[[str], Function]


def asked(function: Load, **query: str) -> dict[str, Any]:
    event = call("GET", "/pam/sessions", "alice")
    many = {name: [value] for name, value in query.items()}
    event |= {"queryStringParameters": query, "multiValueQueryStringParameters": many}
    answer = function("request_api")(event)
    return {"status": answer["statusCode"], **json.loads(answer["body"])}


def test_a_list_is_of_the_time_asked_for(function: Load, story: Story) -> None:
    first = story.request().session_id
    story.later(milliseconds=1)
    second = story.request().session_id
    at = {each: timestamps.render(opened_at(each)) for each in (first, second)}
    for query, expected in [
        ({"since": at[second]}, [second]),
        ({"until": at[first]}, [first]),
        ({"since": at[first], "until": at[second]}, [second, first]),
        ({"since": at[first].replace("Z", "+00:00"), "until": at[first]}, [first]),
    ]:
        answer = asked(function, **query)
        assert [each["session_id"] for each in answer["items"]] == expected, query


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-01-31", "2026-01-31T09:15", "24h", "1" * 41, "2026-13-01T00:00Z"],
)
def test_what_is_no_time_with_a_zone_is_named(function: Load, name: str, text: str) -> None:
    answer = asked(function, **{name: text})
    assert (answer["status"], answer["code"]) == (400, "VALIDATION")
    assert [error["field"] for error in answer["errors"]] == [name]
