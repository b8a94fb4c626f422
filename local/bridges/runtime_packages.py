"""What Lambda's Python has beside the standard library; see `__init__.py`."""

import contextlib
from importlib.util import find_spec
from pathlib import Path

from local.bridges.patching import BridgeError, existing

_BROUGHT = ("botocore", "dateutil", "jmespath", "six.py", "urllib3")
_SEES_THEM = """\
import os, sys
if not os.path.isdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "code", "botocore")):
    sys.path.append({folder!r})
"""


def build_all(folder: Path) -> None:
    """`folder` is where they are seen."""
    the_runtime_brings_botocore(folder)


def the_runtime_brings_botocore(folder: Path) -> None:
    """PAM's functions bring a botocore of their own, and see no other. Those that bring none get
    this environment's, and nothing else of it. Without it the emulator has none for them.
    """
    from ministack.core import lambda_runtime

    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        message = "botocore is not installed"
        raise BridgeError(message)
    installed = Path(spec.origin).resolve().parent.parent
    folder.mkdir(parents=True, exist_ok=True)
    for name in _BROUGHT:
        with contextlib.suppress(FileExistsError):
            (folder / name).symlink_to(installed / name)
    script = existing(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
    lambda_runtime._PYTHON_WORKER_SCRIPT = _SEES_THEM.format(folder=str(folder)) + script
