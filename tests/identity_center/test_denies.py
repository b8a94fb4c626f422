"""The text of a permission set's policy: what PAM writes, and what it takes for its own."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.identity_center.denies import (
    LONGEST,
    Deny,
    covers,
    has_room,
    rendered,
    superfluous,
)
from pam.identity_center.permission_set import PermissionSet
from pam.identity_center.statements import read, same

BEGINS = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACCOUNT, OTHER = "111122223333", "444455556666"


def deny(number: int = 1, user: str = "user-1", **more: Any) -> Deny:
    known = Deny(
        session_id=f"01KJMMA2QTK86RTHW1HE5CB{number:03d}",
        user_id=user,
        account=ACCOUNT,
        armed_at=BEGINS,
        begins=BEGINS,
        end=BEGINS + timedelta(minutes=30),
    )
    return replace(known, **more)


def over(number: int, user: str, minutes: int, **more: Any) -> Deny:
    at = BEGINS + timedelta(minutes=minutes)
    return deny(number, user, gone_at=at, issued_before=at, begun=True, over=True, **more)


def statements(*denies: Deny) -> list[dict[str, Any]]:
    return list(json.loads(rendered(denies))["Statement"])


def test_a_live_session_is_denied_from_its_end_on_whatever_token_it_has() -> None:
    (only,) = statements(deny())
    assert only == {
        "Sid": "Pam01KJMMA2QTK86RTHW1HE5CB001",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"identitystore:userId": "user-1", "aws:PrincipalAccount": ACCOUNT},
            "DateGreaterThanEquals": {"aws:CurrentTime": "2026-03-01T12:30:00Z"},
        },
    }


def test_what_is_over_lies_together_by_account_and_denies_what_is_older() -> None:
    there = statements(
        over(1, "user-1", 5), over(2, "user-2", 9), over(3, "user-3", 7, account=OTHER)
    )
    assert [it["Sid"] for it in there] == [f"PamOver{ACCOUNT}", f"PamOver{OTHER}"]
    first = there[0]["Condition"]
    assert first["StringEquals"]["identitystore:userId"] == ["user-1", "user-2"]
    assert first["DateLessThan"] == {"aws:TokenIssueTime": "2026-03-01T12:09:00Z"}
    assert "DateGreaterThanEquals" not in first


def test_who_has_a_session_now_is_denied_only_what_is_older_than_it() -> None:
    there = statements(over(1, "user-1", 5), over(2, "user-2", 9), deny(3, "user-1"))
    by_sid = {it["Sid"]: it["Condition"] for it in there}
    assert set(by_sid) == {
        "Pam01KJMMA2QTK86RTHW1HE5CB001",
        "Pam01KJMMA2QTK86RTHW1HE5CB003",
        f"PamOver{ACCOUNT}",
    }
    narrowed = by_sid["Pam01KJMMA2QTK86RTHW1HE5CB001"]
    assert narrowed["DateLessThan"] == {"aws:TokenIssueTime": "2026-03-01T12:05:00Z"}
    together = by_sid[f"PamOver{ACCOUNT}"]["StringEquals"]
    assert together["identitystore:userId"] == ["user-2"]


def test_a_policy_is_never_empty_and_an_empty_one_denies_nobody() -> None:
    (only,) = statements()
    assert only["Condition"] == {"DateLessThan": {"aws:TokenIssueTime": "2000-01-01T00:00:00Z"}}
    assert read(rendered([])) == ([], [])


some_denies = st.lists(
    st.builds(
        lambda number, user, account, minutes, gone: (
            over(number, f"user-{user}", minutes, account=account)
            if gone
            else deny(number, f"user-{user}", account=account)
        ),
        number=st.integers(0, 999),
        user=st.integers(0, 4),
        account=st.sampled_from([ACCOUNT, OTHER]),
        minutes=st.integers(0, 90),
        gone=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda each: each.session_id,
)


@given(some_denies)
def test_what_is_rendered_covers_all_that_is_stored_and_nothing_else(denies: list[Deny]) -> None:
    ours, others = read(rendered(denies))
    assert others == []
    assert all(covers(ours, each) for each in denies)
    assert not superfluous(ours, denies)


@given(some_denies, st.data())
def test_a_statement_that_is_taken_out_is_missed(denies: list[Deny], data: st.DataObject) -> None:
    ours, _ = read(rendered(denies))
    if not ours:
        return
    taken = data.draw(st.sampled_from(ours))
    left = [each for each in ours if each != taken]
    assert not all(covers(left, each) for each in denies)


@given(some_denies)
def test_an_end_never_needs_more_room_than_the_session_had(denies: list[Deny]) -> None:
    for each in denies:
        if each.live:
            at = BEGINS + timedelta(minutes=91)
            ended = replace(each, gone_at=at, issued_before=at)
            after = [ended if it == each else it for it in denies]
            assert len(rendered(after)) <= len(rendered(denies)) + len(each.user_id) + 8


CHANGES = {
    "another effect": lambda it: it.update(Effect="Allow"),
    "less denied": lambda it: it.update(Action=["iam:*"]),
    "less of it": lambda it: it.update(Resource="arn:aws:s3:::some"),
    "no sid": lambda it: it.pop("Sid"),
    "another sid": lambda it: it.update(Sid="AdminsOwn"),
    "a condition more": lambda it: it["Condition"].update(Bool={"aws:ViaAWSService": "true"}),
    "a condition less": lambda it: it["Condition"].pop("StringEquals"),
    "another operator": lambda it: it["Condition"].update(
        StringLike=it["Condition"].pop("StringEquals")
    ),
    "no date": lambda it: it["Condition"].pop("DateGreaterThanEquals"),
    "both dates": lambda it: it["Condition"].update(
        DateLessThan={"aws:TokenIssueTime": "2026-03-01T12:00:00Z"}
    ),
    "a fraction": lambda it: it["Condition"].update(
        DateGreaterThanEquals={"aws:CurrentTime": "2026-03-01T12:30:00.500Z"}
    ),
    "two users": lambda it: it["Condition"]["StringEquals"].update(
        {"identitystore:userId": ["user-1", "user-2"]}
    ),
    "a principal": lambda it: it.update(Principal="*"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_not_to_the_letter_is_somebody_elses_and_covers_nobody(name: str) -> None:
    (only,) = statements(deny())
    CHANGES[name](only)
    ours, others = read(json.dumps({"Version": "2012-10-17", "Statement": [only]}))
    assert ours == []
    assert len(others) == 1
    assert not covers(ours, deny())


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[]", '"text"', "{}", '{"Version":"2008-10-17"}', '{"Statement":[7]}'],
)
def test_what_is_no_policy_of_pams_is_somebody_elses(text: str) -> None:
    ours, others = read(text)
    assert ours == []
    assert others
    assert all(each.isprintable() and each.isascii() for each in others)


def test_how_it_is_spaced_is_nobodys_matter() -> None:
    text = rendered([deny()])
    assert same(text, json.dumps(json.loads(text), indent=4))
    assert not same(text, rendered([deny(2)]))
    assert read(json.dumps(json.loads(text), indent=1))[1] == []


def test_other_peoples_words_are_cut_and_cleaned() -> None:
    raw = {"Sid": "x" * 999, "Effect": "Allow", "Action": "*", "Resource": "*"}
    bad = {**raw, "Sid": "<script>\u202e"}
    _, others = read(json.dumps({"Version": "2012-10-17", "Statement": [raw, bad]}))
    assert others == [f"statement {'x' * 64}", "a statement without a name"]


def test_room_is_as_aws_counts_it() -> None:
    full = [deny(number, f"9067a1b2c3-{'0' * 36}") for number in range(60)]
    fits = [n for n in range(60) if has_room(full[:n])]
    assert len(rendered(full[: fits[-1]])) <= LONGEST < len(rendered(full[: fits[-1] + 1]))
    assert 30 < fits[-1] < 45


@given(some_denies)
def test_what_is_known_is_kept_as_it_is(denies: list[Deny]) -> None:
    known = PermissionSet(denies=tuple(denies), wanted=7, written={ACCOUNT: 3}, fence=2)
    locked = known.locked(BEGINS)
    assert locked is not None
    assert PermissionSet.of_text(locked.as_text()) == locked
    assert PermissionSet.of_text("") == PermissionSet()


def test_a_hundred_people_who_had_it_within_the_hour_leave_room() -> None:
    """Those who have it now need the most: each a statement of their own."""
    had = [over(number, f"9067a1b2c3-{number:036d}", number % 60) for number in range(100)]
    have = [deny(500 + number, f"9067a1b2c3-{500 + number:036d}") for number in range(15)]
    assert has_room([*had, *have])
    assert len(statements(*had)) == 1
