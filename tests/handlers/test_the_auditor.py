"""The auditor as stream, issuer and schedule call it."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from pam.domain.audit_record import Entry, RecordType
from pam.domain.messages import KeepPolicySet, Settle, event_of
from pam.domain.people import WORKFLOW
from pam.operations.transition import Step, transition
from tests.contract.conftest import REGION
from tests.fakes.story import COMPILED, Story
from tests.handlers.conftest import Function

Load = Callable[[str], Function]


@pytest.fixture
def places(story: Story) -> Any:
    """The archive, beside log group and bus. CloudWatch takes no lines of long ago."""
    story.now = datetime.now(UTC)
    boto3.client("logs").create_log_group(logGroupName="audit")
    boto3.client("events").create_event_bus(Name="bus")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


def kept(s3: Any, prefix: str) -> list[str]:
    return [
        item["Key"]
        for item in s3.list_objects_v2(Bucket="archive", Prefix=prefix).get("Contents", [])
    ]


def test_the_schedule_has_the_policy_set_archived_before_anything_is_decided(
    function: Load, places: Any
) -> None:
    for _ in range(2):
        assert function("audit_session")(event_of(KeepPolicySet())) == {}
    assert kept(places, "policies/") == [f"policies/{COMPILED.digest}.json"]
    text = places.get_object(Bucket="archive", Key=f"policies/{COMPILED.digest}.json")[
        "Body"
    ].read()
    assert hashlib.sha256(text).hexdigest() == COMPILED.digest
    assert kept(places, "records/") == []


def test_a_decision_is_delivered_once_its_policy_set_is_archived(
    function: Load, story: Story, places: Any
) -> None:
    session = story.request()
    assert function("audit_session")(event_of(Settle(session_id=session.session_id))) == {
        "delivered": 1
    }
    assert kept(places, "policies/") == [f"policies/{COMPILED.digest}.json"]
    assert len(kept(places, "records/")) == 1


def test_a_decision_by_a_policy_set_that_nobody_archived_is_held_back(
    function: Load, story: Story, places: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.request()
    entry = Entry(type=RecordType.ACTIVATING, actor=WORKFLOW, policy_version="0" * 64)
    transition(story.store, session.session_id, lambda s: Step(s, (entry,)), now=story.now)
    audit = function("audit_session")
    with pytest.raises(Exception, match="0" * 64):
        audit(event_of(Settle(session_id=session.session_id)))
    assert kept(places, "records/") == []
    assert "AuditNotWritten" in capsys.readouterr().out
    text = b"the set of another deployment"
    places.put_object(Bucket="archive", Key=f"policies/{'0' * 64}.json", Body=text)
    assert audit(event_of(Settle(session_id=session.session_id))) == {"delivered": 2}
