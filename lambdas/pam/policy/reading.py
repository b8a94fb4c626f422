"""The files under `policy/` as text and as models; each fault is one line that says what to do."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pam.domain import kinds
from pam.policy.compiled import PolicyError
from pam.policy.yaml_lines import LocatedYaml

_Model = TypeVar("_Model", bound=BaseModel)
_PLAIN = {"extra_forbidden": "no such key", "missing": "is required"}
_CONTAINERS = frozenset({"dict_type", "list_type", "model_type", "model_attributes_type"})
_READ_AS = {int: "a number", float: "a number", bool: "yes or no"}


def read_text(path: Path) -> str:
    """Without the byte order mark that some editors put at the beginning. Raises PolicyError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        message = f"{path}:1: the file does not exist"
        raise PolicyError(message) from None
    except UnicodeDecodeError:
        message = f"{path}:1: the file is not UTF-8 text; save it as UTF-8"
        raise PolicyError(message) from None
    except OSError as error:
        message = f"{path}:1: the file cannot be read: {error.strerror}"
        raise PolicyError(message) from None


def read_model(path: Path, model: type[_Model]) -> tuple[_Model, LocatedYaml]:
    """Raises PolicyError for the first fault."""
    try:
        document = LocatedYaml.parse(read_text(path))
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        message = f"{path}:{line}: {fault.problem}"
        raise PolicyError(message) from None
    if not isinstance(document.data, dict):
        found = "is empty" if document.data is None else "has no keys at its top"
        keys = ", ".join(name for name, field in model.model_fields.items() if field.is_required())
        message = f"{path}:1: the file {found}; it has to have {keys}"
        raise PolicyError(message)
    try:
        return model.model_validate(document.data), document
    except ValidationError as fault:
        errors: list[Any] = fault.errors()
    # A misspelt key is unknown and its right spelling missing: the first says what to mend.
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    where = ".".join(str(part) for part in first["loc"] if part not in kinds.KINDS)
    message = f"{path}:{document.line(first['loc'])}: {where}: {_told(first, document)}"
    raise PolicyError(message)


def _told(error: dict[str, Any], document: LocatedYaml) -> str:
    if error["type"] == "string_type":
        return _not_text(error["input"], document.scalar(error["loc"]))
    if error["type"] in _CONTAINERS and error["input"] is None:
        return "has nothing in it"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return str(_PLAIN.get(error["type"], error["msg"]))


def _not_text(value: object, written: str | None) -> str:
    """YAML takes 111122223333 for a number, 000123456701 for one in octal, and `no` for false."""
    if value is None:
        return "has nothing in it"
    if written is None:
        return "is text, and nothing that has parts"
    read_as = _READ_AS.get(type(value), "a date")
    return f'put it in quotes, "{written}": without them YAML reads it as {read_as}'
