"""What the proofs cost: the way from the last approval to credentials, with them and without.

The functions on that way are given a bundle in which every proof is made of nothing and holds, for
a while and on the benchmark's own stack; then their own again. What is measured is the same else.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import urllib3

from local.cast import Cast

_ON_THE_WAY = ("activate_session", "issue_credentials", "request_api")
_UNASKED = {
    "pam/aws/macs.py": """
class KmsSigner:
    def __init__(self, *_): pass
    def sign(self, statement): return "A" * 43 + "="
class KmsVerifier:
    def __init__(self, *_): pass
    def verify(self, signed): return tuple(True for _ in signed)
""",
    "pam/operations/prove_session.py": """
def check_not_over(*_): pass
def check_granted(*_): pass
""",
}
"""The first takes the place of what is there, the second is added to it."""


def with_and_without(
    cast: Cast, measure: Callable[[], list[float]], warm_up: Callable[[], object]
) -> tuple[list[float], list[float]]:
    """Seconds with the proofs and without, each in two parts, so that a machine that grows slower
    or faster meanwhile does so for both.
    """
    asked, unasked = measure(), []
    with _without_proofs(cast):
        warm_up()
        unasked += measure()
    warm_up()
    asked += measure()
    with _without_proofs(cast):
        warm_up()
        unasked += measure()
    warm_up()
    return asked, unasked


@contextmanager
def _without_proofs(cast: Cast) -> Iterator[None]:
    client = cast.person("root").client("lambda")
    bundles = {name: _bundle(client, name) for name in _deployed(client)}
    try:
        for name, bundle in bundles.items():
            client.update_function_code(FunctionName=name, ZipFile=_changed(bundle))
        yield
    finally:
        for name, bundle in bundles.items():
            client.update_function_code(FunctionName=name, ZipFile=bundle)


def _deployed(client: Any) -> list[str]:
    wanted = {f"{handler}.handler" for handler in _ON_THE_WAY}
    listed = client.list_functions()["Functions"]
    return [each["FunctionName"] for each in listed if each["Handler"] in wanted]


def _bundle(client: Any, name: str) -> bytes:
    where = client.get_function(FunctionName=name)["Code"]["Location"]
    return bytes(urllib3.request("GET", where, timeout=30).data)


def _changed(bundle: bytes) -> bytes:
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle)) as there,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as here,
    ):
        for entry in there.infolist():
            content = there.read(entry)
            if entry.filename in _UNASKED:
                kept = content if entry.filename.startswith("pam/operations") else b""
                content = kept + _UNASKED[entry.filename].encode()
            here.writestr(entry, content)
    return changed.getvalue()
