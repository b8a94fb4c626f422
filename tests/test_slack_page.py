"""The app's manifest, the page about it, the code and the Slack of the tests are one thing."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.slack.workspace import Workspace
from pam.policy.files import SlackFile
from pam.slack import actions
from pam.slack.deliveries import Other
from pam.slack.incoming import read_envelope
from stacks.slack_config import SlackConfig

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
SOCKET, HTTP = (
    json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
    for name in ("slack-manifest.json", "slack-manifest-http.json")
)
SCOPES: list[str] = SOCKET["oauth_config"]["scopes"]["bot"]
EVENTS: list[str] = SOCKET["settings"]["event_subscriptions"]["bot_events"]
LOCAL = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["local"]["slack"]
WORKSPACE = Workspace()

NEEDED_BY: Mapping[str, tuple[str, ...]] = {
    "auth.test": (),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.info": ("channels:read", "groups:read", "im:read"),
    "conversations.members": ("channels:read", "groups:read"),
    "conversations.open": ("im:write",),
    "users.info": ("users:read", "users:read.email"),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
"""Method of the Web API -> the scopes that its page in Slack's reference names for what PAM asks
for by it.
"""
_METHOD = re.compile(r'"((?:auth|chat|conversations|users|views|reactions|files)\.[a-zA-Z.]+)"')


def table(head: str) -> dict[str, str]:
    """First column -> second, of the page's table with this head; each name in backticks."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    found = {}
    for row in rows:
        names, about = row.strip("|").split("|")[:2]
        found |= dict.fromkeys(re.findall(r"`([^`]+)`", names), about.strip())
    return found


def test_the_page_says_what_each_scope_and_event_is_for() -> None:
    scopes, events = table("scope | what for"), table("event | what for")
    assert sorted(scopes) == sorted(SCOPES)
    assert sorted(events) == sorted(EVENTS)
    assert all(len(about) > 3 for about in [*scopes.values(), *events.values()])


def test_each_scope_is_needed_by_what_pam_calls_and_nothing_it_calls_lacks_one() -> None:
    files = [*(ROOT / "lambdas").rglob("*.py")]
    called = {name for path in files for name in _METHOD.findall(path.read_text(encoding="utf-8"))}
    assert called
    assert called <= NEEDED_BY.keys(), "say which scopes it needs"
    needed = {scope for name in called for scope in NEEDED_BY[name]}
    heard = {"commands", "reactions:read"}
    assert needed | heard == set(SCOPES)


@pytest.mark.parametrize("name", EVENTS)
def test_the_code_understands_each_event_that_the_app_is_sent(name: str) -> None:
    event = {
        "type": name,
        "tab": "home",
        "user": "U0ALICE0001",
        "channel": "C0CORE00001",
        "reaction": "x",
        "item": {"type": "message", "channel": "C0CORE00001", "ts": "1700000000.000100"},
    }
    sent = {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": "T0BANK00001",
        "event": event,
    }
    assert not isinstance(read_envelope("events_api", sent), Other)


def test_whatever_the_slack_of_the_tests_tells_of_is_subscribed_to() -> None:
    source = "".join(
        (ROOT / "local" / "slack" / name).read_text(encoding="utf-8")
        for name in ("acts.py", "changes.py")
    )
    told = set(re.findall(r'"type": "(\w+)"', source)) | set(
        re.findall(r'"((?:channel|group|member)_\w+)"', source)
    )
    told -= {"home", "message", "modal", "channel_type", "group_id"}
    assert told & set(EVENTS)
    assert told <= set(EVENTS) | {"button", "input"}, told - set(EVENTS)


def test_the_slash_commands_are_those_of_the_configuration() -> None:
    listed = [each["command"] for each in SOCKET["features"]["slash_commands"]]
    assert tuple(listed) == SlackConfig().commands


def test_the_shortcut_is_the_one_that_opens_the_form() -> None:
    assert [each["callback_id"] for each in SOCKET["features"]["shortcuts"]] == [actions.REQUEST]


