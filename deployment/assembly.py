"""The stacks of an environment, as the CDK CLI wrote them: which, where, and in which order."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_STACK = "aws:cloudformation:stack"
_ANY_ACCOUNT = "unknown-account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """`account` is empty where the configuration names none: whoever deploys it says which.
    `path` is how the CLI selects it. `bootstrap` is the version that it needs, 0 for none.
    """

    name: str
    path: str
    account: str
    region: str
    protected: bool
    bootstrap: int
    file: Path

    @property
    def template(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return document

    def belongs_to(self, account: str) -> bool:
        return self.account in {"", account}


def read_assembly(folder: Path) -> tuple[Stack, ...]:
    """Every stack, each after those that it depends on."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    artifacts = manifest["artifacts"]
    order = TopologicalSorter({key: it.get("dependencies", ()) for key, it in artifacts.items()})
    return tuple(
        _stack(folder, artifacts[key])
        for key in order.static_order()
        if artifacts.get(key, {}).get("type") == _STACK
    )


def resources(stack: Stack, kind: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """Logical id and properties of each."""
    for name, resource in stack.template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _stack(folder: Path, artifact: dict[str, Any]) -> Stack:
    properties = artifact["properties"]
    place = urlsplit(artifact["environment"])
    account, region = place.netloc, place.path.strip("/")
    return Stack(
        name=properties["stackName"],
        path=artifact["displayName"],
        account="" if account == _ANY_ACCOUNT else account,
        region=region,
        protected=bool(properties.get("terminationProtection")),
        bootstrap=int(properties.get("requiresBootstrapStackVersion", 0)),
        file=folder / properties["templateFile"],
    )
