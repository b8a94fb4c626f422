"""From a principal to a person: listed exactly, or nobody."""

from pathlib import Path

import pytest

from pam.domain.errors import NotEligible
from pam.domain.links import Link
from pam.policy.compiled import CompiledPolicy
from pam.policy.compiler import load
from pam.policy.identities import Identities
from tests.fakes.links import FakeLinks
from tests.fakes.story import NOON, ROOT

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
    "slack:T0123ABCD/U0123ABCD",
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
@pytest.mark.parametrize("name", ["/alice", "x/alice", "alice/", "al\u0131ce", "mallory"])
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


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("name", ["alice", "Alice", "ALICE", "aLiCe"])
def test_names_that_differ_in_case_only_are_one_person(identities: Identities, name: str) -> None:
    local = Identities(load(ROOT / "policy", ROOT / "local" / "identities.yaml"))
    assert identities.identify(f"{SSO}/{name}").name == "alice"
    assert local.identify(f"arn:aws:iam::000000000000:user/{name}").name == "alice"
    assert local.resolve(name).name == "alice"


SLACK, OIDC, DEVICE = (
    "slack:T0123ABCD/U0123ABCD",
    "oidc:https://id.bank.example#8f3a",
    "device:C02X",
)
LISTED = f"""
groups: {{bank-core-engineers: engineers, bank-core-approvers: approvers}}
identities:
  - {{user: Alice, account: "{ACCOUNT}", domain: bank-core, groups: [bank-core-engineers]}}
  - {{permission_set: BankCoreApprover, account: "{ACCOUNT}", domain: bank-core,
      groups: [bank-core-approvers]}}
  - {{principal: "{SLACK}", person: Alice, domain: bank-core, groups: [bank-core-engineers]}}
  - {{principal: "{OIDC}", person: bob, domain: bank-core, groups: [bank-core-approvers]}}
"""


def listed(tmp_path: Path, text: str = LISTED) -> CompiledPolicy:
    file = tmp_path / "identities.yaml"
    file.write_text(text, encoding="utf-8")
    return load(ROOT / "policy", file)


def test_a_person_has_the_principals_that_the_file_lists(tmp_path: Path) -> None:
    known = Identities(listed(tmp_path))
    alice = known.identify(SLACK)
    assert (alice.name, alice.principal, alice.roles) == ("alice", SLACK, {"engineers"})
    assert {each.principal for each in known.listed("alice")} == {
        f"arn:aws:iam::{ACCOUNT}:user/Alice",
        SLACK,
    }
    assert known.identify(OIDC).name == "bob"
    assert known.named(SLACK) == known.named("ALICE") == "alice"


NEARLY = [
    SLACK.lower(),
    SLACK.replace("/U0123ABCD", "/U0123ABCE"),
    SLACK.replace("/U", "/B"),
    f"{SLACK} ",
    OIDC.upper(),
    OIDC.replace("8f3a", "8F3A"),
    OIDC.replace("https", "http"),
    OIDC.replace("#", "/"),
    DEVICE,
    "device:",
    "mailto:alice@bank.example",
]


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("principal", NEARLY)
def test_what_is_nearly_a_listed_principal_is_nobody(tmp_path: Path, principal: str) -> None:
    with pytest.raises(NotEligible):
        Identities(listed(tmp_path)).identify(principal)


@pytest.mark.guarantee("G10")
def test_a_linked_principal_has_the_groups_of_the_one_that_accepted_it(tmp_path: Path) -> None:
    approver = f"{SSO.replace('Engineer', 'Approver')}/Carol"
    accepted = {
        DEVICE: approver,
        "slack:T1/U1": f"{SSO.replace('Engineer', 'Auditor')}/carol",
        "slack:T1/U2": DEVICE,
        SLACK: approver,
    }
    made = FakeLinks()
    made.links = {
        each: Link(principal=each, person="carol", accepted_by=by, linked_at=NOON, basis="")
        for each, by in accepted.items()
    }
    known = Identities(listed(tmp_path)).knowing(made, NOON)
    carol = known.identify(DEVICE)
    assert (carol.name, carol.principal, carol.roles) == ("carol", DEVICE, {"approvers"})
    for unlisted_or_linked_itself in ("slack:T1/U1", "slack:T1/U2", "slack:T1/U3"):
        with pytest.raises(NotEligible):
            known.identify(unlisted_or_linked_itself)
    assert known.identify(SLACK).name == "alice", "what the file lists is never moved"


def test_the_files_of_this_repository_are_valid() -> None:
    for file in (Path("policy") / "identities.yaml", Path("local") / "identities.yaml"):
        assert load(ROOT / "policy", ROOT / file).policy_count > 0
