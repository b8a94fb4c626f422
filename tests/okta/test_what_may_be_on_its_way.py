"""A change whose answer was lost may have an effect yet, whatever the next try is told."""

from dataclasses import replace
from typing import Any

import pytest

from pam.aws.clients import AwsThrottled
from pam.domain.errors import IssuerUnavailable, Unreached
from pam.domain.lifecycle import Status
from pam.okta.errors import Unanswered
from tests.okta.world import ALICE, DAVE, World, ending, session_of


@pytest.fixture
def world() -> World:
    return World()


def losing_the_first(world: World, then: dict[str, Any], *, answer: str = "lost") -> None:
    """The first change gets no answer, and what comes after it is refused."""
    real, changes = world.transport.send, [0]

    def send(method: str, url: str, **given: Any) -> Any:
        if method != "PUT" or changes[0]:
            return real(method, url, **given)
        changes[0] += 1
        reply = real(method, url, **given)
        world.okta.faults.turn(then)
        if "token_down" in then:
            world.apis["0oapamissuer00000001"].at("bank.okta.com", world.organisation().budget)
            world.issuer_tokens_forgotten()  # type: ignore[attr-defined]
        if answer == "lost":
            fault = "timed out"
            raise Unanswered(fault)
        return replace(reply, status=503)

    world.transport.send = send  # type: ignore[method-assign]


@pytest.mark.parametrize("answer", ["lost", "503"])
def test_a_limit_after_a_lost_answer_does_not_say_that_nothing_was_done(
    world: World, answer: str
) -> None:
    limited = {"limited": {"assignUserToGroup": 1}, "reset_in": 55.0}
    losing_the_first(world, limited, answer=answer)
    with pytest.raises(IssuerUnavailable):
        world.made()
    assert world.members() == {ALICE}
    world.revoker.unmake(session_of(status=Status.REVOKING), world.clock())
    assert world.members() == set()


@pytest.mark.parametrize("answer", ["lost", "503"])
def test_neither_does_a_token_that_is_not_to_be_had_for_the_next_try(
    world: World, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = world.apis["0oapamissuer00000001"]
    monkeypatch.setattr(world, "issuer_tokens_forgotten", lambda: _forget(connected), raising=False)
    losing_the_first(world, {"token_down": True}, answer=answer)
    with pytest.raises(IssuerUnavailable):
        world.made()
    assert world.members() == {ALICE}


def test_neither_does_a_key_that_signs_nothing_just_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What AWS throttles is to be tried again: but the first try may have an effect yet."""
    connected = world.apis["0oapamissuer00000001"]

    def throttled(_: bytes) -> bytes:
        raise AwsThrottled({"Error": {"Code": "ThrottlingException"}}, "Sign")

    def forgotten() -> None:
        _forget(connected)
        monkeypatch.setattr(world.key, "sign", throttled)

    monkeypatch.setattr(world, "issuer_tokens_forgotten", forgotten, raising=False)
    losing_the_first(world, {"token_down": True})
    with pytest.raises(IssuerUnavailable):
        world.made()
    assert world.members() == {ALICE}


def _forget(api: Any) -> None:
    for _, tokens in api._connected.values():
        tokens._kept.clear()


@pytest.mark.parametrize("listed", [True, False])
def test_a_note_of_another_user_makes_no_access(world: World, listed: bool) -> None:
    """Nothing was made by it yet: whom it names is looked at again."""
    if listed:
        world.user_ids = {"alice": ALICE}
    world.notes.found(session_of(), DAVE, world.clock())
    with pytest.raises(Unreached, match="another user"):
        world.made()
    assert world.members() == set()


def test_who_is_called_otherwise_by_now_is_the_one_of_whom_it_was_made(world: World) -> None:
    session = world.made()
    world.okta.directory.users[ALICE].login = "alice.b@bank.example"
    world.issuer.make(session_of(), world.clock())
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()
