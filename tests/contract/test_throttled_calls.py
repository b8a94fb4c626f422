"""What AWS throttles is called again, and told as such when that is of no use."""

import json
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from pam import clock
from pam.aws import clients
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.aws.role_issuer import RoleIssuer
from pam.aws.step_functions import StepFunctionsWorkflow
from pam.domain.errors import IssuerUnavailable, StaleSession, TryAgain
from tests.contract.conftest import TABLES
from tests.fakes.clients import MACHINE
from tests.fakes.log import a_refusal
from tests.fakes.story import Story

TRIES = 4
SAID = {"__type": "ThrottlingException", "message": "Rate exceeded"}
STS_SAID = b"<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"


class Raw:
    """What an AWSResponse reads its content from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


class Answers:
    """What AWS says to one call after another; `asked` is how often it was called."""

    def __init__(self, *said: dict[str, Any], always: dict[str, Any] | bytes | None = None) -> None:
        self._said = iter(said) if always is None else repeat(always)
        self.asked = 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.asked += 1
        said = next(self._said)
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        return AWSResponse(request.url, 400 if said else 200, {}, Raw(content))


Connect = Callable[[str, Answers], Any]


@pytest.fixture
def connect(aws: None, monkeypatch: pytest.MonkeyPatch) -> Connect:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def connected(service: str, answers: Answers) -> Any:
        client = clients.client(service)
        client.meta.events.register_first("before-send", answers)
        return client

    return connected


def cancelled(*codes: str) -> dict[str, Any]:
    reasons = [{"Code": code} for code in codes]
    return {"__type": "TransactionCanceledException", "CancellationReasons": reasons}


def test_a_throttled_call_is_made_again(connect: Connect) -> None:
    answers = Answers(SAID, SAID, {})
    assert DynamoDbSessions(connect("dynamodb", answers), TABLES).get("S") is None
    assert answers.asked == 3


def test_a_throttled_transaction_is_made_again_though_boto3_would_not(connect: Connect) -> None:
    answers = Answers(cancelled("None", "ThrottlingError"), {})
    DynamoDbSessions(connect("dynamodb", answers), TABLES).add_refusal(a_refusal())
    assert answers.asked == 2


def test_a_lost_race_is_one_even_if_another_item_was_throttled(connect: Connect) -> None:
    answers = Answers(cancelled("ConditionalCheckFailed", "ThrottlingError"))
    with pytest.raises(StaleSession):
        DynamoDbSessions(connect("dynamodb", answers), TABLES).add_refusal(a_refusal())
    assert answers.asked == 1


@pytest.mark.parametrize("said", [SAID, cancelled("ProvisionedThroughputExceeded")])
def test_what_stays_throttled_is_given_up_in_time(connect: Connect, said: dict[str, Any]) -> None:
    answers = Answers(always=said)
    with pytest.raises(TryAgain):
        DynamoDbSessions(connect("dynamodb", answers), TABLES).add_refusal(a_refusal())
    assert answers.asked == TRIES


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ],
)
def test_by_whatever_name_aws_throttles_it_is_nobodys_fault(connect: Connect, code: str) -> None:
    with pytest.raises(TryAgain):
        connect("dynamodb", Answers(always={"__type": code})).list_tables()


def test_a_start_that_is_throttled_may_be_tried_again(connect: Connect) -> None:
    client = connect("stepfunctions", Answers(always=SAID))
    with pytest.raises(TryAgain):
        StepFunctionsWorkflow(client, MACHINE).start(Story().request())


def test_a_lease_may_be_tried_again_and_an_end_is_one_that_is_not_confirmed(
    connect: Connect,
) -> None:
    story = Story()
    session = story.lease(story.granted().session_id).session
    answers = Answers(always=STS_SAID)
    issuer = RoleIssuer(lambda service, **_: connect(service, answers), lambda _: None, clock.now)
    with pytest.raises(TryAgain):
        issuer.lease(session, story.now)
    with pytest.raises(IssuerUnavailable):
        issuer.end(session, story.now)
