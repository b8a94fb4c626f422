"""Whom a session is about at Okta: an id that is listed or noted, never a mail address."""

import pytest

from pam.domain.errors import IssuerUnavailable, Unreached
from pam.domain.lifecycle import Status
from tests.okta.world import ALICE, DAVE, FINN, World, ending, session_of


@pytest.fixture
def world() -> World:
    return World()


def test_the_listed_id_counts_and_no_name_is_looked_for(world: World) -> None:
    world.user_ids = {"alice": DAVE}
    world.made()
    assert world.members() == {DAVE}
    asked = [url for _, url, _, _ in world.transport.sent]
    assert not [url for url in asked if "alice" in url]


@pytest.mark.parametrize("listed", ["alice@bank.example", "alice", "00unobody00000000001"])
def test_a_listed_id_that_is_no_id_is_nobody(world: World, listed: str) -> None:
    """Okta finds a user by a name as well, and would say yes."""
    world.user_ids = {"alice": listed}
    with pytest.raises(Unreached, match=r"no user|no id"):
        world.made()


def test_who_is_not_listed_is_found_once_by_the_name_they_sign_in_with(world: World) -> None:
    session = world.made()
    by_name = [url for _, url, _, _ in world.transport.sent if "alice%40bank.example" in url]
    assert len(by_name) == 1
    world.issuer.make(session_of(), world.clock())
    assert world.issuer.stands(session)
    world.revoker.unmake(ending(session), world.clock())
    assert [url for _, url, _, _ in world.transport.sent if "alice%40" in url] == by_name


def test_the_beginning_of_a_name_is_not_the_name(world: World) -> None:
    """Okta takes `alice` for alice@bank.example as long as nobody else is called so."""
    world.login = "{person}"
    with pytest.raises(Unreached, match="to the letter"):
        world.made()
    assert world.members() == set()


@pytest.mark.parametrize(
    ("login", "same"),
    [
        ("Alice@Bank.Example", True),
        ("al\u0131ce@bank.example", False),
        ("alice@bank.example.evil", False),
    ],
)
def test_names_are_the_same_but_for_the_case_of_ascii_letters(
    world: World, login: str, same: bool
) -> None:
    world.okta.directory.users[ALICE].login = login
    if same:
        world.made()
        return
    with pytest.raises(Unreached):
        world.made()


def test_of_two_users_with_a_name_neither_is_taken(world: World) -> None:
    world.okta.directory.users[FINN].login = "ALICE@bank.example"
    with pytest.raises(Unreached):
        world.made()


@pytest.mark.parametrize("person", ["..", ".", "", "a/b", "a/../../groups", "a\nb", "a?b=c", "a#b"])
def test_no_name_leads_to_another_call(world: World, person: str) -> None:
    world.login = "{person}"
    with pytest.raises(Unreached):
        world.issuer.make(session_of(person), world.clock())
    paths = {url.removeprefix("https://bank.okta.com") for _, url, _, _ in world.transport.sent}
    assert all(path.startswith(("/oauth2/v1/token", "/api/v1/users/a%")) for path in paths), paths


@pytest.mark.parametrize("status", ["\u202eEVITCA", "<b>ACTIVE</b>", "A" * 100_000, "active"])
def test_what_others_wrote_is_shown_as_what_it_is_and_cut(world: World, status: str) -> None:
    world.okta.directory.users[ALICE].status = status
    with pytest.raises(Unreached) as told:
        world.made()
    assert "\u202e" not in told.value.detail
    assert len(told.value.detail) < 500
    assert told.value.detail.isprintable()


def test_looking_notes_nothing_so_nobody_decides_by_it_whose_the_session_is(world: World) -> None:
    """Whoever may ask whether access stands could ask of a session that was tampered with."""
    world.issuer.stands(session_of("dave"))
    assert world.notes.notes == {}
    world.made("alice")
    assert world.members() == {ALICE}


def test_what_an_end_takes_is_what_was_noted(world: World) -> None:
    """Whatever the session says by then."""
    session = world.made()
    world.put(DAVE)
    changed = ending(session_of("dave", status=Status.ACTIVE, session_id=session.session_id))
    world.revoker.unmake(changed, world.clock())
    assert world.members() == {DAVE}


def test_a_user_who_is_deleted_before_they_are_made_a_member_fails_the_session(
    world: World,
) -> None:
    real = world.transport.send

    def deleted_meanwhile(method: str, url: str, **given: object) -> object:
        if method == "PUT":
            world.okta.directory.delete_user(ALICE)
        return real(method, url, **given)  # type: ignore[arg-type]

    world.transport.send = deleted_meanwhile  # type: ignore[method-assign, assignment]
    with pytest.raises(IssuerUnavailable):
        world.made()
    receipt = world.revoker.unmake(session_of(status=Status.REVOKING), world.clock())
    assert "not at Okta any more" in receipt.evidence
