"""Offices that one person must not hold together, limits, and who reviews for small domains."""

import shutil
from pathlib import Path

import pytest

from pam.domain.limits import Limits
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.compiler import load
from pam.policy.doubts import small_domains
from tests.fakes.story import COMPILED, ROOT

ENGINEER = '{user: pat, account: "000000000000", domain: bank-core, groups: [bank-core-engineers]}'


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    return tmp_path / "policy"


def with_people(policy_dir: Path, *entries: str) -> CompiledPolicy:
    """The people of the local stack, and these."""
    local = (ROOT / "local" / "identities.yaml").read_text()
    file = policy_dir / "identities.yaml"
    file.write_text(local + "".join(f"  - {entry}\n" for entry in entries))
    return load(policy_dir, file)


def edited(policy_dir: Path, old: str, new: str) -> None:
    file = policy_dir / "catalogue.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


TOGETHER = {
    "engineer and approver": ("[bank-core-engineers, bank-core-approvers]", "approvers and eng"),
    "approver and operator": ("[bank-core-approvers, pam-operators]", "approvers and operators"),
    "engineer and operator": ("[bank-kyc-engineers, pam-operators]", "engineers and operators"),
    "all three": (
        "[bank-core-engineers, bank-core-approvers, pam-operators]",
        "approvers and engineers and operators",
    ),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("case", TOGETHER)
def test_one_user_in_two_offices_that_must_be_apart_is_refused_with_the_line(
    policy_dir: Path, case: str
) -> None:
    groups, said = TOGETHER[case]
    with pytest.raises(PolicyError, match=said) as refused:
        with_people(
            policy_dir,
            f'{{user: pat, account: "000000000000", domain: bank-core, groups: {groups}}}',
        )
    line = len((policy_dir / "identities.yaml").read_text().splitlines())
    assert f"identities.yaml:{line}: pat would be" in str(refused.value)


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(
    "second",
    [
        '{user: pat, account: "111122223333", domain: bank-core, groups: [bank-core-approvers]}',
        '{user: pat-2, person: pat, account: "000000000000", domain: ops, groups: [pam-operators]}',
    ],
)
def test_one_person_by_two_users_is_one_person(policy_dir: Path, second: str) -> None:
    with_people(policy_dir, ENGINEER)
    with pytest.raises(PolicyError, match="pat would be"):
        with_people(policy_dir, ENGINEER, second)


@pytest.mark.guarantee("G10")
def test_a_permission_set_of_two_such_offices_is_refused_and_two_of_one_each_are_not(
    policy_dir: Path,
) -> None:
    sets = [
        f'{{permission_set: {name}, account: "111122223333", domain: platform, groups: [{group}]}}'
        for name, group in (("One", "bank-core-engineers"), ("Two", "bank-core-approvers"))
    ]
    with_people(policy_dir, *sets)
    both = sets[0].replace("[bank-core-engineers]", "[bank-core-engineers, pam-operators]")
    with pytest.raises(PolicyError, match="whoever has One would be"):
        with_people(policy_dir, both)


def test_what_must_be_apart_is_data_and_strict_where_nothing_is_said(policy_dir: Path) -> None:
    both = ENGINEER.replace("bank-core-engineers", "bank-core-engineers, bank-core-approvers")
    apart = "apart:\n  - [engineers, approvers, operators]\n"
    edited(policy_dir, apart, "")
    with pytest.raises(PolicyError):
        with_people(policy_dir, both)
    edited(policy_dir, "resources:\n", "apart:\n  - [engineers, auditors]\nresources:\n")
    with_people(policy_dir, both)
    with pytest.raises(PolicyError, match="auditors and engineers"):
        with_people(policy_dir, ENGINEER.replace("engineers]", "engineers, pam-auditors]"))


def test_limits_are_those_of_the_file_and_the_usual_ones_where_it_says_none(
    policy_dir: Path,
) -> None:
    file = policy_dir / "catalogue.yaml"
    text = file.read_text()
    begins, ends = text.index("limits:"), text.index("# Nobody has two")
    file.write_text(text[:begins] + text[ends:])
    assert with_people(policy_dir).limits == COMPILED.limits
    assert COMPILED.limits == Limits(
        waiting=5, per_resource=3, open=20, unreviewed_break_glass=3, unconfirmed=3
    )
    file.write_text(text.replace("waiting: 5", "waiting: 7"))
    assert with_people(policy_dir).limits.waiting == 7


@pytest.mark.parametrize("value", ["0", "-1", "101", "many"])
def test_a_limit_is_a_number_that_lets_somebody_work(policy_dir: Path, value: str) -> None:
    edited(policy_dir, "waiting: 5", f"waiting: {value}")
    with pytest.raises(PolicyError, match="waiting"):
        with_people(policy_dir)


KATE = (
    '  - {user: kate, account: "000000000000", domain: bank-kyc, groups: [bank-kyc-approvers]}\n'
    '  - {user: kurt, account: "000000000000", domain: bank-kyc, groups: [bank-kyc-approvers]}\n'
)


def few(policy_dir: Path, keep: str) -> CompiledPolicy:
    listed = (ROOT / "local" / "identities.yaml").read_text().splitlines(keepends=True)
    text = "".join(line for line in listed if "{principal:" not in line)
    assert KATE in text
    (policy_dir / "identities.yaml").write_text(text.replace(KATE, keep))
    return load(policy_dir, policy_dir / "identities.yaml")


@pytest.mark.guarantee("G15")
def test_the_domains_with_too_few_reviewers_are_named_until_others_are(policy_dir: Path) -> None:
    one, none = KATE.splitlines(keepends=True)[0], ""
    assert small_domains(few(policy_dir, KATE)) == ()
    assert small_domains(few(policy_dir, one)) == ("bank-kyc",)
    assert small_domains(few(policy_dir, none)) == ("bank-kyc",)
    edited(policy_dir, "reviewers: {}", "reviewers: {bank-kyc: [ada]}")
    assert small_domains(few(policy_dir, none)) == ("bank-kyc",)
    assert small_domains(few(policy_dir, one)) == ()


def test_a_domain_whose_approvers_only_identity_center_knows_is_not_judged(
    policy_dir: Path,
) -> None:
    kyc_set = (
        '  - {permission_set: Kyc, account: "111122223333", domain: bank-kyc, '
        "groups: [bank-kyc-approvers]}\n"
    )
    assert small_domains(few(policy_dir, kyc_set)) == ()


@pytest.mark.parametrize(
    ("reviewers", "said"),
    [
        ("{bank-kyx: [ada]}", "no resource is of domain 'bank-kyx'"),
        ("{bank-kyc: []}", "reviewers"),
        ("{bank-kyc: [Ada]}", "reviewers"),
        ("[ada]", "reviewers"),
    ],
)
def test_reviewers_that_name_nobody_or_no_domain_are_refused(
    policy_dir: Path, reviewers: str, said: str
) -> None:
    edited(policy_dir, "reviewers: {}", f"reviewers: {reviewers}")
    with pytest.raises(PolicyError, match=said):
        with_people(policy_dir)


def test_all_of_it_reaches_the_functions_and_moves_the_digest(policy_dir: Path) -> None:
    before = with_people(policy_dir)
    edited(policy_dir, "reviewers: {}", "reviewers: {bank-kyc: [ada]}")
    after = with_people(policy_dir)
    assert CompiledPolicy.from_json(after.to_json()) == after
    assert after.digest != before.digest
