"""Callers' policies to paste: what a permission set of another account needs there by name.

`python -m documents.callers` writes `docs/callers/`; a test holds it to the deployed policies.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pam.names import CallerOffice, Parameter, parameter_path
from stacks.caller_calls import caller_policy

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "callers"
PLACEHOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "region": "REGION",
        "account": "PAM_ACCOUNT",
        "api": "API_ID",
        "env": "ENV",
        "callers_account": "CALLERS_ACCOUNT",
    }
)
"""What whoever pastes a policy fills in. The partition, too, where it is another than `aws`."""


def documents() -> dict[str, str]:
    """By the names of the files."""
    words = PLACEHOLDERS
    api = f"arn:aws:execute-api:{words['region']}:{words['account']}:{words['api']}/v1"
    path = parameter_path(words["env"], Parameter.REQUEST_API_ENDPOINT)
    parameter = f"arn:aws:ssm:{words['region']}:{words['callers_account']}:parameter{path}"
    return {
        f"{office}.json": json.dumps(caller_policy(office, api=api, parameter=parameter), indent=2)
        + "\n"
        for office in CallerOffice
    }


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
