"""What `slack` in cdk.json may say, and what the person who wrote something else is told."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pam.domain.channels import Channels
from pam.names import SLACK_API_URL
from stacks.config import ConfigError, DeployConfig, load_config
from stacks.config_checks import check_slack
from stacks.slack_config import SlackConfig, SlackMode, doubts_of
from stacks.synthesis import ROOT, build, new_app
from tests.fakes.story import COMPILED
from tests.stacks.conftest import EVERYTHING_ON

NETWORK = {"vpc_subnet_ids": ["subnet-1"], "vpc_security_group_ids": ["sg-1"]}
EMULATED = {"account": "000000000000"}
BESIDE = "http://127.0.0.1:8123/api/"


def load(slack: object, **other: Any) -> DeployConfig:
    return load_config("x", {"x": {"region": "eu-west-1", "slack": slack, **other}})


def test_what_is_not_said_is_no_slack() -> None:
    assert not load({}).slack.on
    config = load_config("x", {"x": {"region": "eu-west-1"}})
    assert config.slack == SlackConfig()
    assert config.slack.api_url == SLACK_API_URL == "https://slack.com/api/"
    shipped = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]
    for name in ("dev", "uat", "prod"):
        assert not load_config(name, shipped).slack.on


def test_each_way_in_is_a_switch_of_its_own() -> None:
    both = load({"modes": ["socket", "http"], "team_ids": ["T0BANK"]}).slack
    assert (both.by_socket, both.by_http) == (True, True)
    assert both.modes == (SlackMode.SOCKET, SlackMode.HTTP)
    one = load({"modes": ["http"], "enterprise_ids": ["E0BANK"], "commands": ["/ask"]}).slack
    assert (one.by_socket, one.by_http, one.commands) == (False, True, ("/ask",))


@pytest.mark.parametrize(
    ("slack", "told"),
    [
        (None, "environments.x.slack: must be an object, not None"),
        ([], "environments.x.slack: must be an object, not []"),
        ({"mode": ["http"]}, "environments.x.slack: unknown key 'mode'"),
        ({"modes": "http"}, "slack.modes must be a list of texts, not 'http'"),
        ({"modes": ["events"]}, "slack.modes must be of socket, http, not 'events'"),
        ({"modes": ["http", "http"], "team_ids": ["T1"]}, "slack.modes must name each once"),
        ({"modes": ["http"]}, "slack.team_ids must name a team"),
        ({"modes": ["http"], "team_ids": []}, "slack.team_ids must name a team"),
        ({"modes": ["http"], "team_ids": ["E0BANK"]}, "slack.team_ids must be ids of teams"),
        ({"modes": ["http"], "team_ids": ["bank"]}, "slack.team_ids must be ids of teams"),
        ({"enterprise_ids": ["T0BANK"]}, "slack.enterprise_ids must be ids of enterprises"),
        ({"modes": ["http"], "team_ids": ["T1"], "commands": []}, "slack.commands must name one"),
        ({"commands": ["jit"]}, "slack.commands must be commands in lower case with their slash"),
        ({"commands": ["/Jit"]}, "slack.commands must be commands in lower case with their slash"),
        ({"commands": ["/jit,/x"]}, "slack.commands must be commands in lower case"),
        ({"commands": [f"/c{n}" for n in range(11)]}, "slack.commands must be at most 10"),
        ({"reactions": "yes"}, "slack.reactions must be a bool, not 'yes': write true or false"),
        ({"api_url": 5}, "slack.api_url must be a str, not 5: write it in quotes"),
        ({"api_url": "https://evil.example/api/"}, "slack.api_url must be a loopback address"),
        ({"api_url": "http://127.0.0.1.evil.example:1/api/"}, "must be a loopback address"),
        ({"api_url": "http://127.0.0.1:1/other/"}, "must be a loopback address"),
        ({"api_url": "http://127.0.0.1:port/api/"}, "must be a loopback address"),
        ({"api_url": "https://127.0.0.1:1/api/"}, "must be a loopback address"),
    ],
)
def test_a_fault_of_slack_is_told_in_one_line_that_names_the_place(
    slack: object, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(slack)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_sockets_host_needs_a_network_to_run_in() -> None:
    slack = {"modes": ["socket"], "team_ids": ["T0BANK"]}
    with pytest.raises(ConfigError, match=r"vpc_subnet_ids and vpc_security_group_ids"):
        check_slack(load(slack))
    with pytest.raises(ConfigError, match=r"slack.socket_image must name"):
        check_slack(load(slack, **NETWORK))
    check_slack(load(slack, **EMULATED))
    check_slack(load({"modes": ["http"], "team_ids": ["T0BANK"]}))


@pytest.mark.parametrize("account", [None, "111111111111"])
def test_another_slack_is_refused_for_every_deployment_but_the_local_stacks(
    account: str | None,
) -> None:
    slack = {"modes": ["http"], "team_ids": ["T0BANK"], "api_url": BESIDE}
    with pytest.raises(ConfigError, match=r"slack.api_url is for the local stack alone"):
        check_slack(load(slack, account=account))
    check_slack(load(slack, **EMULATED))
    assert load({"api_url": ""}).slack.api_url == SLACK_API_URL


@pytest.mark.parametrize(
    ("modes", "channels", "told"),
    [
        (["http"], {}, True),
        (["socket", "http"], {"operators": "C0OPS"}, True),
        (["http"], {"domains": {"bank-elsewhere": "C0CORE"}}, True),
        (["http"], {"domains": {"bank-core": "C0CORE"}}, False),
        (["http"], {"resources": {"core-ledger-admin": "C0CORE"}}, False),
        ([], {}, False),
    ],
)
def test_where_requests_would_be_posted_nowhere_that_is_told(
    modes: list[str], channels: dict[str, Any], told: bool
) -> None:
    slack = load({"modes": modes, "team_ids": ["T0BANK"]}).slack
    policy = replace(COMPILED, channels=Channels(**channels))
    assert ["names no channel" in each for each in doubts_of(slack, policy)] == [True] * told


def test_whoever_deploys_is_warned_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", folder)
    catalogue = folder / "catalogue.yaml"
    before, _, after = catalogue.read_text().partition("\nslack:\n")
    catalogue.write_text(before + "\n\n" + after.partition("\n\n")[2])
    app = new_app("prod", environments={"prod": EVERYTHING_ON | {"policy_dir": str(folder)}})
    told = [str(each.data) for each in build(app).node.metadata]
    assert any("names no channel" in each for each in told)
