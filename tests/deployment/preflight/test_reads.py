"""Preflight reads, and cannot do anything else."""

import pytest

from deployment.preflight.check import Verdict
from deployment.preflight.checks import CHECKS
from deployment.preflight.reads import READS, NotARead, reading
from tests.deployment.answers import Aws
from tests.deployment.ready import Ready

READING = ("Describe", "Get", "List", "Lookup", "Simulate")
TELLS_SECRETS_OR_DATA = {
    "BatchGetItem",
    "BatchGetSecretValue",
    "GetFunction",
    "GetItem",
    "GetLogEvents",
    "GetObject",
    "GetParametersByPath",
    "GetRecords",
    "GetSecretValue",
    "ListSecretVersionIds",
}
ALL = {f"{service}.{operation}" for service, names in READS.items() for operation in names}


def test_every_call_that_it_can_make_reads_and_none_tells_a_secret() -> None:
    for call in ALL:
        operation = call.partition(".")[2]
        assert operation.startswith(READING), call
        assert operation not in TELLS_SECRETS_OR_DATA, call


def test_an_account_that_is_ready_is_found_so_by_reading_alone() -> None:
    ready = Ready()

    for check in CHECKS:
        for finding in ready.make(check):
            # What says where a database is, is a secret; and Okta tells nobody without a token.
            untold = check.name in {"databases", "lent groups"}
            allowed = {Verdict.OK} | ({Verdict.UNKNOWN} if untold else set())
            assert finding.verdict in allowed, (check.name, finding)

    assert ready.calls
    assert ready.calls <= ALL


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("dynamodb", "put_item", {"TableName": "t", "Item": {"pk": {"S": "x"}}}),
        ("dynamodb", "scan", {"TableName": "t"}),
        ("iam", "put_role_policy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{}"}),
        ("iam", "delete_role", {"RoleName": "r"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "s"}),
        ("s3", "get_object", {"Bucket": "b", "Key": "k"}),
        ("kms", "decrypt", {"CiphertextBlob": b"x"}),
        ("lambda", "invoke", {"FunctionName": "f"}),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::1:role/rr", "RoleSessionName": "me"}),
        ("organizations", "list_policies", {"Filter": "SERVICE_CONTROL_POLICY"}),
    ],
)
def test_any_other_call_is_refused_before_it_is_sent(
    service: str, operation: str, asked: dict[str, object]
) -> None:
    aws = Aws({})
    client = reading(aws.clients)(service)

    with pytest.raises(NotARead, match=f"{service}:"):
        getattr(client, operation)(**asked)
    assert aws.asked == []


def test_a_right_that_is_missing_is_told_by_name_and_nothing_else_is_lost() -> None:
    ready = Ready()
    everything, makes = dict(ready.answers), {}
    for check in CHECKS:
        ready.asked.clear()
        ready.make(check)
        makes[check] = ready.calls
    for call in sorted(set().union(*makes.values())):
        ready.answers = {name: answer for name, answer in everything.items() if name != call}
        for check in (check for check, calls in makes.items() if call in calls):
            found = ready.make(check)
            denied = [it for it in found if call.replace(".", ":") in it.remedy]
            assert [it.verdict for it in denied] == [Verdict.UNKNOWN], (check.name, call)
            assert not [it for it in found if it.verdict is Verdict.WRONG], (check.name, call)


def test_each_check_says_why_it_is_made() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(len(check.reason) > 20 for check in CHECKS)
