"""What CloudTrail tells of a permission set that PAM lends, and whose doing it is."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.domain import timestamps
from pam.domain.activity import LONGEST_TEXT, Activity
from pam.domain.cloudtrail import Watched, echo_of, of_cloudtrail
from pam.domain.kinds import Source
from pam.domain.permission_sets import DirectoryNames
from tests.fakes.cloudtrail import ACCOUNT, BUCKET, EVENT_ID, ROLE
from tests.fakes.permission_sets import (
    NAMES,
    PAYMENTS,
    PROVIDER,
    REPORTS,
    USER_ID,
    WATCHED_SETS,
    call,
    place,
    role,
    role_name,
    sign_in,
    user_identity,
)

OTHER = "999999999999"
OTHER_ID = "11112222-10b1-70f2-8d3e-4f5a6b7c8d9e"


def read(told: object, watched: Watched = WATCHED_SETS) -> Activity:
    activity = of_cloudtrail(told, watched)
    assert activity is not None
    return activity


def test_a_call_is_read_with_the_set_that_was_used_and_the_person_and_when_they_signed_in() -> None:
    assert read(call()) == Activity(
        source=Source.CLOUDTRAIL,
        activity_id=EVENT_ID,
        at=timestamps.parse("2026-03-01T12:00:10Z"),
        place=place(),
        session_id="",
        person="alice",
        signed_in_at=timestamps.parse("2026-03-01T12:00:05Z"),
        what=f"s3:DeleteBucket in eu-west-1 {BUCKET}",
        principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name()}/alice",
        source_ip="192.0.2.7",
        user_agent="aws-cli/2",
        access_key_id="ASIAEXAMPLE",
    )


PATHS = ["aws-reserved/sso.amazonaws.com/", "aws-reserved/sso.amazonaws.com/eu-west-2/"]


@pytest.mark.parametrize("path", PATHS)
def test_the_region_of_identity_center_stands_in_the_path_or_not(path: str) -> None:
    assert read(call(user_identity(role_arn=role(path=path)))).person == "alice"


def test_the_end_of_the_roles_name_is_whatever_identity_center_made_up() -> None:
    for unique in ("ffffffffffffffff", "0000000000000000"):
        arn = role().replace(role_name(), f"AWSReservedSSO_PamPayments_{unique}")
        assert read(call(user_identity(role_arn=arn))).place == place()


def test_a_set_whose_name_goes_on_is_another_set() -> None:
    longer = role(f"{NAMES[PAYMENTS]}_{'0' * 16}")
    assert of_cloudtrail(call(user_identity(role_arn=longer)), WATCHED_SETS) is None
    watched = replace(WATCHED_SETS, resources={f"{ACCOUNT}:AWSReservedSSO_Pam_Payments": "x"})
    assert read(call(user_identity(role_arn=role("Pam_Payments"))), watched).person == "alice"


def test_each_set_has_its_own_place() -> None:
    told = call(user_identity(role_arn=role(NAMES[REPORTS])))
    assert read(told).place == place(REPORTS) != place()


NOT_OURS = {
    "a role outside the reserved path": role(path=""),
    "a role under a path that only looks reserved": role(path="x/aws-reserved/sso.amazonaws.com/"),
    "a role with more in its path": role(path="aws-reserved/sso.amazonaws.com/eu-west-2/x/"),
    "a role with no region in its path": role(path="aws-reserved/sso.amazonaws.com/anywhere/"),
    "another account": role(account=OTHER),
    "a set that PAM does not lend": role("AdministratorAccess"),
    "no hexadecimal end": role().replace("abcdef", "ABCDEF"),
    "a longer end": f"{role()}0",
    "another beginning": role().replace("AWSReservedSSO_", "AWSReservedSSO2_"),
}


@pytest.mark.parametrize("case", NOT_OURS)
def test_a_role_that_identity_center_did_not_make_of_a_lent_set_is_none_of_pams_business(
    case: str,
) -> None:
    assert of_cloudtrail(call(user_identity(role_arn=NOT_OURS[case])), WATCHED_SETS) is None
    assert of_cloudtrail(sign_in(role_arn=NOT_OURS[case]), WATCHED_SETS) is None


def without(*names: str, **changes: Any) -> dict[str, Any]:
    changed = {**user_identity(), **changes}
    return call({name: it for name, it in changed.items() if name not in names})


NO_ISSUER: dict[str, Any] = {"attributes": {"creationDate": "2026-03-01T12:00:05Z"}}
OTHERS_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name()}/mallory"
OTHER_ROLES_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name('PamReports')}/alice"
# what the event says of the caller -> why nobody can be named
AMBIGUOUS = {
    "no role but in the caller's ARN": (
        without(sessionContext=NO_ISSUER),
        "the event does not say who made its role",
    ),
    "no context": (without("sessionContext"), "the event does not say who made its role"),
    "another user in the ARN": (without(arn=OTHERS_ARN), "the event names two users"),
    "another role in the ARN": (without(arn=OTHER_ROLES_ARN), "the event names two roles"),
    "another account in the ARN": (
        without(arn=f"arn:aws:sts::{OTHER}:assumed-role/{role_name()}/alice"),
        "the event names two roles",
    ),
    "no user": (without("arn", "principalId"), "the event names no user"),
    "a user that is no name": (
        without("arn", principalId="AROAEXAMPLE:al ice"),
        "user 'al ice' of the directory is nobody that PAM knows",
    ),
    "a user without end": (
        without("arn", principalId=f"AROAEXAMPLE:{'a' * 65}"),
        f"user {'a' * 64!r} of the directory is nobody that PAM knows",
    ),
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", AMBIGUOUS)
def test_a_call_that_leaves_open_whose_it_is_is_a_finding_and_nobodys(case: str) -> None:
    told, why = AMBIGUOUS[case]
    activity = read(told)
    assert (activity.place, activity.person, activity.session_id) == (place(), "", "")
    assert activity.finding == why


def test_a_caller_is_known_by_the_arn_or_by_the_principal_where_the_other_is_missing() -> None:
    assert read(without("arn")).person == "alice"
    assert read(without("principalId")).person == "alice"
    # Some services name the role itself as the caller.
    assert read(without("sessionContext", arn=role())).person == "alice"
    assert read(without("sessionContext", arn=role())).signed_in_at is None


@pytest.mark.parametrize("odd", [None, 7, "", "yesterday", {}])
def test_when_they_signed_in_is_left_open_where_the_event_does_not_say_it(odd: Any) -> None:
    context = {**user_identity()["sessionContext"], "attributes": {"creationDate": odd}}
    assert read(without(sessionContext=context)).signed_in_at is None


def test_when_they_signed_in_is_read_in_both_of_cloudtrails_forms() -> None:
    context = user_identity()["sessionContext"]
    short = {**context, "attributes": {"creationDate": "20260301T120005Z"}}
    assert read(without(sessionContext=short)).signed_in_at == read(call()).signed_in_at


def test_a_sign_in_is_an_act_of_its_own_that_opens_nothing() -> None:
    activity = read(sign_in())
    assert (activity.place, activity.person, activity.finding) == (place(), "alice", "")
    assert activity.signed_in_at == activity.at == timestamps.parse("2026-03-01T12:00:10Z")
    assert activity.what.startswith("sts:AssumeRoleWithSAML in eu-west-1 ")
    assert activity.opening is None
    assert echo_of(sign_in(), WATCHED_SETS) == ""


FORGED_SIGN_INS = {
    "another provider": sign_in(principalArn=f"arn:aws:iam::{ACCOUNT}:saml-provider/Mallory"),
    "a provider that is only called so": sign_in(principalArn=f"{PROVIDER}_2"),
    "a provider of another account": sign_in(principalArn=PROVIDER.replace(ACCOUNT, OTHER)),
    "no provider": sign_in(principalArn=None),
}


@pytest.mark.parametrize("case", FORGED_SIGN_INS)
def test_a_session_of_the_set_that_identity_center_did_not_open_is_a_finding(case: str) -> None:
    activity = read(FORGED_SIGN_INS[case])
    assert (activity.person, activity.session_id) == ("", "")
    assert activity.finding == f"a session of {place()} was opened by another"


@pytest.mark.parametrize("name", ["AssumeRole", "AssumeRoleWithWebIdentity"])
def test_no_other_way_into_the_role_is_anybodys_session(name: str) -> None:
    told = sign_in()
    told["detail"]["eventName"] = name
    assert read(told).finding == f"a session of {place()} was opened by another"


def test_only_the_account_itself_and_pams_own_tell_of_a_set() -> None:
    theirs = replace(WATCHED_SETS, resources={place(account=OTHER): PAYMENTS})
    told = call(user_identity(role_arn=role(account=OTHER)))
    for teller in (OTHER, ACCOUNT):
        assert read(told | {"account": teller}, theirs).person == "alice"
    for event_of_another in (told, sign_in(role_arn=role(account=OTHER))):
        with pytest.raises(ValueError, match="account 123456789012 tells of"):
            of_cloudtrail(event_of_another | {"account": "123456789012"}, theirs)
    assert of_cloudtrail(told | {"source": "bank.app"}, theirs) is None


BY_MAIL = "{person}@bank.example"
LISTED = {USER_ID: "carol"}
# template, listed ids, user name, user id -> person
WHO: dict[str, tuple[str, dict[str, str], str, str, str]] = {
    "by the name": ("{person}", {}, "alice", USER_ID, "alice"),
    "in any case of letters": ("{person}", {}, "ALiCE", USER_ID, "alice"),
    "by the template": (BY_MAIL, {}, "Alice@Bank.Example", USER_ID, "alice"),
    "not as the template has it": (BY_MAIL, {}, "alice@evil.example", USER_ID, ""),
    "not as the template begins": ("x-{person}", {}, "alice", USER_ID, ""),
    "the template's own text": (BY_MAIL, {}, "@bank.example", USER_ID, ""),
    "a template that overlaps itself": ("ab{person}bc", {}, "abc", USER_ID, ""),
    "by the id, whatever the name is by now": ("{person}", LISTED, "alice", USER_ID, "carol"),
    "by the id, with a name that fits nothing": (BY_MAIL, LISTED, "x", USER_ID, "carol"),
    "the name of somebody whose id is another": ("{person}", LISTED, "carol", OTHER_ID, ""),
    "the name of somebody, with no id told": ("{person}", LISTED, "carol", "", "carol"),
    "somebody of whom no id is listed": ("{person}", LISTED, "alice", OTHER_ID, "alice"),
}


@pytest.mark.parametrize("case", WHO)
def test_a_user_of_the_directory_is_one_person_or_nobody(case: str) -> None:
    template, people, user, user_id, person = WHO[case]
    assert DirectoryNames(template=template, people=people).person(user, user_id) == person


def test_a_user_who_is_nobody_is_a_finding() -> None:
    watched = replace(WATCHED_SETS, names=DirectoryNames(template=BY_MAIL))
    why = "user 'alice' of the directory is nobody that PAM knows"
    assert read(call(), watched).finding == read(sign_in(), watched).finding == why


def test_a_lent_role_is_still_known_by_its_own_arn_beside_sets() -> None:
    watched = replace(WATCHED_SETS, resources={**WATCHED_SETS.resources, ROLE: "core"})
    chained = call(
        eventSource="sts.amazonaws.com", eventName="AssumeRole", requestParameters={"roleArn": ROLE}
    )
    assert read(chained, watched).finding == f"{ROLE} was assumed by another"


BROKEN: dict[str, dict[str, Any]] = {
    "no id": {"eventID": None},
    "no time": {"eventTime": ""},
    "no name": {"eventName": 7},
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_event_of_a_lent_set_that_cannot_be_read_is_told_of(case: str) -> None:
    with pytest.raises(ValueError, match="event"):
        of_cloudtrail(call(**BROKEN[case]), WATCHED_SETS)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=8) | st.just(role()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from([*user_identity()]), JSON, max_size=3),
    st.dictionaries(st.sampled_from([*call()["detail"]]), JSON, max_size=2),
)
def test_any_event_of_a_set_is_read_or_refused(
    identity: dict[str, Any], odd: dict[str, Any]
) -> None:
    try:
        activity = of_cloudtrail(call({**user_identity(), **identity}, **odd), WATCHED_SETS)
    except ValueError:
        return
    if activity is not None:
        assert activity.person or activity.finding
        json.dumps(activity.described).encode()
        assert len(activity.what) <= LONGEST_TEXT
