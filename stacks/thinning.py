"""Takes out of installed packages what no function loads, and out of botocore's data what a first
call would wait for.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stacks.bundle_contents import BOTO_CALLS, kept_calls

_PROSE_IN = frozenset({"operations", "shapes"})
"""The parts of a model whose prose nothing reads; of others botocore reads some."""
_ENDPOINTS_OF = tuple({"stepfunctions": "states"}.get(name, name) for name in BOTO_CALLS)
"""The same, as the table of endpoints names them."""
_UNUSED = (
    "**/__pycache__",
    "**/tests",
    "bin",
    # Routers, parsers and batches of events: a gateway's call has been routed when it comes, and
    # all other events are PAM's own.
    "aws_lambda_powertools/event_handler",
    *(
        f"aws_lambda_powertools/utilities/{name}"
        for name in (
            "batch",
            "data_classes",
            "data_masking",
            "feature_flags",
            "idempotency",
            "kafka",
            "parameters",
            "parser",
            "serialization",
            "streaming",
            "validation",
        )
    ),
    # Of Slack's client the Web API is called, and nothing else.
    *(
        f"slack_sdk/{name}"
        for name in ("audit_logs", "oauth", "rtm", "rtm_v2", "scim", "signature", "socket_mode")
    ),
    "slack_sdk/web/async_*",
    "slack_sdk/web/legacy_*",
)
_NOTES_THAT_STAY = frozenset({"METADATA", "RECORD"})
"""Some packages ask METADATA for their own version; by RECORD bundles are made."""


_DOCS_THAT_STAY = frozenset({"utils.py"})
_NO_DOCSTRINGS = """\
class ClientMethodDocstring(str):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)


PaginatorDocstring = WaiterDocstring = ClientMethodDocstring
"""
"""In the place of what writes a client's docstrings from the prose of its model, which is gone."""


def thin_out(folder: Path) -> None:
    for models in (folder / "botocore" / "data",):
        for entry in models.iterdir() if models.is_dir() else ():
            if entry.is_dir() and entry.name not in BOTO_CALLS:
                shutil.rmtree(entry)
    _thin_out_data(folder / "botocore" / "data")
    _leave_out_docs(folder / "botocore" / "docs")
    for pattern in _UNUSED:
        for entry in sorted(folder.glob(pattern)):
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    for note in sorted(folder.glob("*.dist-info/**/*")):
        if note.is_file() and note.name not in _NOTES_THAT_STAY:
            note.unlink()
    (folder / ".lock").unlink(missing_ok=True)


def _thin_out_data(data: Path) -> None:
    """Of botocore's data, what a first call waits for: it is read at each cold start. Models lose
    the calls that nobody makes, the prose and the inner compression; the table of endpoints, a
    megabyte, keeps the services that are called. A service that it does not have is found by the
    rules beside it.
    """
    for packed in sorted(data.rglob("*.json.gz")):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
    for name in ("examples-1.json", "waiters-2.json"):
        for unused in sorted(data.rglob(name)):
            unused.unlink()
    for model in sorted(data.rglob("*.json")):
        content = json.loads(model.read_bytes())
        if model.name == "service-2.json":
            _keep_calls(content, kept_calls(model.relative_to(data).parts[0]))
        content |= {part: _without_prose(content[part]) for part in _PROSE_IN & set(content)}
        if model == data / "endpoints.json":
            for partition in content["partitions"]:
                named = partition["services"]
                partition["services"] = {
                    name: named[name] for name in _ENDPOINTS_OF if name in named
                }
        # Never into the file itself: it may be linked to the installer's cache, and to each
        # environment that was made from it.
        model.unlink()
        model.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def _keep_calls(model: dict[str, Any], calls: tuple[str, ...]) -> None:
    """And the shapes that these speak of."""
    kept = {name: model["operations"][name] for name in calls if name in model["operations"]}
    shapes: dict[str, Any] = {}
    wanted = list(_shapes_of(kept))
    while wanted:
        name = wanted.pop()
        if name not in shapes and name in model["shapes"]:
            shapes[name] = model["shapes"][name]
            wanted += _shapes_of(shapes[name])
    model |= {"operations": kept, "shapes": dict(sorted(shapes.items()))}


def _shapes_of(value: Any) -> Iterator[str]:
    """A reference is a map with the name of a shape."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from _shapes_of(inner)


def _leave_out_docs(docs: Path) -> None:
    """Each client would load them at each cold start, to say nothing."""
    if not docs.is_dir():
        return
    for part in sorted(docs.iterdir()):
        if part.is_dir():
            shutil.rmtree(part)
        elif part.name not in _DOCS_THAT_STAY:
            part.unlink()
    (docs / "__init__.py").write_text("", encoding="utf-8")
    (docs / "docstring.py").write_text(_NO_DOCSTRINGS, encoding="utf-8")


def _without_prose(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_prose(inner)
            for name, inner in value.items()
            if not (name == "documentation" and isinstance(inner, str))
        }
    return [_without_prose(each) for each in value] if isinstance(value, list) else value
