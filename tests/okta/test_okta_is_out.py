"""Okta limits, errs, hangs, or is somebody else: nothing is said that is not so."""

import pytest

from pam.domain.errors import IssuerUnavailable, TryAgain, Unreached
from pam.domain.lifecycle import Status
from pam.okta.transport import Reply
from tests.okta.world import ALICE, GROUP, ISSUER, ORGANISATION, World, ending, session_of

TARGET = session_of().target
HTML = b"<html><title>Sign in to the hotel's network</title></html>"


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.guarantee("G4")
def test_an_end_goes_through_when_the_token_endpoint_is_back_after_an_hour(world: World) -> None:
    session = world.made()
    world.okta.faults.turn({"token_down": True})
    for _ in range(60):
        world.later(60)
        with pytest.raises(IssuerUnavailable, match="no token"):
            world.revoker.unmake(ending(session), world.clock())
        assert world.members() == {ALICE}
    assert world.revoker.sessions_at(TARGET) == [session.session_id]
    world.okta.faults.turn({"token_down": False})
    world.later(60)
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()


@pytest.mark.parametrize("fault", ["down", "token_down"])
def test_an_outage_at_a_start_is_waited_for_and_makes_nothing(world: World, fault: str) -> None:
    world.okta.faults.turn({fault: True})
    for act in (world.issuer.stands, lambda s: world.issuer.make(s, world.clock())):
        with pytest.raises(TryAgain):
            act(session_of())
    assert world.notes.notes == {}
    receipt = world.revoker.unmake(session_of(status=Status.FAILED), world.clock())
    assert "no membership" in receipt.evidence


def test_an_outage_while_it_is_looked_for_is_no_absence(world: World) -> None:
    session = world.made()
    world.okta.faults.turn({"down": True})
    for act in (
        lambda: world.revoker.stands(session),
        lambda: world.revoker.strangers(TARGET, world.clock()),
        lambda: world.revoker.clear_traces(ending(session), world.clock()),
    ):
        with pytest.raises(IssuerUnavailable):
            act()


@pytest.mark.parametrize("operation", ["assignUserToGroup", "getUser", "listGroupRules"])
def test_a_limit_is_waited_out_with_another_proof_and_the_latest_nonce(
    world: World, operation: str
) -> None:
    """By Okta's clock, which is not PAM's."""
    world.okta.faults.turn({"limited": {operation: 2}, "reset_in": 3.0, "clock_ahead": 100.0})
    world.made()
    assert world.okta.refused[f"{operation} 429"] == 2
    assert len(set(world.transport.proofs)) == len(world.transport.proofs)
    limited = [wait for wait in world.clock.waited if wait >= 3]
    assert len(limited) == 2
    assert max(limited) <= 5


def test_a_nonce_that_changes_with_the_limit_is_taken_over(world: World) -> None:
    world.okta.faults.turn({"limited": {"assignUserToGroup": 1}})

    def other_nonce(_method: str, _url: str, reply: Reply) -> Reply:
        if reply.status != 429:
            return reply
        world.okta.proofs.turn_nonce()
        told = {**reply.headers, "dpop-nonce": world.okta.proofs.nonce}
        return Reply(status=429, headers=told, body=reply.body)

    world.transport.meddle = other_nonce
    world.made()
    assert world.okta.refused["assignUserToGroup 429"] == 1
    assert world.okta.refused["assignUserToGroup 400"] == 0, "not even once with the old one"


@pytest.mark.parametrize("status", [400, 401])
def test_a_nonce_that_is_over_costs_one_more_request(world: World, status: int) -> None:
    world.okta.faults.turn({"nonce_status": status})
    session = world.made()
    for _ in range(3):
        world.okta.proofs.turn_nonce()
        assert world.issuer.stands(session)
    assert world.okta.refused[f"listUserGroups {status}"] == 3


