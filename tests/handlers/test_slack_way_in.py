"""Two ways lead in: what Slack has signed, and the route of the socket's host. Nothing else."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pam.domain.messages import UnknownEvent
from pam.ports.calls import RequestIdUsed
from pam.slack import actions
from tests.fakes.story import UAT
from tests.fakes.world import FakeCalls
from tests.handlers.slack_scene import (
    SECRET,
    SOCKET_ROLE,
    Json,
    Scene,
    as_base64,
    gateway_event,
    scene,
    signature,
)

__all__ = ["scene"]

LARGEST = 64 * 1024
STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


def click(scene: Scene) -> tuple[str, Json]:
    """A right one: a session, and the call that votes on it."""
    session = scene.story.request("alice", UAT)
    pressed = scene.pressed("bob", actions.APPROVE, session.session_id)
    return session.session_id, scene.http_call("interactive", pressed)


def with_headers(event: Json, **headers: Any) -> Json:
    """`None` takes one away; a list sends it several times."""
    several = dict(event["multiValueHeaders"])
    for name, value in headers.items():
        proper = {"stamp": STAMP, "signature": SIGNATURE}[name]
        several.pop(proper)
        if value is not None:
            several[proper] = value if isinstance(value, list) else [value]
    return event | {"multiValueHeaders": several, "headers": {k: v[-1] for k, v in several.items()}}


def signed_at(event: Json, seconds: str, secret: str = SECRET) -> Json:
    return with_headers(
        event, stamp=seconds, signature=signature(secret, seconds, event["body"].encode())
    )


def now_in(scene: Scene) -> int:
    return int(scene.story.now.timestamp())


FORGED = {
    "no signature": lambda e, now: with_headers(e, signature=None),
    "an empty one": lambda e, now: with_headers(e, signature=""),
    "no time": lambda e, now: with_headers(e, stamp=None),
    "a time that is none": lambda e, now: signed_at(e, "soon"),
    "a time in other digits": lambda e, now: signed_at(e, str(now).translate({48: 0x660})),
    "another secret": lambda e, now: signed_at(e, str(now), "another secret"),
    "the empty secret": lambda e, now: signed_at(e, str(now), ""),
    "five minutes ago": lambda e, now: signed_at(e, str(now - 301)),
    "in five minutes": lambda e, now: signed_at(e, str(now + 302)),
    "of another body": lambda e, now: e | {"body": e["body"].replace("approve", "Approve")},
    "of another time": lambda e, now: with_headers(e, stamp=str(now + 1)),
    "a second one beside it": lambda e, now: with_headers(
        e, signature=[e["headers"][SIGNATURE], "v0=" + "0" * 64]
    ),
    "of another version": lambda e, now: with_headers(
        e, signature=e["headers"][SIGNATURE].replace("v0=", "v1=")
    ),
    "in capitals": lambda e, now: with_headers(e, signature=e["headers"][SIGNATURE].upper()),
    "base64 that is none": lambda e, now: e | {"isBase64Encoded": True, "body": "%%%"},
}


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.guarantee("G11")
def test_what_slack_has_not_signed_does_nothing_and_is_not_read(
    scene: Scene, calls: FakeCalls, forged: str
) -> None:
    session_id, event = click(scene)
    reply = scene.answered(FORGED[forged](event, now_in(scene)))
    assert reply.status in {400, 401}
    assert reply.payload == {}
    assert scene.session(session_id).votes == ()
    assert scene.slack.calls == []
    assert scene.told.jobs == []
    assert calls.noted == {}
    # The very same call, as Slack signs it, is a vote.
    assert scene.answered(event).status == 200
    assert len(scene.session(session_id).votes) == 1


def test_a_body_in_base64_is_read_as_it_was_signed(scene: Scene) -> None:
    session_id, event = click(scene)
    assert scene.answered(as_base64(event)).status == 200
    assert len(scene.session(session_id).votes) == 1


def test_headers_count_in_any_case(scene: Scene) -> None:
    session_id, event = click(scene)
    lowered = {name.lower(): value for name, value in event["multiValueHeaders"].items()}
    assert scene.answered(event | {"multiValueHeaders": lowered}).status == 200
    assert len(scene.session(session_id).votes) == 1


@pytest.mark.parametrize("encoded", [False, True])
def test_64_kilobytes_are_read_and_no_byte_more(scene: Scene, encoded: bool) -> None:
    bare = json.dumps({"type": "url_verification", "challenge": "c", "pad": ""})
    fits = bare.replace('"pad": ""', f'"pad": "{"a" * (LARGEST - len(bare))}"')
    assert len(fits) == LARGEST
    for body, status in ((fits, 200), (fits.replace('"a', '"aa', 1), 413)):
        event = scene.signed(body)
        reply = scene.answered(as_base64(event) if encoded else event)
        assert reply.status == status
        assert reply.payload == ({"challenge": "c"} if status == 200 else {})


def test_an_address_is_verified_only_for_slack(scene: Scene) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "is it you"})
    assert scene.answered(scene.signed(body)).payload == {"challenge": "is it you"}
    unsigned = gateway_event("/slack/events", body, {"Content-Type": "application/json"})
    assert scene.answered(unsigned).status == 401
    by_socket = scene.socket_call("events_api", json.loads(body))
    assert scene.answered(by_socket).payload == {}


def test_a_call_sent_again_within_five_minutes_does_nothing(scene: Scene) -> None:
    """Whoever recorded it cannot change it, and what it asks for is known by its key."""
    typed = scene.http_call(
        "slash_commands", scene.typed("alice", f"{UAT} 30m the ledger is stuck")
    )
    assert "session" in scene.answered(typed).text
    replayed = json.loads(json.dumps(typed))
    replayed["requestContext"]["extendedRequestId"] = "another call of the gateway"
    scene.story.later(minutes=4)
    assert scene.answered(replayed).payload == {}
    assert len(scene.story.store.open_now("alice").sessions) == 1


ROLES = {
    "nobody": None,
    "another role": "arn:aws:sts::000000000000:assumed-role/pam-test-slack-socket2/task",
    "a user of that name": "arn:aws:iam::000000000000:user/pam-test-slack-socket",
    "a session of that name": "arn:aws:sts::000000000000:assumed-role/a/pam-test-slack-socket",
    "the bare name": "pam-test-slack-socket",
    "no session": "arn:aws:sts::000000000000:assumed-role/pam-test-slack-socket",
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.guarantee("G11")
def test_only_the_sockets_host_comes_by_the_sockets_route(scene: Scene, role: str) -> None:
    session = scene.story.request("alice", UAT)
    pressed = scene.pressed("bob", actions.APPROVE, session.session_id)
    assert scene.answered(scene.socket_call("interactive", pressed, ROLES[role])).status == 403
    assert scene.session(session.session_id).votes == ()
    assert scene.answered(scene.socket_call("interactive", pressed, SOCKET_ROLE)).status == 200
    assert len(scene.session(session.session_id).votes) == 1


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", '"a"', "{}", '{"type": "interactive"}', "{", "[" * 5000, '{"payload": {}}'],
)
def test_an_envelope_that_is_none_is_told_so(scene: Scene, body: str) -> None:
    event = scene.socket_call("interactive", {}) | {"body": body}
    assert scene.answered(event).status == 400


def test_a_call_of_the_sockets_route_that_names_no_caller_is_refused_and_noted(
    scene: Scene, calls: FakeCalls
) -> None:
    """The gateway names one, or says that there is none; whoever calls past it may say nothing."""
    event = scene.socket_call("slash_commands", scene.typed("alice", "help"))
    del event["requestContext"]["identity"]["userArn"]
    assert scene.answered(event).status == 403
    assert [call.principal for call in calls.unmatched(10)] == ["-"]


def test_no_signature_of_slacks_opens_the_sockets_route(scene: Scene) -> None:
    session = scene.story.request("alice", UAT)
    pressed = scene.pressed("bob", actions.APPROVE, session.session_id)
    body = json.dumps({"type": "interactive", "payload": pressed})
    assert scene.answered(scene.signed(body, "/slack/socket")).status == 403
    assert scene.session(session.session_id).votes == ()


@pytest.mark.guarantee("G11")
def test_every_call_that_slack_signed_is_noted_with_what_was_answered(
    scene: Scene, calls: FakeCalls
) -> None:
    _, event = click(scene)
    scene.answered(event)
    scene.answered(scene.socket_call("events_api", {"type": "x"}))
    by_http, by_socket = calls.noted.values()
    assert (by_http.door, by_http.principal, by_http.path) == (
        "slack_door",
        "-",
        "/v1/slack/interactions",
    )
    assert (by_socket.principal, by_socket.path) == (SOCKET_ROLE, "/v1/slack/socket")


def test_a_request_id_that_was_used_is_not_the_gateways(scene: Scene, calls: FakeCalls) -> None:
    session_id, event = click(scene)
    scene.answered(event)
    again = {**event, "requestContext": dict(event["requestContext"])}
    with pytest.raises(RequestIdUsed):
        scene.answered(again)
    assert list(calls.noted.values())[-1].again
    assert len(scene.session(session_id).votes) == 1


def test_a_call_that_cannot_be_noted_is_not_handled(scene: Scene, calls: FakeCalls) -> None:
    session_id, event = click(scene)
    calls.down = True
    with pytest.raises(ConnectionError):
        scene.answered(event)
    assert scene.session(session_id).votes == ()


@pytest.mark.parametrize("event", [None, {}, [], {"Records": []}, {"requestContext": {}}])
def test_what_is_no_call_of_the_gateway_is_noted_to_be_told(
    scene: Scene, calls: FakeCalls, event: Any
) -> None:
    with pytest.raises(UnknownEvent):
        scene.door(event)
    assert [call.again for call in calls.noted.values()] == ["no-call"]


def test_a_route_that_is_none_of_slacks_is_no_call_of_this_gateway(
    scene: Scene, calls: FakeCalls
) -> None:
    _, event = click(scene)
    for route in ("/slack/other", "/pam/revoke"):
        with pytest.raises(UnknownEvent):
            scene.door(event | {"resource": route})
    assert [call.again for call in calls.noted.values()] == ["no-call"] * 2


ANY_HEADERS = st.dictionaries(
    st.sampled_from([STAMP, SIGNATURE, STAMP.lower(), "Content-Type", "X"]),
    st.one_of(st.text(max_size=80), st.just("v0=" + "0" * 64), st.just("1772366400")),
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(body=st.binary(max_size=300), headers=ANY_HEADERS, encoded=st.booleans())
@example(body=b"\xff\xfe{", headers={STAMP: "-1", SIGNATURE: "v0="}, encoded=False)
def test_whatever_comes_unsigned_is_turned_away_and_never_a_fault_of_pams(
    scene: Scene, body: bytes, headers: dict[str, str], encoded: bool
) -> None:
    text = base64.b64encode(body).decode() if encoded else body.decode("latin-1")
    event = gateway_event("/slack/interactions", text, headers) | {"isBase64Encoded": encoded}
    assert scene.answered(event).status in {400, 401}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "team", "user", "id", "actions", "view", "event", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(payload=JSON, kind=st.sampled_from(["block_actions", "view_submission", "event_callback"]))
def test_whatever_slack_signs_is_answered_and_nobody_acts_by_what_is_not_understood(
    scene: Scene, payload: Any, kind: str
) -> None:
    whole = {**payload, "type": kind} if isinstance(payload, dict) else payload
    route = "events_api" if kind == "event_callback" else "interactive"
    for way in ("http", "socket"):
        assert scene.deliver(route, whole, way).status == 200
    assert scene.story.store.open_now("bob").sessions == ()
