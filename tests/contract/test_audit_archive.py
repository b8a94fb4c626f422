"""The archive's adapter, against moto's S3: which checkpoint is the newest, and the policy sets."""

import hashlib
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pam.aws.audit_archive import S3AuditArchive, S3PolicySets, interval_key, policy_key
from pam.ports.audit import PolicySetMissing
from tests.contract.conftest import REGION

BUCKET = "archive"
OWN = '{"cedar":"permit"}'
DIGEST = hashlib.sha256(OWN.encode()).hexdigest()
OTHER = "7" * 64


@pytest.fixture
def s3(aws: None) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 9, 33])
def test_the_newest_checkpoint_is_found_whatever_the_length_of_the_log(s3: Any, count: int) -> None:
    archive = S3AuditArchive(s3, BUCKET)
    s3.put_object(Bucket=BUCKET, Key="policies/x.json", Body=b"beside")
    for number in range(1, count + 1):
        archive.add_interval(number, "x")
    assert archive.newest_interval() == count


def test_one_that_is_missing_in_between_hides_none_after_it(s3: Any) -> None:
    archive = S3AuditArchive(s3, BUCKET)
    for number in range(1, 12):
        archive.add_interval(number, "x")
    for number in (1, 4, 8, 10):
        s3.delete_object(Bucket=BUCKET, Key=interval_key(number))
    assert archive.newest_interval() == 11


def test_the_sets_own_text_is_kept_under_its_digest_once(s3: Any) -> None:
    sets = S3PolicySets(s3, BUCKET, OWN)
    for _ in range(2):
        sets.keep_policy_sets()
    S3PolicySets(s3, BUCKET, OWN).keep_policy_sets([DIGEST])
    versions = s3.list_objects_v2(Bucket=BUCKET, Prefix="policies/")["Contents"]
    assert [item["Key"] for item in versions] == [policy_key(DIGEST)]
    assert S3AuditArchive(s3, BUCKET).policy_set(DIGEST) == OWN


@pytest.mark.guarantee("G13")
def test_a_set_that_only_another_deployment_has_is_not_made_up(s3: Any) -> None:
    sets = S3PolicySets(s3, BUCKET, OWN)
    with pytest.raises(PolicySetMissing, match=OTHER):
        sets.keep_policy_sets([DIGEST, OTHER])
    assert S3AuditArchive(s3, BUCKET).policy_set(OTHER) is None
    s3.put_object(Bucket=BUCKET, Key=policy_key(OTHER), Body=b"its text")
    sets.keep_policy_sets([DIGEST, OTHER])


def test_what_was_seen_to_be_kept_is_not_asked_for_again(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = S3PolicySets(s3, BUCKET, OWN)
    sets.keep_policy_sets([DIGEST])
    monkeypatch.setattr(sets, "_client", None)
    sets.keep_policy_sets([DIGEST])


def test_an_archive_that_refuses_is_no_archive_without_the_set(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = S3PolicySets(s3, BUCKET, OWN)
    sets.keep_policy_sets()

    def refused(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "403", "Message": "no"}}, "HeadObject")

    monkeypatch.setattr(s3, "head_object", refused)
    with pytest.raises(ClientError):
        sets.keep_policy_sets([OTHER])
