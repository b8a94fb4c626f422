"""Which Slack stands beside a stack, and how the app comes to know it."""

import json
from pathlib import Path

import pytest

from local import assemblies, slack_beside
from local.slack_beside import SlackError, given, is_wanted
from local.stack import StackError, up
from local.state import ROOT

LOCAL = json.loads((ROOT / "cdk.json").read_text())["context"]["environments"]["local"]["slack"]

TAKEN = {
    "http://127.0.0.1:9999": "http://127.0.0.1:9999/api/",
    "http://127.0.0.1:9999/": "http://127.0.0.1:9999/api/",
    "http://127.0.0.1:9999/api": "http://127.0.0.1:9999/api/",
    "http://127.0.0.1:9999/api/": "http://127.0.0.1:9999/api/",
    " http://localhost:9999/api/ ": "http://localhost:9999/api/",
}
REFUSED = [
    "https://slack.com/api/",
    "http://slack.com",
    "http://10.0.0.1:9999",
    "http://127.0.0.1.evil.example:9999/api/",
    "http://127.0.0.1:9999@evil.example/api/",
    "http://evil.example:80/?x=127.0.0.1",
    "http://[::]:9999/api/",
    "http://0.0.0.0:9999",
    "127.0.0.1:9999",
    "file:///etc/passwd",
    "http://127.0.0.1:9999/another/place",
    "slack",
]


@pytest.mark.parametrize("said", TAKEN)
def test_an_address_of_this_machine_takes_the_fakes_place(said: str) -> None:
    assert given({slack_beside.VARIABLE: said}) == TAKEN[said]


@pytest.mark.parametrize("said", REFUSED)
def test_any_other_address_is_refused_and_nothing_is_started(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SlackError, match=slack_beside.VARIABLE):
        given({slack_beside.VARIABLE: said})
    monkeypatch.setenv(slack_beside.VARIABLE, said)
    with pytest.raises(StackError, match=slack_beside.VARIABLE):
        up(tmp_path / "stack", tell=lambda _: None)
    assert not (tmp_path / "stack").exists()


@pytest.mark.parametrize("said", [{}, {slack_beside.VARIABLE: ""}, {slack_beside.VARIABLE: "  "}])
def test_without_an_address_the_fake_stands_there(said: dict[str, str]) -> None:
    assert given(said) is None


OURS = {"url": "http://127.0.0.1:1/api/", "control_url": "http://127.0.0.1:1/control/"}
OTHER = {"url": "http://127.0.0.1:9999/api/"}


def test_a_stack_is_taken_up_again_only_with_the_slack_that_is_meant_now() -> None:
    other = {slack_beside.VARIABLE: "http://127.0.0.1:9999"}
    assert is_wanted(OURS, {})
    assert not is_wanted(OTHER, {})
    assert is_wanted(OTHER, other)
    assert not is_wanted(OURS, other)
    assert not is_wanted(None, {})


def test_the_address_in_the_configuration_is_the_one_that_a_stack_puts_its_own_in_place_of() -> (
    None
):
    assert LOCAL["api_url"] == slack_beside.UNPLACED
    assert LOCAL["modes"] == ["socket", "http"]


def test_a_stack_deploys_the_kept_assembly_with_its_own_addresses(tmp_path: Path) -> None:
    kept, into = tmp_path / "kept", tmp_path / "own"
    (kept / "app" / "asset.folder").mkdir(parents=True)
    template = {"Variables": {"PAM_SLACK_API_URL": slack_beside.UNPLACED, "other": "text"}}
    (kept / "app" / "x.template.json").write_text(json.dumps(template))
    (kept / "app" / "asset.zip").write_bytes(b"\xff" + slack_beside.UNPLACED.encode())
    (kept / "app" / "asset.folder" / "deep.bin").write_bytes(b"\xfe")
    placed = assemblies.placed(kept, into, {slack_beside.UNPLACED: OTHER["url"]})
    told = json.loads((placed / "app" / "x.template.json").read_text())["Variables"]
    assert told == {"PAM_SLACK_API_URL": OTHER["url"], "other": "text"}
    assert (placed / "app" / "asset.zip").read_bytes() == (kept / "app" / "asset.zip").read_bytes()
    assert (placed / "app" / "asset.folder" / "deep.bin").read_bytes() == b"\xfe"
    assert json.loads((kept / "app" / "x.template.json").read_text()) == template
