"""Services beside AWS that a stack has: fakes of our own, or what stands in their place.

Each has a variable of the environment: an address of this machine in it, set before the stack comes
up, takes the fake's place. Nothing that runs here may reach a real service.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local import companions
from local.process_groups import Started
from local.state import CACHE

LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_READY_WITHIN = 20.0


class BesideError(Exception):
    """There is no such service for this stack; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """`url` is as the service's own clients take it. Of one that is not ours there is no
    `control_url`, and no process.
    """

    url: str
    control_url: str | None
    process: Started | None

    def about(self) -> dict[str, str]:
        """What `local.json` says of it."""
        told = {"url": self.url}
        return told if self.control_url is None else told | {"control_url": self.control_url}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`path`: under which its clients call it; `module`: what runs of ours, which writes where it
    is to the file `about` of its folder, once it listens.
    """

    title: str
    variable: str
    path: str
    module: str
    about: str

    @property
    def unplaced(self) -> str:
        """The address in `cdk.json`, under which nothing listens: each stack puts its own in its
        place.
        """
        return f"http://127.0.0.1:9{self.path}"

    def given(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """The address that is to take the fake's place. Raises BesideError."""
        said = environment.get(self.variable, "").strip()
        if not said:
            return None
        with suppress(ValueError):
            parts = urlsplit(said)
            path = parts.path if parts.path.strip("/") else self.path
            url = f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"
            if self._is_fit(url):
                return url
        needed = "http://127.0.0.1:PORT is needed, an address of this machine"
        message = f"{self.variable}={said}: {needed}"
        raise BesideError(message)

    def is_wanted(self, told: object, environment: Mapping[str, str] = os.environ) -> bool:
        """Whether what `local.json` says of a running stack's one is what would be there now."""
        if not isinstance(told, Mapping):
            return False
        other = self.given(environment)
        return told.get("url") == other if other else "control_url" in told

    def runs(self, told: object, folder: Path, environment: Mapping[str, str] = os.environ) -> bool:
        """Whether it is the wanted one, and if it is ours, still runs."""
        if not isinstance(told, Mapping) or not self.is_wanted(told, environment):
            return False
        return "control_url" not in told or companions.running(folder)

    def start(self, folder: Path, options: Sequence[str]) -> Beside:
        """Ours, once it answers. Raises BesideError."""
        port_file = folder / self.about
        command = [sys.executable, "-m", self.module, "--port-file", str(port_file)]
        process = companions.start(folder, [*command, *options, "--lifeline"], _environment())
        about = self._published(process, folder)
        return Beside(url=about["url"], control_url=about["control_url"], process=process)

    def there(self, folder: Path) -> Path:
        """The file that says where ours is. Raises BesideError where the stack has none."""
        port_file = folder / self.about
        if not port_file.exists():
            message = f"this stack has no {self.title} of its own"
            raise BesideError(message)
        return port_file

    def _is_fit(self, url: str) -> bool:
        """Raises ValueError where it is no address at all."""
        parts = urlsplit(url)
        named = f"{parts.hostname}:{parts.port}"
        ours = parts.scheme == "http" and parts.hostname in LOOPBACK and parts.netloc == named
        return ours and parts.port is not None and parts.path == self.path

    def _published(self, process: Started, folder: Path) -> dict[str, str]:
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and process.process.poll() is None:
            try:
                text = (folder / self.about).read_text(encoding="utf-8")
            except FileNotFoundError:
                time.sleep(0.02)
                continue
            about: dict[str, str] = json.loads(text)
            return about
        told = companions.last_lines(folder)
        message = f"the fake {self.title} did not start; its log ends with:\n{told}"
        raise BesideError(message)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}
