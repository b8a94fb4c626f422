"""Requests and answers, held against botocore's own models of the two services."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

Json = dict[str, Any]

SERVICES = ("sso-admin", "identitystore")
_NEEDS_UNICODE_CLASSES = "\\p{"
"""Patterns that Python's `re` cannot read are of display texts alone, and are passed over."""


class WrongAnswerError(AssertionError):
    """This service was about to answer what AWS's model of it does not allow."""


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def operation(service: str, name: str) -> OperationModel | None:
    """None if neither service has such an operation."""
    if service not in SERVICES or name not in model(service).operation_names:
        return None
    return model(service).operation_model(name)


def service_of(target_prefix: str) -> str | None:
    """By the first part of `X-Amz-Target`."""
    found = (it for it in SERVICES if model(it).metadata["targetPrefix"] == target_prefix)
    return next(found, None)


def faults_of_request(asked: OperationModel, params: Json) -> list[str]:
    """What AWS would refuse; empty if all is well."""
    return list(_faults(asked.input_shape, params, ""))


def check_answer(asked: OperationModel, answer: Json) -> None:
    """Raises WrongAnswerError."""
    faults = list(_faults(asked.output_shape, answer, ""))
    if faults:
        message = f"{asked.name} may not answer {answer}: {'; '.join(faults)}"
        raise WrongAnswerError(message)


def check_error(asked: OperationModel, code: str) -> None:
    """Raises WrongAnswerError if AWS's operation has no such error."""
    if code not in {shape.name for shape in asked.error_shapes}:
        message = f"{asked.name} has no {code}"
        raise WrongAnswerError(message)


def _faults(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    if shape is None or getattr(shape, "is_document_type", False):
        return
    fit: bool = isinstance(value, _TYPES[shape.type_name])
    if not fit or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{path or 'this'} must be a {shape.type_name}"
        return
    if shape.type_name == "structure":
        yield from _of_structure(shape, value, path)
    elif shape.type_name == "list":
        yield from _of_size(shape, len(value), path)
        for at, each in enumerate(value):
            yield from _faults(shape.member, each, f"{path}[{at}]")
    elif shape.type_name == "string":
        yield from _of_string(shape, value, path)
    elif shape.type_name in {"integer", "long"}:
        yield from _of_size(shape, value, path)


def _of_structure(shape: Any, value: Json, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name} is required"
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path or 'this'} takes exactly one of {', '.join(shape.members)}"
    for name, each in value.items():
        if name not in shape.members:
            yield f"{path}.{name} is unknown"
            continue
        yield from _faults(shape.members[name], each, f"{path}.{name}")


def _of_string(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _of_size(shape, len(value), path)
    if shape.enum and value not in shape.enum:
        yield f"{path} must be one of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern", "")
    if pattern and _NEEDS_UNICODE_CLASSES not in pattern and not re.fullmatch(pattern, value):
        yield f"{path} must satisfy the pattern {pattern}"


def _of_size(shape: Shape, size: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{path} must be at least {least}"
    if most is not None and size > most:
        yield f"{path} must be at most {most}"


_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "timestamp": (datetime,),
}
