"""The API's description, generated from the routes of the functions that serve it.

`python -m documents.openapi` prints it; `docs/openapi.json` is what it printed last, and a test
holds that it still would.
"""

import importlib
import json
from collections.abc import Callable
from inspect import signature
from typing import Annotated, Any, get_args

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi import params

from pam.domain.problems import codes_by_status
from pam.edge.problems import PROBLEM_JSON, Problem
from pam.edge.reading import Place, Sent, sent_parameters
from pam.edge.routes import Route, Routes

FUNCTIONS = ("request_api", "issue_credentials")
_DESCRIPTION = (
    "Just-in-time privileged access. Every call is signed with AWS SigV4 for the service "
    "`execute-api`; the signer is the caller. Errors are application/problem+json (RFC 9457) "
    "with a stable `code`."
)


def document() -> dict[str, Any]:
    """One OpenAPI document over all functions behind the API; the address comes from SSM."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "PAM (MOD-046)", "version": "1", "description": _DESCRIPTION},
        "security": [{"sigv4": []}],
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {
                "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header"}
            },
        },
    }
    for name in FUNCTIONS:
        app = _resolver(importlib.import_module(name).routes)
        schema = app.get_openapi_schema(title="PAM", version="1")
        part = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
        merged["paths"] |= part["paths"]
        merged["components"]["schemas"] |= part["components"]["schemas"]
    for operations in merged["paths"].values():
        for operation in operations.values():
            # The library adds its own error shape; what is answered is the problem document.
            if "HTTPValidationError" in json.dumps(operation["responses"].get("422", "")):
                del operation["responses"]["422"]
    for unused in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        merged["components"]["schemas"].pop(unused, None)
    merged["paths"] = dict(sorted(merged["paths"].items()))
    merged["components"]["schemas"] = dict(sorted(merged["components"]["schemas"].items()))
    return merged


def _resolver(routes: Routes) -> APIGatewayRestResolver:
    """The same routes as Powertools takes them, which writes OpenAPI of them."""
    app = APIGatewayRestResolver(enable_validation=True)
    for route in routes:
        rule = route.path.replace("{", "<").replace("}", ">")
        answers = {route.status: {"description": route.said}, **_PROBLEMS}
        app.route(rule, route.method, responses=answers)(_described(route))
    return app


def _described(route: Route) -> Callable[..., Any]:
    """A function of that signature, in Powertools' words; nobody calls it."""

    def described() -> None:
        raise NotImplementedError

    given = signature(route.answer)
    sent = [
        parameter.replace(annotation=_annotated(parameter.annotation, beside))
        for parameter, beside in sent_parameters(route.answer)
    ]
    described.__name__ = route.answer.__name__
    described.__signature__ = given.replace(parameters=sent)  # type: ignore[attr-defined]
    return described


def _annotated(annotation: Any, sent: Sent) -> Any:
    kind, *beside = get_args(annotation)
    rules = [each for each in beside if each is not sent]
    told = _PLACES[sent.place](alias=sent.name) if sent.name else _PLACES[sent.place]()
    return Annotated[kind, *rules, told]


_PLACES: dict[Place, Callable[..., Any]] = {
    Place.PATH: params.Path,
    Place.QUERY: params.Query,
    Place.HEADER: params.Header,
    Place.BODY: params.Body,
}
_PROBLEMS: dict[int, Any] = {
    status.value: {
        "description": " or ".join(part for part in (", ".join(codes[:-1]), codes[-1]) if part),
        "content": {PROBLEM_JSON: {"model": Problem}},
    }
    for status, codes in codes_by_status().items()
}


def render() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(render(), end="")
