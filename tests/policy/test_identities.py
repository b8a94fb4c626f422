"""From a principal to a person: listed exactly, or nobody."""

from pathlib import Path

import pytest

from pam.domain.errors import NotEligible
from pam.policy.compiler import load
from pam.policy.identities import Identities
from tests.fakes.story import ROOT

ACCOUNT = "111122223333"
SSO = f"arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_BankCoreEngineer_0123456789abcdef"


@pytest.fixture(scope="module")
def identities() -> Identities:
    return Identities(load(ROOT / "policy", ROOT / "policy" / "identities.yaml"))


def test_a_permission_sets_session_name_is_the_person(identities: Identities) -> None:
    person = identities.identify(f"{SSO}/alice")
    assert (person.name, person.domain) == ("alice", "bank-core")
    assert person.roles == {"engineers"}


def test_two_principals_of_one_name_are_one_person(identities: Identities) -> None:
    approver = SSO.replace("BankCoreEngineer", "BankCoreApprover")
    first, second = identities.identify(f"{SSO}/alice"), identities.identify(f"{approver}/alice")
    assert first.name == second.name
    assert first.roles != second.roles


TRICKS = [
    f"{SSO}/Alice",
    f"{SSO}/alice ",
    f"{SSO}/al\u0131ce",
    f"{SSO}/аlice",  # noqa: RUF001 - a Cyrillic letter, on purpose
    f"{SSO}/alice/bob",
    f"{SSO}/../alice",
    f"{SSO}/alice\n",
    f"{SSO}/",
    f"{SSO}/a",
    f"{SSO.replace(ACCOUNT, '999999999999')}/alice",
    f"{SSO.replace('BankCoreEngineer', 'bankcoreengineer')}/alice",
    f"{SSO.replace('BankCoreEngineer', 'BankCoreEngineer_x')}/alice",
    f"{SSO[:-1]}/alice",
    f"{SSO.replace('0123456789abcdef', '0123456789ABCDEF')}/alice",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/BankCoreEngineer/alice",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/x/AWSReservedSSO_BankCoreEngineer_0123456789abcdef/alice",
    f"arn:aws:sts::{ACCOUNT}:federated-user/alice",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:iam::{ACCOUNT}:user/alice",
    f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_BankCoreEngineer_0123456789abcdef",
    "alice",
    "",
    "*",
]


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("principal", TRICKS)
def test_whatever_is_not_listed_to_the_letter_is_nobody(
    identities: Identities, principal: str
) -> None:
    with pytest.raises(NotEligible):
        identities.identify(principal)


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("name", ["/alice", "x/alice", "alice/", "Alice", "mallory"])
def test_an_iam_user_is_known_by_exact_name_only(name: str) -> None:
    local = Identities(load(ROOT / "policy", ROOT / "local" / "identities.yaml"))
    assert local.identify("arn:aws:iam::000000000000:user/alice").name == "alice"
    with pytest.raises(NotEligible):
        local.identify(f"arn:aws:iam::000000000000:user/{name}")


def test_a_bare_name_names_a_listed_user_but_never_a_session(
    identities: Identities,
) -> None:
    local = Identities(load(ROOT / "policy", ROOT / "local" / "identities.yaml"))
    assert local.resolve("alice").principal == "arn:aws:iam::000000000000:user/alice"
    with pytest.raises(NotEligible, match="full principal ARN"):
        identities.resolve("alice")


def test_the_files_of_this_repository_are_valid() -> None:
    for file in (Path("policy") / "identities.yaml", Path("local") / "identities.yaml"):
        assert load(ROOT / "policy", ROOT / file).policy_count > 0
