"""Who is who at Identity Center and Okta: one person is one user there, and one user one person."""

from pathlib import Path

import pytest

from pam.domain.kinds import Vendor
from pam.policy.compiled import PolicyError
from pam.policy.compiler import load
from tests.fakes.story import ROOT

GROUPS = "groups:\n  bank-core-engineers: engineers\nidentities:\n"
ENTRY = "  - {{{who}, domain: bank-core, groups: [bank-core-engineers], {name}: {user_id}}}\n"
ALICE, DAVE = 'user: alice, account: "111122223333"', 'user: dave, account: "111122223333"'
ALICE_ELSEWHERE = 'user: alice, account: "444455556666"'
ALICE_IN_SLACK = 'principal: "slack:T0BANK00001/U0ALICE0001", person: alice'
IDS = {
    "identity_center_user": (
        "9067a1b2c3-0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f",
        "9067a1b2c3-1a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f",
    ),
    "okta_user": ("00ualice000000000001", "00ualice000000000002"),
}
BOTH = pytest.mark.parametrize("name", IDS)


def written(tmp_path: Path, name: str, *entries: tuple[str, str]) -> Path:
    path = tmp_path / "identities.yaml"
    lines = [ENTRY.format(who=who, name=name, user_id=user_id) for who, user_id in entries]
    path.write_text(GROUPS + "".join(lines), encoding="utf-8")
    return path


@BOTH
def test_two_people_are_not_one_user_there(tmp_path: Path, name: str) -> None:
    first, _ = IDS[name]
    path = written(tmp_path, name, (ALICE, first), (DAVE, first))
    with pytest.raises(PolicyError) as fault:
        load(ROOT / "policy", path)
    told = f"{path}:5: {name} {first} is alice's already ({path}:4); one user is one person"
    assert str(fault.value) == told


@BOTH
@pytest.mark.parametrize("again", [ALICE_ELSEWHERE, ALICE_IN_SLACK])
def test_one_person_is_not_two_users_there(tmp_path: Path, name: str, again: str) -> None:
    first, second = IDS[name]
    path = written(tmp_path, name, (ALICE, first), (again, second))
    with pytest.raises(PolicyError) as fault:
        load(ROOT / "policy", path)
    assert str(fault.value).startswith(f"{path}:5: alice is {name} {first} already ({path}:4)")


@BOTH
def test_the_same_id_may_stand_in_each_entry_of_the_person(tmp_path: Path, name: str) -> None:
    first, second = IDS[name]
    path = written(
        tmp_path, name, (ALICE, first), (ALICE_ELSEWHERE, first), (ALICE_IN_SLACK, first),
        (DAVE, second),
    )  # fmt: skip
    vendor = Vendor(name.removesuffix("_user"))
    assert load(ROOT / "policy", path).ids_at(vendor) == {"alice": first, "dave": second}


def test_the_case_of_a_letter_counts_at_okta_alone(tmp_path: Path) -> None:
    first, _ = IDS["identity_center_user"]
    path = written(
        tmp_path, "identity_center_user", (ALICE, first), (DAVE, first[:11] + first[11:].upper())
    )
    with pytest.raises(PolicyError, match="is alice's already"):
        load(ROOT / "policy", path)
    first, _ = IDS["okta_user"]
    path = written(tmp_path, "okta_user", (ALICE, first), (DAVE, first.replace("l", "L")))
    load(ROOT / "policy", path)
