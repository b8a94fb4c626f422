"""A fault in a policy file is told in one line that names file and line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.compiler import load
from tests.fakes.story import COMPILED, ROOT

Edit = Callable[[str], str]


def swap(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def line_of(text: str, marker: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), start=1) if marker in line)


# what is broken -> file, edit, the text on whose line the fault lies, a word of the message
def and_then(*entries: str) -> Callable[[str], str]:
    """Entries of identities more, in YAML's flow style."""
    return lambda text: text + "".join(f"\n  - {entry}" for entry in entries) + "\n"


FAULTS: dict[str, tuple[str, Edit, str, str]] = {
    "an unknown key": (
        "catalogue.yaml",
        swap("    domain: bank-core\n", "    domain: bank-core\n    colour: red\n"),
        "colour: red",
        "colour",
    ),
    "a misspelt key": (
        "catalogue.yaml",
        swap("    domain: bank-kyc\n", "    doman: bank-kyc\n"),
        "doman: bank-kyc",
        "doman: no such key",
    ),
    "a resource without a domain": (
        "catalogue.yaml",
        swap("    domain: bank-core\n", ""),
        "- id: core-ledger-admin",
        "domain",
    ),
    "an unknown environment": (
        "catalogue.yaml",
        swap("    environment: prod", "    environment: production"),
        "production",
        "environment",
    ),
    "an id taken twice": (
        "catalogue.yaml",
        swap("- id: core-ledger-uat-admin", "- id: core-ledger-admin"),
        "",
        "taken",
    ),
    "more than four hours": (
        "catalogue.yaml",
        swap("max_duration: 2h", "max_duration: 5h"),
        "- id: kyc-documents-read",
        "between 1s and 4h",
    ),
    "no duration": (
        "catalogue.yaml",
        swap("max_duration: 2h", "max_duration: two hours"),
        "two hours",
        "not a duration",
    ),
    "a window of a second": (
        "catalogue.yaml",
        swap("  approval_window: 4h", "  approval_window: 1s"),
        "",
        "between 5m and 24h",
    ),
    "a key given twice": (
        "catalogue.yaml",
        swap("    title: KYC documents\n", "    title: KYC documents\n    title: Twice\n"),
        "title: Twice",
        "twice",
    ),
    "a kind of issuer that is none": (
        "catalogue.yaml",
        swap("issuer:\n      kind: postgres-user", "issuer:  # this\n      kind: oracle-user"),
        "issuer:  # this",
        "kind",
    ),
    "a misspelt key of an issuer": (
        "catalogue.yaml",
        swap("group_role: ledger_operators", "grouprole: ledger_operators"),
        "grouprole:",
        "issuer.grouprole: no such key",
    ),
    "a rotation that leaves two users valid": (
        "catalogue.yaml",
        swap("rotation: single-user", "rotation: alternating-users"),
        "rotation: alternating-users",
        "would outlive the session",
    ),
    "a token's user without its kind of login": (
        "catalogue.yaml",
        swap("group_role: ledger_operators", "group_role: g\n      rds_db_user: db-ABC/u"),
        "",
        "goes with auth: rds-iam",
    ),
    "a group name that is too long": (
        "catalogue.yaml",
        swap("group_role: ledger_operators", f"group_role: {'g' * 64}"),
        "group_role:",
        "63 bytes",
    ),
    "a rotated account that nobody can take back": (
        "catalogue.yaml",
        swap("      login_secret: bank/core-reporting-db/pam-issuer\n", ""),
        "- id: core-reporting-db",
        "core-reporting-db: rotated-secret needs login_secret",
    ),
    "a rotated account that is to take back itself": (
        "catalogue.yaml",
        swap(
            "login_secret: bank/core-reporting-db/pam-issuer",
            "login_secret: bank/core-reporting-db/reports",
        ),
        "- id: core-reporting-db",
        "login_secret is the account's own secret",
    ),
    "a session with more connections than a hundred": (
        "catalogue.yaml",
        swap("connection_limit: 5", "connection_limit: 101"),
        "connection_limit:",
        "less than or equal to 100",
    ),
    "objects that would go to the group": (
        "catalogue.yaml",
        swap("quarantine_role: ledger_quarantine", "quarantine_role: ledger_operators"),
        "",
        "not the group_role",
    ),
    "YAML that is none": (
        "catalogue.yaml",
        swap("resources:\n", "resources: [\n"),
        "",
        "",
    ),
    "Cedar that is none": (
        "request.cedar",
        swap('action == PAM::Action::"request"', 'action PAM::Action::"request"'),
        'action PAM::Action::"request"',
        "unexpected token",
    ),
    "an attribute that the schema does not have": (
        "grant.cedar",
        swap("when { context.breakGlass };", "when { context.breakglass };"),
        '@id("break-glass-lifts-the-count")',
        "breakglass",
    ),
    "a signal of which no policy says what unknown means": (
        "grant.cedar",
        swap("context.breakGlass };", 'context.breakGlass && context.ticket == "named" };'),
        '@id("break-glass-lifts-the-count")',
        'no policy for grant says what "unknown" means',
    ),
    "an action that the schema does not have": (
        "request.cedar",
        swap('PAM::Action::"request"', 'PAM::Action::"requests"'),
        '@id("engineers-may-ask")',
        "requests",
    ),
    "a policy without an id": ("request.cedar", swap('@id("engineers-may-ask")\n', ""), "", "@id"),
    "an id of another policy": (
        "request.cedar",
        swap("engineers-may-ask", "operators-revoke"),
        '@id("operators-revoke")',
        "taken",
    ),
    "a code that is none": (
        "approve.cedar",
        swap('@code("SELF_APPROVAL")', '@code("NONSENSE")'),
        '@id("nobody-approves-their-own-request")',
        "NONSENSE",
    ),
    "an answer that is neither yes nor no": (
        "catalogue.yaml",
        swap(
            "role_name: pam-target-core-ledger-admin}",
            'role_name: pam-target-core-ledger-admin, iam_writes: "yes"}',
        ),
        'iam_writes: "yes"',
        "iam_writes",
    ),
    "iam_writes of what is no role": (
        "catalogue.yaml",
        swap("      when_taken: refuse\n", "      when_taken: refuse\n      iam_writes: true\n"),
        "iam_writes: true",
        "iam_writes: no such key",
    ),
    "a schema that is none": (
        "pam.cedarschema",
        swap("domain: String,", "domain String,"),
        "domain String,",
        "unexpected token",
    ),
    "a signal that PAM does not tell": (
        "pam.cedarschema",
        swap("ticket: String, ", "ticket: String, risk: String, "),
        "",
        "request: failed to build request: while parsing context, expected",
    ),
    "a signal of another type": (
        "pam.cedarschema",
        swap("ticket: String, ", "ticket: Bool, "),
        "",
        "ticket",
    ),
    "a role that is none": (
        "identities.yaml",
        swap("pam-operators: operators", "pam-operators: gods"),
        "gods",
        "engineers",
    ),
    "a group that is not listed": (
        "identities.yaml",
        swap("groups: [pam-operators]", "groups: [pam-admins]"),
        "permission_set: PamOperator",
        "pam-admins",
    ),
    "a principal listed twice": (
        "identities.yaml",
        swap("permission_set: PamAuditor", "permission_set: PamOperator"),
        "",
        "twice",
    ),
    "two users whose names differ in case only": (
        "identities.yaml",
        and_then(
            '{user: carol, account: "111122223333", domain: audit, groups: [pam-auditors]}',
            '{user: Carol, account: "111122223333", domain: audit, groups: [pam-auditors]}',
        ),
        "user: Carol",
        "twice",
    ),
    "a principal of no scheme": (
        "identities.yaml",
        and_then("{principal: 'mail:a@b', person: carol, domain: audit, groups: [pam-auditors]}"),
        "mail:a@b",
        "slack:TEAM/USER",
    ),
    "a principal of AWS that is no user": (
        "identities.yaml",
        and_then("{principal: 'arn:aws:iam::1:x', person: c, domain: audit, groups: []}"),
        "arn:aws:iam",
        "permission_set",
    ),
    "a principal that is nobody's": (
        "identities.yaml",
        and_then("{principal: 'slack:T1/U1', domain: audit, groups: [pam-auditors]}"),
        "slack:T1/U1",
        "person is missing",
    ),
    "an account that is none": (
        "identities.yaml",
        swap('accounts: ["111122223333"]', "accounts: [prod]"),
        "accounts: [prod]",
        "account",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_named_with_file_and_line(case: str, tmp_path: Path) -> None:
    name, edit, marker, word = FAULTS[case]
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    text = edit((policy / name).read_text(encoding="utf-8"))
    (policy / name).write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as fault:
        load(policy, policy / "identities.yaml")
    message = str(fault.value)
    assert "\n" not in message
    where, _, what = message.removeprefix(str(policy / name) + ":").partition(":")
    assert message.startswith(str(policy / name))
    assert 1 <= int(where) <= len(text.splitlines())
    if marker:
        assert int(where) == line_of(text, marker), message
    assert word in what


def test_a_directory_without_policies_is_refused(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    for path in policy.glob("*.cedar"):
        path.unlink()
    with pytest.raises(PolicyError, match="deny everything"):
        load(policy, policy / "identities.yaml")


@pytest.mark.parametrize(("said", "may"), [("", False), ("false", False), ("true", True)])
def test_a_role_may_change_iam_only_where_its_resource_says_so(
    tmp_path: Path, said: str, *, may: bool
) -> None:
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    path = policy / "catalogue.yaml"
    name = "role_name: pam-target-core-ledger-admin"
    edit = swap(f"{name}}}", f"{name}{', iam_writes: ' + said if said else ''}}}")
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    compiled = load(policy, policy / "identities.yaml")
    read = CompiledPolicy.from_json(compiled.to_json())
    of_roles = {
        each.resource_id: each.target(account="111122223333", region="eu-west-1").may_write_iam
        for each in read.resources
    }
    assert {name for name, allowed in of_roles.items() if allowed} == (
        {"core-ledger-admin"} if may else set()
    )


def test_what_the_functions_read_is_what_was_compiled() -> None:
    assert CompiledPolicy.from_json(COMPILED.to_json()) == COMPILED


@pytest.mark.parametrize("name", ["grant.cedar", "catalogue.yaml", "identities.yaml"])
def test_the_digest_changes_with_any_rule(name: str, tmp_path: Path) -> None:
    edits = {
        "grant.cedar": swap("then 2 else 3", "then 1 else 2"),
        "catalogue.yaml": swap("duration: 1h", "duration: 30m"),
        "identities.yaml": swap("BankCoreEngineer", "BankCoreEngineers"),
    }
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    before = load(policy, policy / "identities.yaml").digest
    path = policy / name
    path.write_text(edits[name](path.read_text(encoding="utf-8")), encoding="utf-8")
    assert load(policy, policy / "identities.yaml").digest != before
