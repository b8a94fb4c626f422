"""What others say of policies, and which of it is excepted (`.opinions.yaml`)."""

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from stacks.synthesis import ROOT

_EXCEPTIONS = ROOT / ".opinions.yaml"
_PYTHON = ROOT / ".pam" / "opinions" / "bin" / "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`kind`: `identity`, `trust` or `resource`."""

    name: str
    kind: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    tool: str
    policy: str
    issue: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excepted:
    tool: str
    issue: str
    what: str
    where: str = ""
    reason: str

    def covers(self, finding: Finding) -> bool:
        return (
            (finding.tool, finding.issue) == (self.tool, self.issue)
            and re.fullmatch(self.what, finding.detail) is not None
            and re.search(self.where, finding.policy) is not None
        )


def findings(asked: Iterable[Asked]) -> list[Finding]:
    """By both tools, in the environment that `make setup` makes for them."""
    told = [{"name": it.name, "kind": it.kind, "document": it.document} for it in asked]
    assert told, "nothing to ask about"
    done = subprocess.run(
        [_PYTHON, ROOT / "gates" / "policy_opinions.py"],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Finding(**each) for each in json.loads(done.stdout)]


def exceptions() -> list[Excepted]:
    return [Excepted(**each) for each in yaml.safe_load(_EXCEPTIONS.read_text(encoding="utf-8"))]


def faults(found: Iterable[Finding]) -> list[Finding]:
    """Those that nothing excepts."""
    excepted = exceptions()
    return [each for each in found if not any(one.covers(each) for one in excepted)]
