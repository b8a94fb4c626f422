"""`pam policy check` and `pam policy explain`, on the repository's own policy files."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).parents[2]
PEOPLE = ("--policy-dir", str(ROOT / "policy"), "--identities", str(ROOT / "local/identities.yaml"))


def _run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["policy", *arguments], prog_name="pam")


def _explain(*arguments: str) -> dict[str, Any]:
    result = _run("explain", *arguments, *PEOPLE, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.fixture
def policy_dir(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "policy", tmp_path / "policy")


def test_the_policy_of_this_repository_is_valid() -> None:
    result = _run("check", "--policy-dir", str(ROOT / "policy"))
    assert result.exit_code == 0, result.stderr
    first, *channels = result.stdout.splitlines()
    assert first.startswith("policy is valid: ")
    assert all(line.startswith("Slack's channel C0") for line in channels)


def test_a_check_says_which_channel_hears_of_which_resource(policy_dir: Path) -> None:
    catalogue = policy_dir / "catalogue.yaml"
    text = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(
        text.replace("    bank-kyc: C0KYC000001\n", "").replace(
            "  resources: {}\n", "  resources: {core-sandbox-admin: C0SANDBOX}\n"
        ),
        encoding="utf-8",
    )
    told = _run("check", "--policy-dir", str(policy_dir)).stdout.splitlines()
    assert "Slack's channel C0SANDBOX hears of core-sandbox-admin" in told
    assert "no channel of Slack hears of kyc-documents-read, kyc-sandbox-read" in told
    (core,) = (line for line in told if line.startswith("Slack's channel C0CORE00001 hears of "))
    assert "core-ledger-admin" in core
    assert "core-sandbox-admin" not in core
    answer = json.loads(_run("check", "--policy-dir", str(policy_dir), "--json").stdout)
    assert answer["slack"]["operators"] == "C0OPS000001"
    assert answer["slack"]["resources"]["core-sandbox-admin"] == "C0SANDBOX"
    assert answer["slack"]["resources"]["kyc-documents-read"] is None


def test_an_explanation_says_where_a_request_is_posted() -> None:
    told = _run("explain", *PEOPLE, "alice", "core-ledger-admin")
    assert "posted in Slack: C0CORE00001" in told.stdout
    answer = json.loads(_run("explain", *PEOPLE, "alice", "kyc-documents-read", "--json").stdout)
    assert answer["slack_channel"] == "C0KYC000001"


def test_a_check_as_json_says_what_was_checked() -> None:
    answer = json.loads(_run("check", *PEOPLE, "--json").stdout)
    told = {"valid", "resources", "policies", "digest", "small_domains", "slack", "warnings"}
    assert answer.keys() == told
    assert (answer["valid"], answer["warnings"]) == (True, [])


@pytest.mark.parametrize(
    ("name", "text"),
    [("catalogue.yaml", "\nsurprise: 1\n"), ("broken.cedar", "permit (nobody")],
)
def test_a_fault_is_one_line_with_file_and_line(policy_dir: Path, name: str, text: str) -> None:
    with (policy_dir / name).open("a") as file:
        file.write(text)
    result = _run("check", "--policy-dir", str(policy_dir))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{policy_dir / name}:" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_fault_as_json_is_one_document_with_its_place(policy_dir: Path) -> None:
    path = policy_dir / "catalogue.yaml"
    path.write_text(path.read_text().replace("domain: bank-kyc", "doman: bank-kyc", 1))
    result = _run("check", "--policy-dir", str(policy_dir), "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert (answer["valid"], answer["status"], answer["code"]) == (False, 0, "CLIENT")
    (error,) = answer["errors"]
    assert error["place"] == f"{path}:{_line_of(path, 'doman:')}"
    assert error["message"] == "resources.3.doman: no such key"
    assert answer["detail"] in result.stderr


def _line_of(path: Path, marker: str) -> int:
    lines = path.read_text().splitlines()
    return next(number for number, text in enumerate(lines, start=1) if marker in text)


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 1)])
def test_what_can_never_work_is_a_warning_and_a_failure_if_one_asks_for_that(
    policy_dir: Path, strict: tuple[str, ...], code: int
) -> None:
    path = policy_dir / "catalogue.yaml"
    path.write_text(path.read_text().replace("domain: bank-kyc", "domain: bank-kcy", 1))
    place = f"{path}:{_line_of(path, '- id: kyc-documents-read')}"
    known = f"{policy_dir / 'identities.yaml'}:"
    read = _run("check", "--policy-dir", str(policy_dir), *strict)
    assert read.exit_code == code
    assert f"warning: {place}: kyc-documents-read: of domain 'bank-kcy'" in read.stdout
    assert known in read.stdout
    result = _run("check", "--policy-dir", str(policy_dir), "--json", *strict)
    assert result.exit_code == code
    answer = json.loads(result.stdout)
    (warning,) = answer["warnings"]
    assert (answer["valid"], warning["place"]) == (True, place)
    assert "bank-kyc" in warning["message"]
    assert result.stderr.count("\n") == code


def test_no_policy_at_all_is_one_line(tmp_path: Path) -> None:
    result = _run("check", "--policy-dir", str(tmp_path / "nowhere"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nowhere" in result.stderr


@pytest.mark.parametrize(
    ("who", "resource", "more", "required", "domain_required"),
    [
        ("alice", "core-ledger-admin", [], 2, 0),
        ("alice", "core-ledger-uat-admin", [], 1, 0),
        ("alice", "core-sandbox-admin", [], 0, 0),
        ("alice", "kyc-documents-read", [], 3, 1),
        ("alice", "kyc-sandbox-read", [], 1, 1),
        ("alice", "core-ledger-admin", ["--break-glass"], 0, 0),
        ("alice", "kyc-documents-read", ["--break-glass"], 1, 1),
    ],
)
def test_the_approvals_needed_are_told(
    who: str, resource: str, more: list[str], required: int, domain_required: int
) -> None:
    answer = _explain(who, resource, *more)
    assert answer["allowed"] is True
    assert answer["policy_ids"]
    assert answer["approvals"]["required"] == required
    assert answer["approvals"]["domain_required"] == domain_required


def test_the_gate_that_asks_for_a_vote_of_the_domain_is_named() -> None:
    ids = _explain("alice", "kyc-documents-read")["approvals"]["policy_ids"]
    assert any("DT-001" in policy_id for policy_id in ids)
    same_domain = _explain("alice", "core-ledger-admin")["approvals"]["policy_ids"]
    assert not any("DT-001" in policy_id for policy_id in same_domain)


def test_a_principal_is_as_good_as_a_name() -> None:
    by_name = _explain("alice", "core-ledger-admin")
    assert _explain("arn:aws:iam::000000000000:user/alice", "core-ledger-admin") == by_name


def test_somebody_who_may_not_ask_is_told_so() -> None:
    answer = _explain("ada", "core-ledger-admin")
    assert (answer["allowed"], answer["code"]) == (False, "NOT_ELIGIBLE")


def test_an_explanation_reads_as_sentences() -> None:
    result = _run("explain", "alice", "kyc-documents-read", *PEOPLE)
    assert "yes: alice (bank-core) may ask for kyc-documents-read" in result.stdout
    assert "approvals needed: 3, 1 of them by an approver of bank-kyc" in result.stdout


@pytest.mark.parametrize(
    ("who", "resource", "code"),
    [("mallory", "core-ledger-admin", "NOT_ELIGIBLE"), ("alice", "no-such", "NOT_FOUND")],
)
def test_nobody_and_nothing_are_refused_by_code(who: str, resource: str, code: str) -> None:
    result = _run("explain", who, resource, *PEOPLE)
    assert result.exit_code == (3 if code == "NOT_ELIGIBLE" else 4)
    assert ("local/identities.yaml lists who there is" in result.stderr) is (code == "NOT_ELIGIBLE")
    assert result.stderr.startswith(f"{code}: ")
    assert result.stderr.count("\n") == 1


def test_explain_asks_as_the_request_would_be_asked(policy_dir: Path) -> None:
    """With its ticket, by a rule that goes by one."""
    rule = """
@id("no-ticket-no-access")
forbid (principal, action == PAM::Action::"request", resource)
when { context.ticket == "none" || context.ticket == "unknown" };"""
    path = policy_dir / "request.cedar"
    path.write_text(path.read_text(encoding="utf-8") + rule, encoding="utf-8")
    people = ("--policy-dir", str(policy_dir), "--identities", PEOPLE[-1], "--json")
    for ticket, allowed in (((), False), (("--ticket", "INC-1"), True)):
        result = _run("explain", "alice", "core-ledger-admin", *ticket, *people)
        answer = json.loads(result.stdout)
        assert answer["allowed"] is allowed
        assert ("no-ticket-no-access" in answer["policy_ids"]) is not allowed


@pytest.mark.parametrize("command", [("check",), ("explain", "alice", "core-ledger-admin")])
def test_where_there_are_no_policy_files_it_says_how_to_name_them(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _run(*command)
    assert result.exit_code == 1
    assert result.stderr == "CLIENT: there is no folder 'policy' here; name it with --policy-dir\n"
