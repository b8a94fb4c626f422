"""Where the emulator's ECS differs from AWS's; see `__init__.py`.

It takes services and says that they run, and runs nothing. The stack runs them beside it
(`local/socket_host.py`), with the credentials of their task role.
"""

import json
from hashlib import sha256
from typing import Any

from local.bridges.patching import existing

_TASKS, _SESSION = "ecs-tasks.amazonaws.com", "task"


def build_all() -> None:
    a_task_has_credentials_of_its_role()


def credentials_of(role_arn: str) -> dict[str, str]:
    """What a task in this role finds in its environment."""
    digest = sha256(f"task:{role_arn}".encode()).hexdigest()
    return {
        "AWS_ACCESS_KEY_ID": f"ASIA{digest[:16].upper()}",
        "AWS_SECRET_ACCESS_KEY": sha256(f"secret:{digest}".encode()).hexdigest(),
        "AWS_SESSION_TOKEN": sha256(f"token:{digest}".encode()).hexdigest(),
    }


def a_task_has_credentials_of_its_role() -> None:
    """In AWS the agent assumes the task's role and hands its credentials to the container. Here
    they come with the role, as soon as it is made: of each one that lets tasks in.
    """
    from ministack.services import sts
    from ministack.services.cloudformation import provisioners

    handlers = existing(provisioners, "_RESOURCE_HANDLERS")["AWS::IAM::Role"]
    create = handlers["create"]
    register = existing(sts, "register_session")

    def create_role(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        made = create(logical_id, properties, stack)
        _, attributes = made
        if _TASKS in json.dumps(properties.get("AssumeRolePolicyDocument")):
            role = attributes["Arn"]
            account, name = role.split(":")[4], role.rpartition("/")[2]
            keys = credentials_of(role)
            session = {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{_SESSION}",
                "UserId": f"{name}:{_SESSION}",
                "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
                "SessionToken": keys["AWS_SESSION_TOKEN"],
            }
            register(keys["AWS_ACCESS_KEY_ID"], session)
        return made

    handlers["create"] = create_role
