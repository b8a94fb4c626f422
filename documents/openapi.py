"""The API's description, generated from the routes of the functions that serve it.

`python -m documents.openapi` prints it; `docs/openapi.json` is what it printed last, and a test
holds that it still would.
"""

import importlib
import json
from typing import Any

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
        app = importlib.import_module(name).app
        part = json.loads(
            app.get_openapi_schema(title="PAM", version="1").model_dump_json(
                by_alias=True, exclude_none=True
            )
        )
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


def render() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(render(), end="")
