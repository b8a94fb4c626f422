"""Which channel hears of what is told by the catalogue, and a fault in that by its line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.compiler import load
from tests.fakes.story import COMPILED, LEDGER, POLICY, ROOT, UAT

HERE = """slack:
  operators: C0OPS
  domains:
    bank-core: C0CORE
  resources:
    core-ledger-admin: G0LEDGER
"""


def with_slack(tmp_path: Path, section: str) -> CompiledPolicy:
    """The policy as shipped, with that section in place of its own."""
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    catalogue = policy / "catalogue.yaml"
    text = catalogue.read_text(encoding="utf-8")
    before, _, rest = text.partition("slack:\n")
    assert rest
    after = rest.partition("\n\n")[2]
    catalogue.write_text(f"{before}{section}\n{after}", encoding="utf-8")
    return load(policy, ROOT / "local" / "identities.yaml")


def test_a_resources_own_channel_goes_before_its_domains(tmp_path: Path) -> None:
    policy = CedarPolicy(with_slack(tmp_path, HERE))
    assert policy.slack_channel(LEDGER, "bank-core") == "G0LEDGER"
    assert policy.slack_channel(UAT, "bank-core") == "C0CORE"
    assert policy.slack_channel("kyc-documents-read", "bank-kyc") == ""
    assert policy.slack_channel("taken-out-since", "bank-core") == "C0CORE"
    assert policy.slack_operators == "C0OPS"


def test_without_the_section_nothing_is_posted_anywhere(tmp_path: Path) -> None:
    policy = CedarPolicy(with_slack(tmp_path, ""))
    assert policy.slack_channel(LEDGER, "bank-core") == ""
    assert policy.slack_operators == ""


def test_the_channels_are_part_of_what_was_reviewed(tmp_path: Path) -> None:
    compiled = with_slack(tmp_path, HERE)
    assert compiled.digest != COMPILED.digest
    assert CompiledPolicy.from_json(compiled.to_json()) == compiled


def test_a_policy_set_of_before_there_was_slack_is_still_read() -> None:
    import json

    raw = json.loads(COMPILED.to_json())
    del raw["channels"]
    assert CedarPolicy(CompiledPolicy.from_json(json.dumps(raw))).slack_channel(LEDGER, "x") == ""


def test_the_channels_as_shipped_are_those_of_the_fake_workspace() -> None:
    workspace = yaml.safe_load((ROOT / "local/slack/workspace.yaml").read_text(encoding="utf-8"))
    members = {each["id"]: each["members"] for each in workspace["channels"]}
    named = {POLICY.slack_channel(r.resource_id, r.domain) for r in POLICY.resources()}
    named.add(POLICY.slack_operators)
    assert all("pambot" in members[channel] for channel in named)


def swap(old: str, new: str) -> Callable[[], str]:
    assert old in HERE
    return lambda: HERE.replace(old, new, 1)


FAULTS = {
    "a name in place of an id": (swap("C0CORE", "core-approvals"), "core-approvals", "by its id"),
    "a user": (swap("C0CORE", "U0BOB00001"), "U0BOB00001", "by its id"),
    "a domain without a resource": (
        swap("bank-core:", "bank-cor:"),
        "bank-cor:",
        "bank-cor",
    ),
    "a resource that there is not": (
        swap("core-ledger-admin:", "core-ledger:"),
        "core-ledger:",
        "there is no resource 'core-ledger'",
    ),
    "a key that there is not": (swap("operators:", "operator:"), "operator:", "no such key"),
    "nothing": (swap("operators: C0OPS", "domain: {}"), "domain: {}", "no such key"),
    "a number": (swap("C0OPS", "4711"), "4711", "in quotes"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    section, marker, said = FAULTS[case]
    with pytest.raises(PolicyError) as fault:
        with_slack(tmp_path, section())
    text = (tmp_path / "policy" / "catalogue.yaml").read_text(encoding="utf-8")
    lines = text[: text.index("slack:") + len(section())].splitlines()
    line = next(n for n in range(len(lines), 0, -1) if marker in lines[n - 1])
    assert f"catalogue.yaml:{line}: " in str(fault.value)
    assert said in str(fault.value)