def test_home_and_direct_messages_are_on_and_nobody_writes_to_the_app() -> None:
    home = SOCKET["features"]["app_home"]
    assert home["home_tab_enabled"] is True
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is True


def test_the_two_manifests_differ_in_the_way_alone() -> None:
    addresses = [value for value in _texts(HTTP) if value.startswith("https://")]
    plain = _without_addresses(HTTP)
    plain["settings"]["socket_mode_enabled"] = True
    assert plain == SOCKET
    assert not [value for value in _texts(SOCKET) if value.startswith("https://")]
    base = "https://API_ID.execute-api.REGION.amazonaws.com/STAGE"
    assert base in PAGE
    assert {each.removeprefix(base) for each in addresses} == {
        "/slack/commands",
        "/slack/events",
        "/slack/interactions",
    }


def test_it_stays_within_what_slack_takes() -> None:
    about, features = SOCKET["display_information"], SOCKET["features"]
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-f]{6}", about["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    assert all(len(each["name"]) <= 24 for each in features["shortcuts"])
    assert all(len(each["description"]) <= 150 for each in features["shortcuts"])
    assert all(len(each["description"]) <= 2000 for each in features["slash_commands"])


def test_what_the_page_shows_as_configuration_is_taken() -> None:
    shown = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    taken = SlackConfig.of(json.loads(f"{{{shown[0]}}}")["slack"])
    assert taken.on
    catalogue = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    SlackFile.model_validate(yaml.safe_load(catalogue[0])["slack"])
    assert set(table("field | meaning")) == {field.name for field in fields(SlackConfig)}
    filled_in = {
        "ACCOUNT": "111111111111",
        "REGION": "eu-west-1",
        "DIGEST": "a" * 64,
        "ENV": "prod",
    }
    of_the_socket = re.sub("|".join(filled_in), lambda word: filled_in[word[0]], shown[1])
    taken = SlackConfig.of(json.loads(f"{{{of_the_socket}}}"))
    assert taken.image_source.repository == "pam/slack-socket"
    assert taken.token_secret == ("eu-west-1", "pam/prod/slack/app-token")


def test_the_slack_of_the_tests_is_the_one_that_the_local_stack_is_configured_for() -> None:
    assert LOCAL["team_ids"] == [WORKSPACE.team_id]
    assert LOCAL["enterprise_ids"] == [WORKSPACE.enterprise["id"]]
    slack = yaml.safe_load((ROOT / "policy" / "catalogue.yaml").read_text())["slack"]
    for channel in [slack["operators"], *slack["domains"].values(), *slack["resources"].values()]:
        assert WORKSPACE.bot in WORKSPACE.channels[channel].members, channel


def test_the_local_people_are_listed_by_their_own_accounts() -> None:
    listed = yaml.safe_load((ROOT / "local" / "identities.yaml").read_text())["identities"]
    accounts = {each["principal"]: each["person"] for each in listed if "principal" in each}
    assert accounts
    for principal, person in accounts.items():
        team, _, user = principal.removeprefix("slack:").partition("/")
        assert team == WORKSPACE.team_id
        assert WORKSPACE.users[user].name == person


def test_no_token_stands_in_any_file() -> None:
    token = re.compile(
        rb"xox[abeprs]-[0-9]{8,}-[0-9A-Za-z-]{16,}|xapp-[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-"
    )
    folders = ("cli", "docs", "lambdas", "local", "policy", "services", "stacks", "tests")
    paths = [ROOT / "cdk.json", *(path for name in folders for path in (ROOT / name).rglob("*"))]
    files = [it for it in paths if it.is_file() and "__pycache__" not in it.parts]
    assert len(files) > 100
    assert [path for path in files if token.search(path.read_bytes())] == []


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _without_addresses(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_addresses(each)
            for name, each in value.items()
            if not (isinstance(each, str) and each.startswith("https://"))
        }
    return [_without_addresses(each) for each in value] if isinstance(value, list) else value
