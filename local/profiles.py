"""What callers of a stack are given of its people: in `local.json`, as files of the AWS CLI, and as
variables for a shell.
"""

import configparser
import io
import shlex
import sys
from pathlib import Path
from typing import Any

from local.aws import ACCOUNT, REGION, ROOT_KEYS, root_client
from local.people import Profile
from local.state import State, write_private

_BUCKET = "/bank/local/mod046/demo/core-ledger-admin/bucket"


def profiles_of(people: list[Profile]) -> dict[str, Any]:
    """As `local.json` has them; with the account's own root."""
    profiles: dict[str, Any] = {
        person.name: {
            "principal": person.principal,
            "groups": person.groups,
            "domain": person.domain,
        }
        for person in people
    }
    profiles["root"] = {
        "principal": f"arn:aws:iam::{ACCOUNT}:root",
        "groups": [],
        "domain": None,
    }
    return profiles


def write_aws_files(state: State, people: list[Profile]) -> None:
    config, credentials = configparser.ConfigParser(), configparser.ConfigParser()
    keys = {person.name: (person.access_key_id, person.secret_access_key) for person in people}
    keys["root"] = (ROOT_KEYS["AWS_ACCESS_KEY_ID"], ROOT_KEYS["AWS_SECRET_ACCESS_KEY"])
    for name, (key_id, secret) in keys.items():
        config[f"profile {name}"] = {"region": REGION, "output": "json"}
        credentials[name] = {"aws_access_key_id": key_id, "aws_secret_access_key": secret}
    for path, content in ((state.aws_config, config), (state.aws_credentials, credentials)):
        text = io.StringIO()
        content.write(text)
        write_private(path, text.getvalue())


def write_shell_file(state: State, endpoint: str) -> None:
    """`pam` and Python of this repository on the PATH, the people's credentials, the stack, and the
    bucket that whoever borrows the ledger's role may use.
    """
    bucket = root_client("ssm", endpoint).get_parameter(Name=_BUCKET)["Parameter"]["Value"]
    variables = {
        "AWS_CONFIG_FILE": str(state.aws_config),
        "AWS_SHARED_CREDENTIALS_FILE": str(state.aws_credentials),
        "AWS_ENDPOINT_URL": endpoint,
        "PAM_ENV": "local",
        "LEDGER_BUCKET": str(bucket),
    }
    programs = shlex.quote(str(Path(sys.executable).parent))
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    write_private(state.shell, "".join([f'export PATH={programs}:"$PATH"\n', *lines]))
