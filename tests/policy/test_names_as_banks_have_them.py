"""Capitals, IAM paths and other partitions: one person, whom no other spelling passes for."""

from pathlib import Path

import pytest

from pam.domain.errors import NotEligible
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import PolicyError
from pam.policy.compiler import load
from pam.policy.identities import Identities
from tests.fakes.story import ROOT

ACCOUNT, OTHER = "111122223333", "999999999999"
SET = f"{ACCOUNT}:assumed-role/AWSReservedSSO_BankCoreEngineer_0123456789abcdef"
LISTED = f"""
groups: {{engineers: engineers, approvers: approvers}}
identities:
  - {{permission_set: BankCoreEngineer, account: "{ACCOUNT}", domain: bank-core,
      groups: [engineers]}}
  - {{user: staff/Alice, account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}
  - {{user: /staff/eu:west/bob, accounts: ["{ACCOUNT}", "{OTHER}"], domain: bank-core,
      groups: [approvers]}}
  - {{user: carol, account: "{ACCOUNT}", person: Carol.Jones, domain: bank-core,
      groups: [approvers]}}
"""


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "identities.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    return Identities(load(ROOT / "policy", write(tmp_path_factory.mktemp("listed"), LISTED)))


def user(path: str, account: str = ACCOUNT, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account}:user/{path}"


PEOPLE = {
    f"arn:aws:sts::{SET}/Alice.Smith@bank.example": "alice.smith@bank.example",
    f"arn:aws:sts::{SET}/ALICE.SMITH@BANK.EXAMPLE": "alice.smith@bank.example",
    f"arn:aws:sts::{SET}/alice+ops=1,2_3-4": "alice+ops=1,2_3-4",
    f"arn:aws:sts::{SET}/{'a' * 64}": "a" * 64,
    f"arn:aws:sts::{SET}/7q": "7q",
    user("staff/Alice"): "alice",
    user("staff/alice"): "alice",
    user("staff/eu:west/bob"): "bob",
    user("staff/eu:west/BOB", OTHER): "bob",
    user("carol"): "carol.jones",
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("principal", PEOPLE)
def test_a_bank_s_names_are_their_people(known: Identities, principal: str) -> None:
    assert known.identify(principal).name == PEOPLE[principal]
    assert known.identify(principal).principal == principal
    assert known.named(principal) == PEOPLE[principal]


FORGED = [
    user("alice"),
    user("Staff/alice"),
    user("staff//alice"),
    user("/staff/alice"),
    user("staff/x/alice"),
    user("x/staff/alice"),
    user("staff/alice/"),
    user("staff/alice/alice"),
    user("staff/alice", OTHER),
    user("staff/eu:west/carol"),
    user("staff/carol"),
    user("x:user/carol"),
    user(f"x/arn:aws:iam::{ACCOUNT}:user/carol"),
    user("staff/ alice"),
    user("staff/al\u0131ce"),
    user("st\u00e4ff/alice"),
    f"arn:aws:sts::{SET}/x/alice.smith",
    f"arn:aws:sts::{SET}/a",
    f"arn:aws:sts::{SET}/{'a' * 65}",
    f"arn:aws:sts::{SET}/.alice",
    f"arn:aws:sts::{SET}/al\u0131ce.smith@bank.example",
    f"arn:aws:sts::{SET}/\uff21lice.smith@bank.example",
    f"arn:aws:sts::{SET.replace('assumed-role/', 'assumed-role/aws-reserved/')}/alice",
    f"arn:aws:iam::{SET}/alice",
    f"arn:AWS:sts::{SET}/alice",
    f"arn:aws-:sts::{SET}/alice",
    f"arn:awsx:sts::{SET}/alice",
    f"arn:aws aws:sts::{SET}/alice",
    f"arn::sts::{SET}/alice",
]


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("principal", FORGED)
def test_a_path_or_a_spelling_forges_nobody(known: Identities, principal: str) -> None:
    with pytest.raises(NotEligible):
        known.identify(principal)


def test_a_user_is_named_by_name_and_found_by_the_whole_path(known: Identities) -> None:
    assert known.resolve("Alice").principal == user("staff/Alice")
    assert {each.principal for each in known.listed("bob")} == {
        user("staff/eu:west/bob"),
        user("staff/eu:west/bob", OTHER),
    }


PARTITIONS = ["aws", "aws-us-gov", "aws-cn", "aws-eusc", "aws-iso", "aws-iso-b"]


@pytest.mark.parametrize("partition", PARTITIONS)
def test_people_are_known_in_every_partition_offline(known: Identities, partition: str) -> None:
    assert known.identify(f"arn:{partition}:sts::{SET}/alice.smith").name == "alice.smith"
    assert known.identify(user("staff/alice", partition=partition)).name == "alice"


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_deployment_knows_principals_of_its_own_partition_alone(
    tmp_path: Path, partition: str
) -> None:
    policy = CedarPolicy(load(ROOT / "policy", write(tmp_path, LISTED)), partition)
    known = policy.identities
    for each in PARTITIONS:
        for principal in (
            f"arn:{each}:sts::{SET}/alice.smith",
            user("staff/alice", partition=each),
        ):
            assert known.knows(principal) is (each == partition), principal
    assert known.resolve("carol.jones").principal == user("carol", partition=partition)
    assert known.listed("alice")[0].principal == user("staff/Alice", partition=partition)


# an entry of identities.yaml -> what its refusal says
REFUSED = {
    f'{{user: alice, account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "user/alice of account 111122223333 is listed twice"
    ),
    f'{{user: other/ALICE, account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "user/ALICE of account 111122223333 is listed twice"
    ),
    f'{{user: staff/, account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "with its path before it where it has one: staff/alice"
    ),
    f'{{user: "staff/al ice", account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "with its path before it where it has one: staff/alice"
    ),
    f'{{user: "{user("pat")}", account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "not its ARN"
    ),
    f'{{user: a, account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "'a' cannot name a person; say person: with 2 to 64 of a-z"
    ),
    f'{{user: {"p" * 65}, account: "{ACCOUNT}", domain: bank-core, groups: [engineers]}}': (
        "a user is its name (1 to 64"
    ),
    f'{{permission_set: AWSReservedSSO_BankCoreEngineer_0123456789abcdef, account: "{ACCOUNT}", '
    "domain: bank-core, groups: [engineers]}": "without AWSReservedSSO_",
    f'{{user: pat, account: "{ACCOUNT}", person: "pat o\'neil", domain: bank-core, '
    "groups: [engineers]}": "cannot name a person",
}


@pytest.mark.parametrize("entry", REFUSED)
def test_a_name_that_aws_or_pam_could_not_tell_apart_is_refused(tmp_path: Path, entry: str) -> None:
    file = write(tmp_path, f"{LISTED}  - {entry}\n")
    line = len(file.read_text(encoding="utf-8").splitlines())
    with pytest.raises(PolicyError) as fault:
        load(ROOT / "policy", file)
    assert str(fault.value).startswith(f"{file}:{line}: ")
    assert REFUSED[entry] in str(fault.value)
