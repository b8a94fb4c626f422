"""Tokens: bound to this process, kept in memory, and nowhere else to be seen."""

import gc
import logging
import traceback
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from local.okta.faults import Faults
from pam.okta.errors import Locked, Refused
from pam.okta.transport import Reply
from tests.okta.world import ALICE, GROUP, ISSUER, REVOKER, AppKey, World, ending, session_of

HOUR = 3600


@pytest.fixture
def world() -> World:
    return World()


def asked_for(world: World) -> list[dict[str, list[str]]]:
    return [parse_qs(body.decode()) for _, url, _, body in world.transport.sent if "token" in url]


def test_a_token_is_renewed_after_four_fifths_of_its_life(world: World) -> None:
    world.organisation().group_type(GROUP)
    for passed, tokens in ((0.79 * HOUR, 0), (0.02 * HOUR, 1), (0.7 * HOUR, 0), (0.2 * HOUR, 1)):
        world.later(passed)
        with world.counted() as asked:
            world.organisation().group_type(GROUP)
        assert asked.count("token") == tokens


def test_the_very_first_request_has_a_proof(world: World) -> None:
    """One without leaves a failed sign-in in Okta's log."""
    world.organisation().group_type(GROUP)
    assert all(headers.get("DPoP") for _, _, headers, _ in world.transport.sent)
    assert [body for _, _, _, body in world.transport.sent if b"client_secret" in body] == []


def test_each_process_asks_by_itself(world: World) -> None:
    world.organisation().group_type(GROUP)
    world.restart()
    with world.counted() as asked:
        world.organisation().group_type(GROUP)
    assert "token" in asked


def test_each_app_asks_for_what_it_needs_and_only_when_it_does(world: World) -> None:
    session = world.made(end_sessions="true")
    lend = "okta.groups.manage okta.groups.read okta.users.read"
    assert {each["scope"][0] for each in asked_for(world)} == {lend, "okta.roles.read"}
    world.transport.sent.clear()
    world.revoker.unmake(ending(session), world.clock())
    assert {each["scope"][0] for each in asked_for(world)} == {lend, "okta.users.manage"}


def test_a_token_that_anybody_could_use_is_not_used(world: World) -> None:
    for app in world.okta.directory.apps.values():
        app.dpop = False
    world.transport.meddle = lambda _m, _u, reply: Reply(
        status=reply.status,
        headers=reply.headers,
        body=reply.body.replace(b'"DPoP"', b'"Bearer"'),
    )
    with pytest.raises(Refused, match="demand DPoP"):
        world.organisation().group_type(GROUP)
    assert not [url for _, url, _, _ in world.transport.sent if "/api/" in url]


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"access_token": "", "token_type": "DPoP", "expires_in": 3600}',
        b'{"access_token": "a\\r\\nX: y", "token_type": "DPoP", "expires_in": 3600}',
        b'{"access_token": 7, "token_type": "DPoP", "expires_in": 3600}',
        b'{"access_token": "t", "token_type": "DPoP"}',
        b'{"access_token": "t", "token_type": "DPoP", "expires_in": -1}',
        b'{"access_token": "t", "token_type": "DPoP", "expires_in": 1e9}',
    ],
)
def test_an_answer_without_a_token_is_none(world: World, body: bytes) -> None:
    told = {"content-type": "application/json"}
    world.transport.meddle = lambda *_: Reply(status=200, headers=told, body=body)
    with pytest.raises((Locked, Refused)):
        world.organisation().group_type(GROUP)


@pytest.mark.parametrize("key", ["another", "kid"])
def test_an_assertion_by_another_key_gets_no_token(world: World, key: str) -> None:
    (known,) = world.okta.directory.apps[ISSUER].keys
    if key == "kid":
        known["kid"] = "other"
    else:
        world.key._key = AppKey()._key
    with pytest.raises(Refused, match="invalid_client"):
        world.organisation().group_type(GROUP)


def test_an_error_of_the_token_endpoint_is_told_by_its_name_alone(world: World) -> None:
    told = {"content-type": "application/json"}
    body = b'{"error": "<b>x", "error_description": "call +1 555"}'
    world.transport.meddle = lambda *_: Reply(status=400, headers=told, body=body)
    with pytest.raises(Refused) as fault:
        world.organisation().group_type(GROUP)
    assert fault.value.says == "Okta gives PAM no token: status 400"


class Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=0)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(logging.Formatter().format(record))


@pytest.fixture
def logged() -> Iterator[list[str]]:
    handler, root = Everything(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(0)
    yield handler.said
    root.removeHandler(handler)
    root.setLevel(before)


def secrets_of(world: World) -> set[str]:
    found = set(world.okta.tokens.grants)
    for _, _, headers, body in world.transport.sent:
        found.add(headers["DPoP"])
        found |= set(parse_qs(body.decode()).get("client_assertion", []))
    assert len(found) > 5
    return found


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.guarantee("G8")
def test_no_token_assertion_or_proof_is_in_a_log_a_text_or_an_error(
    world: World, logged: list[str]
) -> None:
    session = world.made(end_sessions="true")
    said = [repr(world.apis), repr(world.organisation()), repr(world.notes)]
    faults: list[dict[str, object]] = [
        {"errors": {"*": [500, 99]}},
        {"errors": {"*": [403, 99]}},
        {"errors": {"*": [401, 99]}},
        {"limited": {"*": 99}, "reset_in": 500.0},
        {"down": True},
        {"answer_lost": {"*": 99}},
        {"slow": {"*": 99.0}},
        {"token_down": True},
    ]
    for fault in faults:
        world.okta.faults.turn(Faults().as_json())
        world.later(HOUR)
        for app in (ISSUER, REVOKER):
            world.organisation(app).user(ALICE)
        world.okta.faults.turn(fault)
        for act in (
            lambda: world.issuer.make(session_of(), world.clock()),
            lambda: world.revoker.unmake(ending(session), world.clock()),
        ):
            with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is
                act()
            for error in chain(raised.value):
                said += [repr(error), str(error), repr(vars(error)), repr(error.args)]
            said += traceback.format_exception(raised.value)
    text = "\n".join([*said, *logged])
    assert not [secret for secret in secrets_of(world) if secret in text]


def test_nothing_that_is_kept_shows_a_secret_of_itself(world: World) -> None:
    world.made()
    gc.collect()
    shown = [
        repr(each) for each in gc.get_objects() if type(each).__module__.startswith("pam.okta")
    ]
    assert len(shown) > 5
    hidden = secrets_of(world)
    assert not [text for text in shown if any(secret in text for secret in hidden)]
