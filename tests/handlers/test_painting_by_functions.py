"""The two functions that paint, between a bus, a table and a queue in moto and a fake Slack."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from pam import wiring
from pam.aws.slack_secrets import EmptySecret
from pam.domain import proofs
from pam.domain.links import Link, ShownCode
from pam.domain.messages import FindUnpainted, UnknownEvent, event_of
from pam.domain.proofs import Maker
from pam.domain.session import Session
from pam.slack.jobs import Paint, from_text
from tests.contract.conftest import TABLES, make_table
from tests.fakes.story import LEDGER, Story, arn
from tests.handlers.conftest import SLACK_QUEUE, Function
from tests.local.slack.running import Running, slack

CACHES = (
    wiring.slack_secret,
    wiring.slack_queue,
    wiring.slack_cards,
    wiring.slack_facts,
    wiring.slack_web,
    wiring.links,
)


@dataclass
class Painting:
    story: Story
    running: Running
    router: Function
    painter: Function
    sqs: Any

    def hear(self, session: Session, **changed: Any) -> Any:
        """An event of the bus, as EventBridge hands it on."""
        newest = self.story.store.records(session.session_id)[-1]
        event = {"source": "bank.mod046.pam", "detail-type": "PAM", "detail": dict(newest)}
        return self.router(event | changed)

    def paint(self) -> dict[str, Any]:
        """One batch of the queue, as Lambda takes it: what is done is taken out."""
        got = self.sqs.receive_message(
            QueueUrl=SLACK_QUEUE, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages", [])
        records = [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
            }
            for each in got
        ]
        answer: dict[str, Any] = self.painter({"Records": records})
        again = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in records:
            if each["messageId"] not in again:
                self.sqs.delete_message(QueueUrl=SLACK_QUEUE, ReceiptHandle=each["receiptHandle"])
        return answer

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counted = self.sqs.get_queue_attributes(QueueUrl=SLACK_QUEUE, AttributeNames=names)
        return sum(int(each) for each in counted["Attributes"].values())

    def cards(self) -> list[Any]:
        return self.running.control.messages("core-approvals")


@pytest.fixture
def painting(
    story: Story,
    function: Callable[[str], Function],
    table: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Painting]:
    make_table(table, "slack")
    sqs = boto3.client("sqs")
    made = sqs.create_queue(QueueName="told.fifo", Attributes={"FifoQueue": "true"})
    assert made["QueueUrl"] == SLACK_QUEUE
    for cached in CACHES:
        cached.cache_clear()
    monkeypatch.setattr(wiring, "link_verifier", lambda _: story.keys)

    def clock() -> float:
        return story.now.timestamp()

    with slack(clock=clock) as running:
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="bot-token", SecretString=running.about["bot_token"])
        router, painter = function("route_slack"), function("paint_slack")
        monkeypatch.setenv("PAM_SLACK_API_URL", running.about["url"])
        yield Painting(story=story, running=running, router=router, painter=painter, sqs=sqs)
    for cached in CACHES:
        cached.cache_clear()


def test_an_event_becomes_a_card(painting: Painting) -> None:
    session = painting.story.request()
    assert painting.hear(session) == {"woken": 1}
    assert painting.paint() == {"batchItemFailures": []}
    (card,) = painting.cards()
    assert "alice asks for" in card.text
    assert card.action_ids
    assert painting.waiting() == 0
    assert wiring.slack_cards("slack").session_at(card.channel, card.ts) == session.session_id


def test_the_clock_finds_what_no_event_told(painting: Painting) -> None:
    painting.story.request()
    sweep = event_of(FindUnpainted())
    assert painting.router(sweep) == {"woken": 1}
    painting.paint()
    assert len(painting.cards()) == 1
    assert painting.router(sweep) == {"woken": 0}


def test_what_an_event_says_is_not_believed(painting: Painting) -> None:
    """It can send the painter for a session along another channel's line, and that is all."""
    session = painting.story.request()
    detail = {"session_id": session.session_id, "sequence": 1, "reason": "approved by all"}
    forged = {**detail, "resource": "kyc-documents-read", "domain": "bank-kyc", "status": "ACTIVE"}
    painting.hear(session, detail=forged)
    painting.paint()
    assert painting.running.control.messages("kyc-approvals") == []
    (card,) = painting.cards()
    assert "Needed: 2 approval(s)" in card.text
    assert "approved by all" not in card.text


def test_what_belongs_to_no_session_wakes_nobody(painting: Painting) -> None:
    session = painting.story.request()
    detail = {"session_id": "", "sequence": 0, "resource": LEDGER, "domain": ""}
    assert painting.hear(session, detail=detail) == {"woken": 0}
    assert painting.waiting() == 0


STRANGE: list[Any] = [
    None,
    {},
    {"session_id": "../x", "sequence": 1, "resource": LEDGER, "domain": "bank-core"},
    {"session_id": "01KZZZZZZZZZZZZZZZZZZZZZZZ", "sequence": "1", "resource": "", "domain": ""},
    {"session_id": "01KZZZZZZZZZZZZZZZZZZZZZZZ", "sequence": 1, "resource": 7, "domain": ""},
]


@pytest.mark.parametrize("detail", STRANGE)
def test_what_is_no_event_of_pams_is_refused(painting: Painting, detail: Any) -> None:
    with pytest.raises(UnknownEvent):
        painting.router({"source": "bank.mod046.pam", "detail": detail})
    assert painting.waiting() == 0