def test_a_limit_of_more_than_a_call_may_wait_is_left_to_the_next_one(world: World) -> None:
    world.okta.faults.turn({"limited": {"assignUserToGroup": 1}, "reset_in": 55.0})
    with pytest.raises(TryAgain, match=r"55|56"):
        world.made()
    assert sum(world.clock.waited) < 10, "nothing is waited for in vain"
    session = world.made()
    world.okta.faults.turn({"limited": {"unassignUserFromGroup": 1}})
    with pytest.raises(IssuerUnavailable):
        world.revoker.unmake(ending(session), world.clock())
    world.revoker.unmake(ending(session), world.clock())


def test_starts_leave_a_fifth_of_each_limit_to_ends() -> None:
    world = World(leave=0.2)
    world.okta.faults.turn({"limits": True})
    operation = "listUserGroups"
    session = world.made()
    world.later(120)
    stopped = 0
    for _ in range(1200):
        try:
            assert world.issuer.stands(session_of())
        except TryAgain:
            stopped += 1
    assert stopped >= 395
    assert world.revoker.stands(session), "there is room for an end"
    assert world.okta.refused[f"{operation} 429"] == 0
    world.later(60)
    assert world.issuer.stands(session_of())


@pytest.mark.parametrize("operation", ["assignUserToGroup", "unassignUserFromGroup"])
@pytest.mark.parametrize("knob", ["answer_lost", "errors"])
def test_what_was_not_answered_is_asked_again(world: World, operation: str, knob: str) -> None:
    world.okta.faults.turn({knob: {operation: 2 if knob == "answer_lost" else [503, 2]}})
    session = world.made()
    world.revoker.unmake(ending(session), world.clock())
    assert world.members() == set()
    assert len(set(world.transport.proofs)) == len(world.transport.proofs)


def test_a_membership_that_may_be_on_its_way_is_not_waited_for_as_if_it_were_not(
    world: World,
) -> None:
    """What an end has to know: this call may still have an effect."""
    world.okta.faults.turn({"slow": {"assignUserToGroup": 60.0}})
    with pytest.raises(IssuerUnavailable):
        world.made()
    world.revoker.unmake(session_of(status=Status.REVOKING), world.clock())
    assert world.members() == set()


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_what_okta_will_not_do_is_told_without_its_text(world: World, status: int) -> None:
    world.okta.faults.turn({"errors": {"assignUserToGroup": [status, 9]}})
    hostile = b'{"errorCode": "E0000006", "errorSummary": "\\u202e<b>call +1 555"}'
    world.transport.meddle = lambda _m, _u, reply: (
        Reply(status=status, headers={"content-type": "application/json"}, body=hostile)
        if reply.status == status
        else reply
    )
    with pytest.raises(IssuerUnavailable) as told:
        world.made()
    assert "555" not in told.value.detail
    assert told.value.detail.isprintable()


def html(reply: Reply, status: int) -> Reply:
    del reply
    return Reply(status=status, headers={"content-type": "text/html"}, body=HTML)


@pytest.mark.parametrize("status", [200, 201, 204, 302, 307, 404])
def test_a_page_of_somebody_in_between_is_no_word_of_oktas(world: World, status: int) -> None:
    session = world.made()
    assert world.revoker.stands(session)
    world.transport.meddle = lambda m, _u, reply: (
        html(reply, status) if (m == "DELETE" or status != 204) else reply
    )
    if status == 204:
        world.revoker.unmake(ending(session), world.clock())
        return
    with pytest.raises(IssuerUnavailable):
        world.revoker.unmake(ending(session), world.clock())
    with pytest.raises(IssuerUnavailable):
        world.revoker.stands(session)


