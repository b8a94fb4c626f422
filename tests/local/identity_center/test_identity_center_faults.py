"""What can go wrong with any call, and that it goes wrong as it was asked for."""

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local.identity_center.clients import clients
from local.identity_center.directory import user_id_of
from local.identity_center.faults import Knobs, UnknownKnobError
from local.identity_center.names import INSTANCE
from local.identity_center.service import IdentityCenter
from tests.local.identity_center.centers import OF_STORE, Case, code_of


def instances(case: Case) -> Any:
    return case.sso.list_instances()["Instances"]


def test_calls_of_a_service_are_throttled_together_and_the_other_service_is_not(
    case: Case,
) -> None:
    case.center.knobs.calls_per_second = 20
    for _ in range(20):
        instances(case)
    assert code_of(lambda: instances(case)) == "ThrottlingException"
    assert code_of(case.listed) == "ThrottlingException"
    assert code_of(lambda: case.store.list_users(**OF_STORE)) == ""
    case.clock.forward(0.9)
    assert code_of(lambda: instances(case)) == "ThrottlingException"
    case.clock.forward(0.1)
    assert code_of(lambda: instances(case)) == ""


def test_a_service_that_is_down_answers_503_to_everything_and_comes_back(case: Case) -> None:
    case.center.knobs.down = True
    for act in (lambda: instances(case), lambda: case.store.list_users(**OF_STORE)):
        with pytest.raises(ClientError) as told:
            act()
        assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    case.center.knobs.down = False
    assert instances(case)[0]["InstanceArn"] == INSTANCE


def test_what_runs_goes_on_while_the_service_is_down(case: Case) -> None:
    case.begin()
    case.center.knobs.down = True
    case.settle()
    case.center.knobs.down = False
    assert case.listed() == [user_id_of("alice")]


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ConflictException", "InternalServerException"]
)
def test_the_next_calls_are_refused_as_asked_and_nothing_is_done(case: Case, code: str) -> None:
    case.center.faults.refuse("CreateAccountAssignment", code, times=2)
    assert [code_of(case.begin) for _ in range(3)] == [code, code, ""]
    assert len(case.center.running.in_progress()) == 1


def test_what_was_asked_for_first_goes_wrong_first_until_the_operation_is_accepted(
    case: Case,
) -> None:
    codes = ["ConflictException", "ThrottlingException", "AccessDeniedException"]
    for code in codes:
        case.center.faults.refuse("CreateAccountAssignment", code)
    assert [code_of(case.begin) for _ in codes[1:]] == codes[:-1]
    case.center.faults.accept("CreateAccountAssignment")
    assert code_of(case.begin) == ""


def test_an_answer_that_is_lost_was_done_and_only_so_often(case: Case) -> None:
    case.center.faults.lose_answers("CreateAccountAssignment")
    with pytest.raises(ConnectionClosedError):
        case.begin()
    assert code_of(case.begin) == "ConflictException"
    case.settle()
    assert case.listed() == [user_id_of("alice")]


def test_a_client_that_repeats_by_itself_makes_the_same_call_again() -> None:
    center = IdentityCenter()
    center.faults.refuse("ListInstances", "ThrottlingException")
    sso, _ = clients(center, Config(retries={"total_max_attempts": 2, "mode": "standard"}))
    assert sso.list_instances()["ResponseMetadata"]["RetryAttempts"] == 1
    assert [call.error for call in center.calls] == ["ThrottlingException", None]


def test_every_call_is_kept_with_its_error(case: Case) -> None:
    case.center.faults.refuse("CreateAccountAssignment", "ConflictException")
    code_of(case.begin)
    (call,) = case.center.calls
    assert (call.operation, call.error) == ("CreateAccountAssignment", "ConflictException")
    assert call.params["PrincipalId"] == user_id_of("alice")
    assert call.at == case.clock.now


@pytest.mark.parametrize(
    "change",
    [
        {"pols": 1},
        {"polls": -1},
        {"polls": None},
        {"polls": "3"},
        {"page_size": 0},
        {"down": "yes"},
        {"down": 1},
        {"existing": "maybe"},
        {"missing": True},
    ],
)
def test_a_knob_that_is_none_or_takes_something_else_is_refused(
    case: Case, change: dict[str, Any]
) -> None:
    with pytest.raises(UnknownKnobError):
        case.center.knobs.turn({"seconds": 9.0, **change})
    assert case.center.knobs == Knobs()


def test_everything_that_was_asked_to_go_wrong_can_be_forgotten() -> None:
    center = IdentityCenter(knobs=Knobs(calls_per_second=20))
    case = Case(center)
    case.center.knobs.turn({"polls": 7, "down": True, "calls_per_second": None})
    for ask in (center.faults.refuse, center.faults.fail):
        ask("CreateAccountAssignment", "InternalServerException")
    center.faults.lose_answers("CreateAccountAssignment")
    center.faults.forget()
    assert center.knobs == Knobs(calls_per_second=20)
    request = case.begin()
    assert [case.created(request)["Status"] for _ in range(2)] == ["IN_PROGRESS", "SUCCEEDED"]
