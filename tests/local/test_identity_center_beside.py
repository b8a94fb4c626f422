"""Which Identity Center stands beside a stack, and how the app comes to know it."""

from pathlib import Path

import pytest

from local import companions, identity_center_beside, slack_beside
from local.beside import BesideError
from local.stack import StackError, up
from local.state import State

SERVICE = identity_center_beside.SERVICE
BASE = "http://127.0.0.1:9999/identity-center/"
TAKEN = {
    "http://127.0.0.1:9999": BASE,
    "http://127.0.0.1:9999/": BASE,
    "http://127.0.0.1:9999/identity-center": BASE,
    f" {BASE} ": BASE,
    "http://localhost:9999": "http://localhost:9999/identity-center/",
}
REFUSED = [
    "https://sso.us-east-1.amazonaws.com",
    "https://127.0.0.1:9999",
    "http://10.0.0.1:9999",
    "http://127.0.0.1.evil.example:9999",
    "http://127.0.0.1:9999@evil.example/identity-center/",
    "http://me@127.0.0.1:9999/identity-center/",
    "http://[::]:9999",
    "http://[::1",
    "http://0.0.0.0:9999",
    "http://127.0.0.1",
    "http://127.0.0.1:port",
    "127.0.0.1:9999",
    "file:///etc/passwd",
    "http://127.0.0.1:9999/api/",
]


@pytest.mark.parametrize("said", TAKEN)
def test_an_address_of_this_machine_takes_the_fakes_place(said: str) -> None:
    assert SERVICE.given({SERVICE.variable: said}) == TAKEN[said]


@pytest.mark.parametrize("said", REFUSED)
def test_any_other_address_is_refused_and_nothing_is_started(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BesideError, match=SERVICE.variable):
        SERVICE.given({SERVICE.variable: said})
    monkeypatch.setenv(SERVICE.variable, said)
    with pytest.raises(StackError, match=SERVICE.variable):
        up(tmp_path / "stack", tell=lambda _: None)
    assert not (tmp_path / "stack").exists()


def test_what_takes_its_place_is_taken_as_it_is_and_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVICE.variable, "http://127.0.0.1:9999")
    state = State(tmp_path)
    beside = identity_center_beside.start(state, "http://127.0.0.1:1")
    assert beside.about() == {"url": BASE}
    assert beside.process is None
    with pytest.raises(BesideError, match="no Identity Center of its own"):
        identity_center_beside.control_of(state)


OURS = {"url": BASE, "control_url": "http://127.0.0.1:9999/control/"}
OTHER = {"url": "http://127.0.0.1:9998/identity-center/"}


def test_a_stack_is_taken_up_again_only_with_the_one_that_is_meant_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {SERVICE.variable: OTHER["url"]}
    monkeypatch.setattr(companions, "running", lambda _: False)
    assert SERVICE.runs(OTHER, tmp_path, other)
    assert not SERVICE.runs(OTHER, tmp_path, {})
    assert not SERVICE.runs(None, tmp_path, {})
    assert not SERVICE.runs(OURS, tmp_path, {})
    monkeypatch.setattr(companions, "running", lambda _: True)
    assert SERVICE.runs(OURS, tmp_path, {})
    assert not SERVICE.runs(OURS, tmp_path, other)


def test_no_address_in_the_configuration_is_part_of_anothers() -> None:
    """Each is put in place as text, wherever it stands."""
    texts = [SERVICE.unplaced, slack_beside.SERVICE.unplaced]
    assert SERVICE.unplaced == "http://127.0.0.1:9/identity-center/"
    assert not any(one in other for one in texts for other in texts if one is not other)
