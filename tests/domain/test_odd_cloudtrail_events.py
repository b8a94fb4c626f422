"""Events of CloudTrail that name the caller otherwise than most, and what each is taken for."""

from dataclasses import replace
from typing import Any

import pytest

from pam.domain.activity import Activity
from pam.domain.cloudtrail import of_cloudtrail
from tests.fakes.cloudtrail import ACCOUNT, ROLE, SESSION_ID, WATCHED, event, identity


def read(told: object) -> Activity:
    activity = of_cloudtrail(told, WATCHED)
    assert activity is not None
    return activity


def unnamed(**changes: Any) -> dict[str, Any]:
    """The caller of a lent role's session, changed; None leaves a field out."""
    changed = {**identity(), **changes}
    return event(userIdentity={name: it for name, it in changed.items() if it is not None})


BY = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE.rpartition('/')[2]}/alice"
CONTEXT = {"sourceIdentity": SESSION_ID}
# how an event names the role that called -> the session that it is told of
NAMED_BY_THE_CALLER = {
    "an empty issuer": unnamed(sessionContext=CONTEXT | {"sessionIssuer": {}}),
    "no issuer": unnamed(sessionContext=CONTEXT),
    "an issuer that is none": unnamed(sessionContext=CONTEXT | {"sessionIssuer": None}),
    "an issuer that is a list": unnamed(sessionContext=CONTEXT | {"sessionIssuer": [ROLE]}),
    "an issuer without an ARN": unnamed(
        sessionContext=CONTEXT | {"sessionIssuer": {"type": "Role", "arn": ""}}
    ),
    "an issuer whose ARN is a number": unnamed(
        sessionContext=CONTEXT | {"sessionIssuer": {"arn": 7}}
    ),
    "no type": unnamed(type=None),
    "a type that is none": unnamed(type=7),
    "no caller's ARN, but an issuer": unnamed(arn=None),
}
NAMED_BY_NOBODY = {
    "no context": unnamed(sessionContext=None),
    "a context that is a text": unnamed(sessionContext="x"),
    "a source identity that is a list": unnamed(sessionContext={"sourceIdentity": [SESSION_ID]}),
}
OF_ANOTHER = {
    "another role": unnamed(arn=BY.replace("ledger", "other"), sessionContext=CONTEXT),
    "a longer name": unnamed(arn=BY.replace("role/", "role/x"), sessionContext=CONTEXT),
    "another account": unnamed(arn=BY.replace(ACCOUNT, "999999999999"), sessionContext=CONTEXT),
    "another partition": unnamed(arn=BY.replace("aws", "aws-cn"), sessionContext=CONTEXT),
    "a user": unnamed(arn=f"arn:aws:iam::{ACCOUNT}:user/alice", sessionContext=CONTEXT),
    "a session within a session": unnamed(arn=f"{BY}/more", sessionContext=CONTEXT),
    "no ARN": unnamed(arn=None, sessionContext=CONTEXT),
    "an ARN that is a list": unnamed(arn=[BY], sessionContext=CONTEXT),
    "no identity": event(userIdentity=None),
    "an identity that is a text": event(userIdentity=BY),
    "an identity that is a list": event(userIdentity=[identity()]),
}


@pytest.mark.parametrize("case", NAMED_BY_THE_CALLER)
def test_a_lent_role_is_known_by_its_issuer_or_by_its_session(case: str) -> None:
    activity = read(NAMED_BY_THE_CALLER[case])
    assert (activity.place, activity.session_id, activity.finding) == (ROLE, SESSION_ID, "")


@pytest.mark.parametrize("case", NAMED_BY_NOBODY)
def test_a_lent_role_whose_session_is_not_named_is_a_finding(case: str) -> None:
    activity = read(NAMED_BY_NOBODY[case])
    assert (activity.place, activity.session_id) == (ROLE, "")
    assert activity.finding == "it has no source identity"


@pytest.mark.parametrize("case", OF_ANOTHER)
def test_a_session_of_another_role_is_none_of_pams_business(case: str) -> None:
    assert of_cloudtrail(OF_ANOTHER[case], WATCHED) is None


def test_a_role_with_a_path_is_known_by_its_session_too() -> None:
    with_path = ROLE.replace("role/", "role/staff/core/")
    watched = replace(WATCHED, resources={with_path: "x"})
    activity = of_cloudtrail(unnamed(sessionContext=CONTEXT), watched)
    assert activity is not None
    assert activity.place == with_path


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({}, ""),
        ({"errorCode": None, "errorMessage": None}, ""),
        ({"errorCode": "", "errorMessage": ""}, ""),
        ({"errorCode": "Client.UnauthorizedOperation"}, "Client.UnauthorizedOperation"),
        ({"errorCode": 403}, "error"),
        ({"errorCode": 0}, "error"),
        ({"errorCode": ["AccessDenied"]}, "error"),
        ({"errorMessage": "You are not authorized"}, "error"),
        ({"errorCode": "", "errorMessage": "You are not authorized"}, "error"),
    ],
)
def test_what_failed_in_whatever_form_is_not_taken_for_done(
    said: dict[str, Any], error: str
) -> None:
    assert read(event(**said)).error == error