@pytest.mark.parametrize("event", [{}, {"source": "aws.events"}, {"message": "Tick"}, None])
def test_nothing_else_calls_the_router(painting: Painting, event: Any) -> None:
    with pytest.raises(UnknownEvent):
        painting.router(event)


def test_after_429_the_job_is_put_back_for_as_long_as_slack_says(painting: Painting) -> None:
    session = painting.story.request()
    painting.running.control.knobs(limited_times={"chat.postMessage": 1}, retry_after=33)
    painting.hear(session)
    changed: list[Any] = []
    queue = wiring.slack_queue(SLACK_QUEUE)
    put_back = queue.put_back
    queue.put_back = lambda *told: (changed.append(told), put_back(*told))  # type: ignore[assignment, method-assign, func-returns-value]
    answer = painting.paint()
    assert len(answer["batchItemFailures"]) == 1
    ((receipts, seconds),) = changed
    assert (len(receipts), seconds) == (1, 33)
    assert painting.waiting() == 1


def test_no_call_is_begun_that_might_outlive_the_function(
    painting: Painting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its jobs would be away for six minutes."""
    module: Any = sys.modules["paint_slack"]
    assert module._TIME_FOR_A_CALL_MS > 1000 * module._SILENT_FOR
    monkeypatch.setattr(module, "_TIME_FOR_A_CALL_MS", 60_001)
    painting.hear(painting.story.request())
    assert len(painting.paint()["batchItemFailures"]) == 1
    assert painting.running.control.counts()["calls"] == {}
    assert painting.waiting() == 1


def test_what_waits_for_slack_says_for_how_long(
    painting: Painting, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQS says nothing of what was taken three times."""
    painting.hear(painting.story.request())
    painting.paint()
    assert "SlackWaiting" not in capsys.readouterr().out
    painting.running.control.knobs(down=True)
    painting.hear(painting.story.request("dave"))
    painting.paint()
    assert "SlackWaiting" in capsys.readouterr().out


def link(painting: Painting, signed_for: str) -> None:
    """A link of alice's in the table, with a proof of one that is that principal's."""
    made = Link(
        principal="slack:T0BANK00001/U0ALICE0001",
        person="alice",
        accepted_by=arn("alice"),
        linked_at=painting.story.now,
        basis="",
    )
    signer = painting.story.keys.of(Maker.DOOR)
    proof = signer.sign(proofs.of_link(replace(made, principal=signed_for)))
    code = ShownCode(
        digest="1",
        principal=made.principal,
        display="",
        team="",
        basis="",
        until=painting.story.now,
    )
    record = painting.story.store.records(painting.story.request().session_id)[0]
    alone = {**record, "session_id": "", "sequence": 0, "event_id": "01KZZZZZZZZZZZZZZZZZZZZZZZ"}
    wiring.links(TABLES).add(replace(made, proof=proof), code, alone)


@pytest.mark.parametrize(("user", "told"), [("U0ALICE0001", 1), ("U0DAVE00001", 0)])
def test_a_requester_is_told_by_a_link_that_is_proven(
    painting: Painting, user: str, told: int
) -> None:
    link(painting, f"slack:T0BANK00001/{user}")
    painting.hear(painting.story.granted())
    painting.paint()
    heard = painting.running.control.person("alice").direct_messages()
    assert ["Granted" in each.text for each in heard] == [True] * told


def test_what_is_no_job_is_dropped_and_counted(
    painting: Painting, capsys: pytest.CaptureFixture[str]
) -> None:
    painting.sqs.send_message(
        QueueUrl=SLACK_QUEUE,
        MessageBody='{"job": "paint", "session_id": "x", "channel": "C0"}',
        MessageGroupId="C0",
        MessageDeduplicationId="1",
    )
    assert painting.paint() == {"batchItemFailures": []}
    assert "SlackNotPainted" in capsys.readouterr().out
    assert painting.waiting() == 0


def test_without_a_token_nothing_is_painted_and_the_function_fails(painting: Painting) -> None:
    boto3.client("secretsmanager").update_secret(SecretId="bot-token", SecretString=" ")
    painting.hear(painting.story.request())
    with pytest.raises(EmptySecret):
        painting.paint()
    assert painting.waiting() == 1


def test_neither_token_nor_words_stand_in_any_log(
    painting: Painting, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    session = painting.story.request(reason="the secret reason of alice")
    painting.hear(session)
    painting.running.control.knobs(errors={"chat.update": ["invalid_blocks", 1]})
    painting.paint()
    painting.running.control.knobs(errors={"chat.update": ["internal_error", 1]})
    painting.story.vote("bob", session.session_id, comment="a secret comment")
    painting.hear(session)
    painting.paint()
    logged = capsys.readouterr().out + str([vars(each) for each in caplog.records])
    assert "invalid_blocks" in logged
    assert "secret" not in logged
    assert painting.running.about["bot_token"] not in logged


def test_a_job_is_small_and_says_only_where_to_look(painting: Painting) -> None:
    session = painting.story.request(reason="the secret reason of alice")
    painting.hear(session)
    (message,) = painting.sqs.receive_message(QueueUrl=SLACK_QUEUE)["Messages"]
    job = from_text(message["Body"])
    assert job == Paint(session_id=session.session_id, channel="C0CORE00001")
    assert set(json.loads(message["Body"])) == {"job", "session_id", "channel"}
