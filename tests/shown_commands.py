"""Commands as pages show them, read as their tools would read them, without running any.

`aws` is read against botocore's models, from which the AWS CLI makes its commands; `make` against
the Makefile; `pam` by its own parser. Each gives the faults in words, none if there are none.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import click
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from typer.main import get_command

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("aws", "make", "pam", "cdk")
_GLOBAL = {"profile", "region", "query", "output", "no-cli-pager", "endpoint-url", "debug"}
_FLAGS = {"no-cli-pager"}
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_]+")
"""What the reader fills in."""


def shown(text: str) -> Iterator[str]:
    """Of code in the running text and of fenced blocks, whatever begins with a tool's name."""
    fenced = re.findall(r"^```([a-z]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks = [block for language, block in fenced if language in {"", "sh", "bash"}]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *re.findall(r"`([^`\n]+)`", plain)]:
        command = re.sub(r"\s+#\s.*$", "", line.strip())
        tool, _, rest = command.partition(" ")
        if tool in TOOLS and rest:
            yield re.sub(r"\s+", " ", command)


def faults(command: str) -> list[str]:
    words = shlex.split(command)
    read = {"aws": _aws, "make": _make, "pam": _pam, "cdk": _cdk}[words[0]]
    return [f"{command}: {fault}" for fault in (*_changed(command), *read(words[1:]))]


def _changed(command: str) -> Iterator[str]:
    """What a shell makes something else of: braces with a comma, patterns of file names."""
    bare = re.sub(r"""'[^']*'|"[^"]*\"""", "", command)
    for found in re.findall(r"\S*(?:\{\S*,\S*\}|[*?\[])\S*", bare):
        yield f"{found}: a shell changes it without quotes"


@cache
def _session() -> Any:
    return botocore.session.Session()


def _aws(words: list[str]) -> Iterator[str]:
    service, operation, *rest = [*words, "", ""][: max(2, len(words))]
    try:
        model = _session().get_service_model("s3" if service == "s3api" else service)
    except UnknownServiceError:
        yield f"no service {service}"
        return
    named = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in named:
        yield f"{service} has no {operation}"
        return
    shape = model.operation_model(named[operation]).input_shape
    members = {_option(service, name): it for name, it in shape.members.items()} if shape else {}
    given = dict(
        _options(rest, {name for name, it in members.items() if it.type_name == "boolean"})
    )
    if None in given:
        yield f"{given[None]}: an option is expected"
    for name, values in given.items():
        if name in members:
            yield from _value(name, members[name], values)
        elif name is not None and name not in _GLOBAL:
            yield f"{operation} has no --{name}"
    required = {_option(service, name) for name in (shape.required_members if shape else ())}
    if missing := sorted(required - given.keys()):
        yield f"{operation} needs --{missing[0]}"


def _option(service: str, member: str) -> str:
    """The AWS CLI has another word where its own `--endpoint-url` could be meant."""
    name = xform_name(member, "-")
    return "notification-endpoint" if (service, name) == ("sns", "endpoint") else name


def _options(words: list[str], booleans: set[str]) -> Iterator[tuple[str | None, list[str]]]:
    """Each option with its values; under None what stands where an option should."""
    at = 0
    while at < len(words):
        if not words[at].startswith("--"):
            yield None, [words[at]]
            return
        name, values = words[at].removeprefix("--"), []
        at += 1
        while at < len(words) and not words[at].startswith("--"):
            values.append(words[at])
            at += 1
        negated = name.removeprefix("no-")
        yield (negated if negated in booleans else name), values


def _value(name: str, shape: Any, values: list[str]) -> Iterator[str]:
    if not values and shape.type_name != "boolean":
        yield f"--{name} needs a value"
    for value in values:
        if value.startswith(("{", "[")):
            try:
                json.loads(value)
            except ValueError:
                yield f"--{name} {value}: no JSON"
            continue
        if "=" in value and _takes_a_document(shape, value):
            yield f"--{name} {value}: the AWS CLI takes a document as JSON only"
        kinds = _enumeration(shape, value)
        if kinds and value not in kinds and not _PLACEHOLDER.fullmatch(value):
            yield f"--{name} {value}: one of {', '.join(sorted(kinds))}"
        if value.startswith("file://docs/") and not (ROOT / value.removeprefix("file://")).exists():
            yield f"--{name} {value}: no such file"


def _enumeration(shape: Any, value: str) -> list[str]:
    if shape.type_name == "list":
        shape = shape.member
    return list(getattr(shape, "enum", ())) if "=" not in value else []


def _takes_a_document(shape: Any, value: str) -> bool:
    """Whether what is named in shorthand holds a value of any form."""
    names = re.findall(r"(\w+)=", value)
    while shape.type_name == "structure" and names:
        shape = shape.members.get(names.pop(0), shape)
        documents = [it for it in getattr(shape, "members", {}).items() if _is_document(it[1])]
        if any(name in names for name, _ in documents):
            return True
    return False


def _is_document(shape: Any) -> bool:
    return bool(getattr(shape, "is_document_type", False))


@cache
def make_targets() -> frozenset[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))


def _make(words: list[str]) -> Iterator[str]:
    targets = [word for word in words if "=" not in word]
    for target in targets:
        if target not in make_targets():
            yield f"no target {target}"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in (word.partition("=")[0] for word in words if "=" in word):
        if f"$({name})" not in makefile and f"$(if $({name})" not in makefile:
            yield f"the Makefile knows no {name}"


@cache
def _pam_command() -> click.Command:
    from cli.main import app

    return get_command(app)


_ONE_OF = {("audit", "export"): ("--from", "--session"), ("audit", "report"): ("--from",)}
"""What a command asks for beside its parser."""


def _pam(words: list[str]) -> Iterator[str]:
    """Down to the command, and its options by name; values are the command's own business."""
    for command, options in _ONE_OF.items():
        if set(command) <= set(words) and not set(options) & set(words) and len(words) > 2:
            yield f"{' '.join(command)} needs {' or '.join(options)}"
    yield from _parsed(words)


def _parsed(words: list[str]) -> Iterator[str]:
    command: Any = _pam_command()
    options = _named(command)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return
        if word.startswith("-"):
            option = options.get(word.partition("=")[0])
            if option is None:
                yield f"no option {word}"
                return
            if not option.is_flag and "=" not in word and rest:
                rest.pop(0)
        elif hasattr(command, "commands"):
            if word not in command.commands:
                yield f"no command {word}"
                return
            command = command.commands[word]
            options = {**options, **_named(command)}


def _named(command: Any) -> Mapping[str, Any]:
    return {
        name: it
        for it in command.params
        if it.param_type_name == "option"
        for name in (*it.opts, *it.secondary_opts)
    }


_CDK = {"bootstrap": {"--app", "--trust", "--cloudformation-execution-policies", "--profile"}}


def _cdk(words: list[str]) -> Iterator[str]:
    """The CDK CLI has no parser to ask: these of its commands are shown, with these options."""
    known = _CDK.get(words[0])
    if known is None:
        yield f"cdk {words[0]} is not among {', '.join(_CDK)}"
        return
    for word in words[1:]:
        if word.startswith("-") and word not in known:
            yield f"no option {word}"