def test_a_redirect_is_not_followed(world: World) -> None:
    session = world.made()
    assert world.revoker.stands(session)
    elsewhere = {"location": "https://evil.example/", "content-type": "application/json"}
    world.transport.meddle = lambda *_: Reply(status=302, headers=elsewhere, body=b"{}")
    with pytest.raises(IssuerUnavailable):
        world.revoker.stands(session)
    assert {url.split("/")[2] for _, url, _, _ in world.transport.sent} == {ORGANISATION}


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/v1/groups/x/users?after=1",
        "https://bank.okta.com.evil.example/api/v1/users",
        f"https://{ORGANISATION}/api/v1/users/{ALICE}/lifecycle/delete",
        f"http://{ORGANISATION}/api/v1/groups/{GROUP}/users?after=1",
    ],
)
def test_a_list_goes_on_nowhere_but_at_the_list(world: World, link: str) -> None:
    session = world.made()
    assert world.revoker.stands(session)
    told = {"link": f'<{link}>; rel="next"', "content-type": "application/json"}
    world.transport.meddle = lambda *_: Reply(status=200, headers=told, body=b"[]")
    begin = len(world.transport.sent)
    with pytest.raises(IssuerUnavailable, match="elsewhere"):
        world.revoker.stands(session)
    assert link not in [url for _, url, _, _ in world.transport.sent[begin:]]


def test_a_list_without_end_is_left(world: World) -> None:
    session = world.made()
    assert world.revoker.stands(session)
    url = f"https://{ORGANISATION}/api/v1/users/{ALICE}/groups"
    told = {"link": f'<{url}?after=1>; rel="next"', "content-type": "application/json"}
    world.transport.meddle = lambda *_: Reply(status=200, headers=told, body=b"[]")
    begin = len(world.transport.sent)
    with pytest.raises(IssuerUnavailable, match="to its end"):
        world.revoker.stands(session)
    assert len(world.transport.sent) - begin < 100


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b'{"a":',
        b"[" * 100_000,
        b"[1]",
        b'[{"id": 5}]',
        b'[{"id": "../x"}]',
        b"\xff\xfe",
    ],
)
def test_an_answer_that_okta_never_gives_is_neither_yes_nor_no(world: World, body: bytes) -> None:
    session = world.made()
    assert world.revoker.stands(session)
    told = {"content-type": "application/json"}
    world.transport.meddle = lambda *_: Reply(status=200, headers=told, body=body)
    with pytest.raises(IssuerUnavailable):
        world.revoker.stands(session)
    with pytest.raises((TryAgain, Unreached)):
        world.issuer.make(session_of(session_id="01K0000000000000000000000B"), world.clock())


def test_members_on_many_pages_are_all_found(world: World) -> None:
    world.okta.faults.turn({"page_size": 1})
    for number in range(1, 6):
        world.put(f"00uload{number:013d}")
    session = world.made()
    assert world.revoker.stands(session)
    assert len(world.revoker.strangers(TARGET, world.clock())) == 5
    world.revoker.unmake(ending(session), world.clock())
    assert len(world.members()) == 5


def test_a_token_that_okta_takes_no_more_is_asked_for_anew_once(world: World) -> None:
    session = world.made()
    world.okta.tokens.grants.clear()
    with world.counted() as asked:
        assert world.issuer.stands(session)
    assert asked == ["listUserGroups", "token", "listUserGroups"]
    world.okta.directory.apps[ISSUER].active = False
    with pytest.raises(IssuerUnavailable):
        world.issuer.stands(session)


@pytest.mark.parametrize("status", [200, 201, 202, 302])
def test_a_page_in_place_of_an_answer_ends_no_sessions(world: World, status: int) -> None:
    """There is no read-back of that, so the answer has to be Okta's own."""
    session = world.made(end_sessions="true")
    world.transport.meddle = lambda _m, url, reply: (
        html(reply, status) if "/sessions" in url else reply
    )
    with pytest.raises(IssuerUnavailable):
        world.revoker.unmake(ending(session), world.clock())
    world.transport.meddle = lambda _m, _u, reply: reply
    assert (
        "sessions at Okta are ended"
        in world.revoker.unmake(ending(session), world.clock()).evidence
    )
