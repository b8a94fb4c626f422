"""JSONata's own engine evaluates every expression of the workflow, on what the functions really
answer. The engine is of the version that Step Functions says to follow (2.0.6).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from pam.domain import messages
from pam.domain.messages import event_of
from pam.ports.people import Failure
from stacks.workflow_document import DOCUMENT
from tests.fakes.story import SANDBOX, Story, arn
from tests.handlers.conftest import Function
from tests.handlers.executions import EXECUTION, START, failed, started
from tests.workflow_opinions import Expression, values_of

Load = Callable[[str], Function]
Json = dict[str, Any]
STATES: dict[str, Json] = json.loads(DOCUMENT.read_text(encoding="utf-8"))["States"]
SESSION = "01KJMMA2R0000000000000000A"
TOKEN = "AQCEAAAAKgAAAAMAAAAAAAAAAe" * 20
CONTEXT: Json = {
    "Execution": {"Id": EXECUTION, "Input": START, "Name": "night-shift"},
    "State": {"Name": "AskApprovers", "RetryCount": 0},
    "Task": {"Token": TOKEN},
}
# As AWS's own error names and SendTaskFailure have them; a timeout has no cause.
ERRORS: dict[str, Json] = {
    "a denial": {"Error": "DENIED", "Cause": "bob denied it: not today"},
    "no answer in time": {"Error": "UNANSWERED"},
}


def _result(payload: Json) -> Json:
    """What a Lambda task hands on."""
    return {"ExecutedVersion": "$LATEST", "Payload": payload, "StatusCode": 200}


@pytest.fixture
def answers(function: Load, story: Story) -> dict[str, Json]:
    """What the functions answer, by what happened."""
    admit, revoke = function("admit_request"), function("revoke_session")
    found = {
        "needs votes": admit(started(story, START, f"{EXECUTION}-1")),
        "needs none": admit(started(story, START | {"resource": SANDBOX}, f"{EXECUTION}-2")),
        "refused": admit(started(story, START | {"requester": arn("mallory")}, f"{EXECUTION}-3")),
        "malformed": admit(started(story, {"reason": 1}, f"{EXECUTION}-4")),
    }
    approved = story.approved()
    found["activated"] = function("activate_session")(
        event_of(messages.Activate(session_id=approved.session_id))
    )
    story.later(hours=9)
    found["ended"] = revoke(event_of(messages.EndDue(session_id=approved.session_id)))
    found["closed"] = revoke(failed(story, story.request("dave"), "Lambda.Unknown", "it broke"))
    found["closed without a cause"] = revoke(failed(story, story.request("dave"), "States.Timeout"))
    story.workflow.failures[EXECUTION] = Failure(error="Boom", cause="")
    started(story, START)
    found["never admitted"] = revoke(event_of(messages.AdmissionFailed(execution_arn=EXECUTION)))
    return found


def _occasions(answers: Mapping[str, Json]) -> dict[str, list[Json]]:
    """For each state what its expressions may see, once for each thing that can have happened."""

    def results(*of: str) -> list[Json]:
        return [
            {"session_id": SESSION, "states": {"context": CONTEXT, "result": _result(answers[it])}}
            for it in of
        ]

    def variables(name: str, *of: str) -> list[Json]:
        return [{name: answers[it], "states": {"context": CONTEXT}} for it in of]

    closing = ("closed", "closed without a cause", "never admitted")
    return {
        "Admit": results("needs votes", "needs none", "refused", "malformed"),
        "EnoughApprovals": variables("admission", "needs votes", "needs none", "refused"),
        "Refused": variables("admission", "refused", "malformed"),
        "AskApprovers": [{"session_id": SESSION, "states": {"context": CONTEXT}}],
        "ActivateSession": results("activated"),
        "HoldUntilExpiry": [{"hold_until": answers["activated"]["hold_until"]}],
        "Revoke": results("ended"),
        "CloseUnfinished": results("closed", "closed without a cause"),
        "AdmissionFailed": results("never admitted", "closed"),
        "Failed": variables("closing", *closing),
    }


def _expressions(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _expressions(item, f"{place}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _expressions(item, f"{place}.{number}")
    elif isinstance(value, str) and (found := re.fullmatch(r"\{%(.*)%\}", value, re.DOTALL)):
        yield place, found[1]


def _all(occasions: Mapping[str, list[Json]]) -> Iterator[tuple[str, Expression]]:
    """Those of a catch see an error, all others what the state has or got."""
    for name, state in STATES.items():
        for place, text in _expressions(state, name):
            seen = occasions[name]
            if ".Catch." in place:
                seen = [{"states": {"errorOutput": each}} for each in ERRORS.values()]
            for bindings in seen:
                yield place, Expression(text=text, bindings=bindings)


_ONCE: list[tuple[str, Expression, Json]] = []
"""What the functions answer does not depend on the test that asks, and a table takes time."""


@pytest.fixture
def evaluated(request: pytest.FixtureRequest) -> list[tuple[str, Expression, Json]]:
    if not _ONCE:
        asked = list(_all(_occasions(request.getfixturevalue("answers"))))
        values = values_of([expression for _, expression in asked])
        _ONCE.extend((*each, value) for each, value in zip(asked, values, strict=True))
    return _ONCE


def test_every_expression_has_a_value_whatever_happened(
    evaluated: list[tuple[str, Expression, Json]],
) -> None:
    told = [(place, value) for place, _, value in evaluated if "value" not in value]
    assert told == []


def test_every_expression_of_the_workflow_is_evaluated(
    evaluated: list[tuple[str, Expression, Json]],
) -> None:
    whole = DOCUMENT.read_text(encoding="utf-8").count("{%")
    assert whole == len({place for place, _, _ in evaluated}) > 15


def test_each_function_understands_what_the_workflow_calls_it_with(
    evaluated: list[tuple[str, Expression, Json]],
) -> None:
    values = {place: value["value"] for place, _, value in evaluated}
    called = 0
    for name, state in STATES.items():
        payload = state.get("Arguments", {}).get("Payload", {})
        event = {
            key: values.get(f"{name}.Arguments.Payload.{key}", item)
            for key, item in payload.items()
        }
        if event:
            called += 1
            assert messages.read(event, getattr(messages, payload["message"]))
    assert called == 6


def test_admission_leads_where_its_answer_says(
    evaluated: list[tuple[str, Expression, Json]],
) -> None:
    """One condition at most is true, and of a refusal none: that is the default's."""
    conditions = [
        (expression.bindings["admission"]["outcome"], place.split(".")[2], value["value"])
        for place, expression, value in evaluated
        if place.startswith("EnoughApprovals")
    ]
    choices = STATES["EnoughApprovals"]["Choices"]
    leads = {
        (outcome, choices[int(number)]["Next"]) for outcome, number, is_so in conditions if is_so
    }
    assert leads == {("APPROVED", "ActivateSession"), ("NEEDS_APPROVAL", "AskApprovers")}
    assert {is_so for _, _, is_so in conditions} == {True, False}
    assert "REFUSED" in {outcome for outcome, _, _ in conditions}


