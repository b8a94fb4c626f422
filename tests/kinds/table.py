"""The row of the toy kind, the table with it, and a catalogue that lends some doors."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import pytest

from pam.domain import kinds
from pam.domain.kinds import KINDS, Deadlines, Kind, LeaseForm, Need, SignIn
from pam.policy.compiled import CompiledPolicy
from pam.policy.compiler import load

ROOT = Path(__file__).resolve().parent.parent.parent
BADGE = Kind(
    name="door-badge",
    folder="tests.kinds.badge",
    names={"site": "{site}", "door": "{door}"},
    kept=frozenset({"portal"}),
    lease=LeaseForm.SIGNIN,
    sign_in=SignIn(url="{portal}", instructions="Hold your badge to the door {door} of {site}."),
    deadlines=Deadlines(
        making=timedelta(minutes=9), ending=timedelta(seconds=40), stuck=timedelta(minutes=5)
    ),
    needs={"portal": frozenset({Need.READ_LOG})},
)
VAULT, VAULT_UAT, VAULT_DEV = "vault-door", "vault-door-uat", "vault-door-dev"
STORE_DEV = "store-door-dev"
_LENT = {
    VAULT: ("prod", "vault"),
    VAULT_UAT: ("uat", "vault"),
    VAULT_DEV: ("dev", "vault"),
    STORE_DEV: ("dev", "store"),
}
"""By resource: environment and door. Three of them lend one door."""
_ENTRY = """
  - id: {id}
    title: The {door}
    description: Whoever has this may pass the door.
    environment: {environment}
    domain: bank-core
    issuer: {{kind: door-badge, site: north, door: {door}, portal: "https://doors.example/"}}
"""


@contextmanager
def with_badges() -> Iterator[None]:
    """The table with one row more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinds, "KINDS", MappingProxyType({**KINDS, BADGE.name: BADGE}))
        yield


def catalogue(more: str = "") -> CompiledPolicy:
    """The repository's own catalogue, and the doors."""
    with TemporaryDirectory() as folder:
        policy = Path(folder) / "policy"
        shutil.copytree(ROOT / "policy", policy)
        path = policy / "catalogue.yaml"
        doors = [
            _ENTRY.format(id=name, environment=environment, door=f"{door}-{environment}")
            for name, (environment, door) in _LENT.items()
        ]
        text = path.read_text(encoding="utf-8") + "".join(doors) + more
        path.write_text(text, encoding="utf-8")
        return _as_lent(load(policy, ROOT / "local" / "identities.yaml"))


def _as_lent(compiled: CompiledPolicy) -> CompiledPolicy:
    """The compiler lets no door be lent under two environments. These tests do, so that one door is
    asked for by each of the rules.
    """
    resources = (
        replace(each, issuer={**each.issuer, "door": _LENT[each.resource_id][1]})
        if each.resource_id in _LENT
        else each
        for each in compiled.resources
    )
    return replace(compiled, resources=tuple(resources))
