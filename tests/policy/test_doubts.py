"""Policy files that are lawful and can never work are told, with each place to mend.

What lends one target by a weaker environment's rules is refused.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pam.policy.compiled import PolicyError
from pam.policy.compiler import read
from pam.policy.doubts import doubts
from tests.fakes.story import ROOT

Edit = Callable[[str], str]
OWN = "111122223333"


def swap(old: str, new: str, count: int = 1) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, count)

    return edit


def more(*lines: str) -> Edit:
    return lambda text: text.rstrip() + "\n" + "".join(f"  - {line}\n" for line in lines)


def resource(name: str, issuer: str, environment: str = "dev", domain: str = "bank-core") -> str:
    return (
        f"{{id: {name}, title: T, description: D, environment: {environment}, "
        f"domain: {domain}, issuer: {{{issuer}}}}}"
    )


def person(name: str, domain: str, *groups: str, account: str = OWN) -> str:
    listed = ", ".join(groups)
    return f'{{user: {name}, account: "{account}", domain: {domain}, groups: [{listed}]}}'


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    """The catalogue as shipped, and the users of the local stack, who can be counted."""
    policy = shutil.copytree(ROOT / "policy", tmp_path / "policy")
    listed = (ROOT / "local" / "identities.yaml").read_text(encoding="utf-8").splitlines()
    others = ("permission_set:", "principal:")
    users = [line for line in listed if not any(each in line for each in others)]
    (policy / "identities.yaml").write_text("\n".join(users) + "\n", encoding="utf-8")
    return policy


def edited(policy_dir: Path, edits: dict[str, Edit]) -> None:
    for name, edit in edits.items():
        path = policy_dir / name
        path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")


def told(policy_dir: Path, account: str = "") -> list[str]:
    files = read(policy_dir, policy_dir / "identities.yaml", account=account)
    return [str(each).replace(f"{policy_dir}/", "") for each in doubts(files)]


def line(policy_dir: Path, name: str, marker: str) -> str:
    lines = (policy_dir / name).read_text(encoding="utf-8").splitlines()
    return f"{name}:{next(n for n, text in enumerate(lines, start=1) if marker in text)}"


@pytest.mark.parametrize("identities", ["policy/identities.yaml", "local/identities.yaml"])
def test_the_files_as_shipped_raise_no_doubt(identities: str) -> None:
    assert doubts(read(ROOT / "policy", ROOT / identities)) == ()


# what is wrong -> edits, the line on which it is told, another place that is named, words
DOUBTS: dict[str, tuple[dict[str, Edit], tuple[str, str], tuple[str, str], str]] = {
    "a resource's domain that nobody is of": (
        {"catalogue.yaml": swap("domain: bank-kyc", "domain: bank-kcy")},
        ("catalogue.yaml", "- id: kyc-documents-read"),
        ("identities.yaml", "{user: kurt"),
        "kyc-documents-read: of domain 'bank-kcy', and nobody who is listed is of it; "
        "is 'bank-kyc' meant",
    ),
    "a resource's domain that is like no other": (
        {"catalogue.yaml": more(resource("x1", "kind: aws-role, role_name: x1", domain="zzz"))},
        ("catalogue.yaml", "{id: x1"),
        ("catalogue.yaml", "{id: x1"),
        "x1: of domain 'zzz', and nobody who is listed is of it",
    ),
    "a person's domain that is nearly one": (
        {"identities.yaml": swap('{user: dave, account: "000000000000", domain: bank-core',
                                 '{user: dave, account: "000000000000", domain: bnak-core')},
        ("identities.yaml", "{user: dave"),
        ("catalogue.yaml", "- id: core-support-admins"),
        "no resource is of domain 'bnak-core'; is 'bank-core' meant",
    ),
    "an operator's domain that is nearly one": (
        {"identities.yaml": swap("domain: platform", "domain: bank-cores")},
        ("identities.yaml", "{user: sam"),
        ("catalogue.yaml", "- id: core-support-admins"),
        "is 'bank-core' meant",
    ),
    "an engineer's domain of which nothing and nobody else is": (
        {"identities.yaml": more(person("pat", "treasury", "bank-core-engineers"))},
        ("identities.yaml", "{user: pat"),
        ("identities.yaml", "{user: pat"),
        "no resource and nobody else is of domain 'treasury'; the catalogue has bank-core",
    ),
    "nobody who could revoke": (
        {"identities.yaml": swap("pam-operators]", "pam-auditors]")},
        ("identities.yaml", "{user: alice"),
        ("identities.yaml", "{user: alice"),
        "nobody who is listed is an operator",
    ),
    "a domain without approvers": (
        {"identities.yaml": swap("[bank-kyc-approvers]", "[bank-kyc-engineers]", 2)},
        ("catalogue.yaml", "- id: kyc-documents-read"),
        ("identities.yaml", "{user: kim"),
        "kyc-documents-read: nobody can be granted it: 1 of its approvals must come from its "
        "domain, which has no approver",
    ),
    "a domain whose own people alone can be granted it": (
        {"identities.yaml": swap("[bank-kyc-approvers]", "[bank-kyc-engineers]", 2)},
        ("catalogue.yaml", "- id: kyc-sandbox-read"),
        ("identities.yaml", "{user: kate"),
        "kyc-sandbox-read: nobody of bank-core can be granted it",
    ),
    "a domain with one approver where two must vote": (
        {"identities.yaml": swap("domain: bank-kyc, groups: [bank-kyc-approvers]",
                                 "domain: bank-kyc, groups: [bank-kyc-engineers]")},
        ("catalogue.yaml", "- id: kyc-documents-read"),
        ("identities.yaml", "{user: kurt"),
        "nobody of bank-kyc can be granted it: it takes 2 approvals, and no more than 1 could vote",
    ),
    "nobody who may ask": (
        {"request.cedar": swap('PAM::Role::"engineers"', 'PAM::Role::"auditor"')},
        ("catalogue.yaml", "- id: core-ledger-admin"),
        ("identities.yaml", "{user: alice"),
        "no policy lets anybody ask for it",
    ),
    "a rule for one resource that no votes meet": (
        {"grant.cedar": lambda text: text + '\n@id("never")\nforbid (principal, action == '
         'PAM::Action::"grant", resource == PAM::Resource::"core-sandbox-admin");\n'},
        ("catalogue.yaml", "- id: core-sandbox-admin"),
        ("identities.yaml", "{user: alice"),
        "core-sandbox-admin: nobody can be granted it: no number of approvals is enough",
    ),
    "grants without a policy": (
        {"grant.cedar": lambda text: text.replace("permit (", "forbid (")},
        ("catalogue.yaml", "- id: core-ledger-admin"),
        ("identities.yaml", "{user: alice"),
        "core-ledger-admin, core-ledger-uat-admin, core-sandbox-admin, core-ledger-db, "
        "core-reporting-db and 2 more: nobody can be granted it",
    ),
    "a reviewer who is nobody": (
        {"catalogue.yaml": swap("reviewers: {}", "reviewers:\n    bank-kyc: [bbo]")},
        ("catalogue.yaml", "bank-kyc: [bbo]"),
        ("catalogue.yaml", "bank-kyc: [bbo]"),
        "'bbo' reviews for bank-kyc, and nobody of that name is listed",
    ),
    "one role of two domains": (
        {"catalogue.yaml": more(
            resource("x1", "kind: aws-role, role_name: pam-target-kyc-sandbox-read"))},
        ("catalogue.yaml", "{id: x1"),
        ("catalogue.yaml", "- id: kyc-sandbox-read"),
        "x1 (dev, bank-core) lends what kyc-sandbox-read (dev, bank-kyc",
    ),
    "one role of two environments, if PAM is in that account": (
        {"catalogue.yaml": more(resource("x1", "kind: aws-role, role_name: "
                                f'pam-target-core-ledger-admin, account: "{OWN}"'))},
        ("catalogue.yaml", "{id: x1"),
        ("catalogue.yaml", "- id: core-ledger-admin"),
        f"if PAM's own account is {OWN}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DOUBTS)
def test_what_can_never_work_is_told_with_both_places(policy_dir: Path, case: str) -> None:
    edits, at, other, words = DOUBTS[case]
    edited(policy_dir, edits)
    place, named = line(policy_dir, *at), line(policy_dir, *other)
    found = [each for each in told(policy_dir) if each.startswith(f"{place}: ") and words in each]
    assert len(found) == 1, told(policy_dir)
    assert named in found[0]


FINE: dict[str, dict[str, Edit]] = {
    "two resources of one role, environment and domain": {
        "catalogue.yaml": more(
            resource("x1", "kind: aws-role, role_name: pam-target-core-sandbox-admin")
        )
    },
    "roles of one name in two accounts": {
        "catalogue.yaml": more(
            resource("x1", f'kind: aws-role, role_name: r, account: "{OWN}"'),
            resource("x2", 'kind: aws-role, role_name: r, account: "999999999999"', "prod"),
        )
    },
    "a domain of people who only ask elsewhere": {
        "identities.yaml": more(
            person("pat", "treasury", "bank-core-engineers"),
            person("pia", "treasury", "bank-core-engineers"),
            person("kay", "bank-kyc", "bank-kyc-approvers"),
        )
    },
    "approvers who come by a permission set": {
        "identities.yaml": lambda text: (
            swap("[bank-kyc-approvers]", "[bank-kyc-engineers]", 2)(text)
            + f'  - {{permission_set: Kyc, account: "{OWN}", domain: bank-kyc, '
            "groups: [bank-kyc-approvers]}\n"
        )
    },
    "a rule that asks for a ticket": {
        "request.cedar": lambda text: (
            text + '\n@id("ticket")\nforbid (principal, action == PAM::Action::"request", '
            'resource)\nwhen { context.ticket == "none" || context.ticket == "unknown" };\n'
        )
    },
}


@pytest.mark.parametrize("case", FINE)
def test_what_works_raises_no_doubt(policy_dir: Path, case: str) -> None:
    edited(policy_dir, FINE[case])
    assert told(policy_dir) == []


LEDGER_DB = "secret: bank/core-ledger-db/pam-issuer"
# one target under two environments -> a second entry, the first, and PAM's own account if known
TWICE: dict[str, tuple[str, str, str]] = {
    "a role": ("kind: aws-role, role_name: pam-target-core-ledger-admin", "core-ledger-admin", ""),
    "a role in other letters": (
        "kind: aws-role, role_name: PAM-target-core-ledger-Admin",
        "core-ledger-admin",
        "",
    ),
    "a role whose account is PAM's own": (
        f'kind: aws-role, role_name: pam-target-core-ledger-admin, account: "{OWN}"',
        "core-ledger-admin",
        OWN,
    ),
    "a role in another region, of which roles have none": (
        "kind: aws-role, role_name: pam-target-core-ledger-admin, region: eu-central-1",
        "core-ledger-admin",
        "",
    ),
    "a database": (f"kind: postgres-user, {LEDGER_DB}, group_role: g", "core-ledger-db", ""),
    "a database's login, lent as an account": (
        f"kind: rotated-secret, {LEDGER_DB}, rotation: single-user, login_secret: l",
        "core-ledger-db",
        "",
    ),
    "an account": (
        "kind: rotated-secret, secret: bank/core-reporting-db/reports, rotation: single-user, "
        "login_secret: bank/core-reporting-db/pam-issuer",
        "core-reporting-db",
        "",
    ),
}


@pytest.mark.parametrize("case", TWICE)
@pytest.mark.parametrize("domain", ["bank-core", "bank-kyc"])
def test_a_target_under_two_environments_is_refused_with_both_places(
    policy_dir: Path, case: str, domain: str
) -> None:
    issuer, first, account = TWICE[case]
    entry = resource("ledger-playground", issuer, domain=domain)
    edited(policy_dir, {"catalogue.yaml": more(entry)})
    with pytest.raises(PolicyError) as fault:
        read(policy_dir, policy_dir / "identities.yaml", account=account)
    message = str(fault.value).replace(f"{policy_dir}/", "")
    place = line(policy_dir, "catalogue.yaml", "{id: ledger-playground")
    assert message.startswith(f"{place}: ledger-playground (dev) lends what {first} (")
    assert line(policy_dir, "catalogue.yaml", f"- id: {first}") in message