def test_what_a_failed_execution_shows_are_texts(
    evaluated: list[tuple[str, Expression, Json]],
) -> None:
    """Step Functions fails a state whose error or cause is none."""
    shown = [
        value["value"]
        for place, _, value in evaluated
        if place.rpartition(".")[2] in {"Error", "Cause", "error", "cause"}
    ]
    assert shown
    assert all(isinstance(each, str) for each in shown)


def test_the_wait_gets_a_timestamp(evaluated: list[tuple[str, Expression, Json]]) -> None:
    (until,) = (
        value["value"] for place, _, value in evaluated if place == "HoldUntilExpiry.Timestamp"
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", until)


BROKEN = {
    "a field that nothing has": ("$states.result.Payload.held_until", "undefined"),
    "a variable that nobody assigned": ("$hold", "undefined"),
    "a cause that a timeout does not have": ("$states.errorOutput.Cause", "undefined"),
    "a bracket that is not closed": ("$exists($states.result", "error"),
    "an operator of a newer JSONata": ("$states.errorOutput.Cause ?: ''", "error"),
    "a function that there is not": ("$upper($states.context.Execution.Id)", "error"),
}


def test_the_engine_rejects_what_is_broken() -> None:
    bindings = {
        "states": {"context": CONTEXT, "result": _result({}), "errorOutput": {"Error": "X"}}
    }
    values = values_of([Expression(text=text, bindings=bindings) for text, _ in BROKEN.values()])
    assert [next(iter(value)) for value in values] == [kind for _, kind in BROKEN.values()]
