"""What callers of a stack are given of its people: in `local.json`, and as files of the AWS CLI."""

import configparser
import io
from typing import Any

from local.aws import ACCOUNT, REGION, ROOT_KEYS
from local.people import Profile
from local.state import State, write_private


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
