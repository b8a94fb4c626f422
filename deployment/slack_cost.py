"""What it costs, idle, to be in Slack by each way in: the same deployment with it and without."""

import json
from collections.abc import Mapping
from typing import Any

from deployment.cost import Template

Templates = Mapping[str, Template]

NONE = "none"
WAYS: Mapping[str, tuple[str, ...]] = {
    NONE: (),
    "http": ("http",),
    "socket": ("socket",),
    "both": ("socket", "http"),
}
_ACCOUNT = "111111111111"
_SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:pam/{env}/slack/app-token-AbCdEf"  # noqa: S105


def by_mode(env_name: str) -> Mapping[str, Templates]:
    """`env_name` of cdk.json, by each of `WAYS`."""
    return {way: synthesised(env_name, way) for way in WAYS}


def synthesised(env_name: str, way: str) -> Templates:
    """What a way needs and cdk.json does not name is made up: names cost nothing."""
    from stacks.synthesis import ROOT, build, new_app, templates

    project: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    environment = project["context"]["environments"][env_name]
    region = environment["region"]
    made_up = {
        "team_ids": ["T0MADEUP"],
        "socket_image": f"{_ACCOUNT}.dkr.ecr.{region}.amazonaws.com/pam@sha256:{'0' * 64}",
        "socket_vpc_id": "vpc-00000000000000000",
        "socket_token_arn": _SECRET.format(region=region, account=_ACCOUNT, env=env_name),
    }
    network = {"vpc_subnet_ids": ["subnet-00000000"], "vpc_security_group_ids": ["sg-00000000"]}
    settings = network | environment
    settings["slack"] = made_up | environment.get("slack", {}) | {"modes": list(WAYS[way])}
    app = new_app(env_name, environments={env_name: settings})
    build(app)
    return templates(app)
