"""Which session is meant, where nobody can be asked: ids, beginnings, resources, `last`."""

import json

import pytest

from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, active, session
from tests.cli.fake_sessions import asked_for, asked_of, lists, unconfirmed

ADMIN, SANDBOX = "core-ledger-admin", "core-sandbox-admin"
ACTIVE = active()
"""An active session's own fields; its id is made new."""
OPEN = {name: ACTIVE[name] for name in ("status", "approvals", "activated_at", "expires_at")}


def shown(pam: Pam, typed: str) -> str:
    result = pam("show", typed, "--json")
    assert result.exit_code == 0, result.stderr
    return str(json.loads(result.stdout)["session_id"])


@pytest.mark.parametrize("length", [10, 11, 25, 26])
@pytest.mark.parametrize("spelt", ["upper", "lower"])
def test_a_beginning_of_ten_or_more_is_enough_in_either_case(
    fake: FakeApi, pam: Pam, length: int, spelt: str
) -> None:
    meant = asked_for(3)
    lists(fake, asked_for(2), meant, asked_for(4))
    typed = getattr(meant["session_id"][:length], spelt)()
    assert shown(pam, typed) == meant["session_id"]


def test_a_beginning_is_a_list_of_one_millisecond_and_nothing_else(fake: FakeApi, pam: Pam) -> None:
    meant = asked_for(3)
    lists(fake, meant, asked_for(2))
    shown(pam, meant["session_id"][:12])
    (asked,) = fake.asked
    assert asked.query["since"] == asked.query["until"]


def test_letters_that_no_id_has_are_read_as_what_they_look_like(fake: FakeApi, pam: Pam) -> None:
    lists(fake, session())
    typed = SESSION_ID.replace("1", "I", 1).replace("0", "O")
    assert shown(pam, typed) == SESSION_ID
    fake.on("POST /pam/end", session(status="WITHDRAWN"))
    assert pam("end", f"0l{SESSION_ID[2:]}").exit_code == 0
    assert fake.calls("POST /pam/end")[0].body == {"session_id": SESSION_ID}


def test_two_with_one_beginning_are_both_named_and_a_longer_one_tells_them_apart(
    fake: FakeApi, pam: Pam
) -> None:
    one = asked_for(3, "0000000000000000")
    other = {**asked_of("dave", 3, "0100000000000000", resource=SANDBOX)}
    other["session_id"] = one["session_id"][:10] + "0100000000000000"
    lists(fake, one, other)
    result = pam("show", one["session_id"][:10])
    assert result.exit_code == 2
    for part in (one["session_id"], other["session_id"], ADMIN, SANDBOX, "alice", "dave"):
        assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert shown(pam, other["session_id"][:12]) == other["session_id"]


@pytest.mark.parametrize("verb", ["end", "approve"])
@pytest.mark.parametrize(
    ("typed", "exit_code", "says"),
    [
        ("01JD8XGZ6", 2, "10 characters"),
        ("01JD8XGZ6Q", 4, "no session that you may see begins with 01JD8XGZ6Q"),
        ("01JD8XGZ6Q3M4V5N6P7R8S9T0", 4, "no session"),
        ("7ZZZZZZZZZ", 4, "no session"),
        ("01JD8XGZ6U", 2, "a session id is 26 letters and digits"),
        ("8ZZZZZZZZZ", 2, "a session id is 26 letters and digits"),
        (f"{SESSION_ID}A", 2, "a session id is 26 letters and digits"),
        ("01JD8-XGZ6Q", 2, "a session id is 26 letters and digits"),
        ("01JD8XGZ6Q\u0661", 2, "a session id is 26 letters and digits"),
        ("../../../etc", 2, "a session id is 26 letters and digits"),
    ],
)
def test_what_names_no_session_is_said_before_anything_is_done(
    fake: FakeApi, pam: Pam, verb: str, typed: str, exit_code: int, says: str
) -> None:
    lists(fake, asked_for(3))
    result = pam(verb, typed)
    assert result.exit_code == exit_code, result.stderr
    assert says in result.stderr
    assert all(asked.method == "GET" for asked in fake.asked)


@pytest.mark.parametrize("verb", ["approve", "deny", "confirm", "revoke", "review"])
@pytest.mark.parametrize("typed", [ADMIN, "last"])
def test_what_is_others_is_not_named_by_a_resource_or_by_last(
    fake: FakeApi, pam: Pam, verb: str, typed: str
) -> None:
    lists(fake, asked_for(3))
    more = {"revoke": ["--reason", "not now"], "review": ["--justified"]}.get(verb, [])
    result = pam(verb, typed, *more)
    assert result.exit_code == 2
    assert ("your own newest session" in result.stderr) is (typed == "last")
    assert fake.asked == []


@pytest.mark.parametrize("verb", ["show", "end"])
def test_a_whole_id_costs_no_call_of_its_own(fake: FakeApi, pam: Pam, verb: str) -> None:
    pam(verb, SESSION_ID.lower())
    (asked,) = fake.asked
    assert SESSION_ID in f"{asked.path} {asked.body}"


def test_a_resource_names_the_one_open_session_of_ones_own(fake: FakeApi, pam: Pam) -> None:
    meant = asked_for(3, **OPEN)
    lists(
        fake,
        meant,
        asked_of("dave", 2, **OPEN),
        asked_for(1, resource=SANDBOX),
        asked_for(0.5, status="DENIED"),
        asked_for(0.2, status="REVOKING"),
    )
    assert shown(pam, ADMIN) == meant["session_id"]
    fake.on("POST /pam/end", session(status="ENDED"))
    assert pam("end", ADMIN).exit_code == 0
    assert fake.calls("POST /pam/end")[0].body == {"session_id": meant["session_id"]}
    assert all("since" in asked.query for asked in fake.calls("GET /pam/sessions"))


def test_two_open_sessions_of_a_resource_are_named_and_none_is_taken(
    fake: FakeApi, pam: Pam
) -> None:
    both = asked_for(3, **OPEN), asked_for(2)
    lists(fake, *both)
    result = pam("end", ADMIN)
    assert result.exit_code == 2
    for each in both:
        assert f"{each['session_id']} ({ADMIN}, alice, {each['status']})" in result.stderr
    assert not fake.calls("POST /pam/end")


def test_a_resource_of_which_nothing_is_open_says_what_there_was(fake: FakeApi, pam: Pam) -> None:
    over = asked_for(3, status="DENIED")
    lists(fake, over)
    result = pam("end", ADMIN)
    assert result.exit_code == 4
    assert f"the newest is {over['session_id']}" in result.stderr
    assert pam("end", SANDBOX).exit_code == 4


@pytest.mark.parametrize("act", ["credentials", "exec", "console"])
def test_whoever_wants_to_use_what_they_have_not_is_told_how_to_ask_for_it(
    fake: FakeApi, pam: Pam, act: str
) -> None:
    over = asked_for(3, status="DENIED")
    lists(fake, over)
    assert f"to ask for one: pam request --like {over['session_id']}" in pam(act, ADMIN).stderr
    assert f"to ask for one: pam request {SANDBOX} --reason TEXT" in pam(act, SANDBOX).stderr
    assert "pam request" not in pam("end", SANDBOX).stderr


@pytest.mark.parametrize("words", [("exec", "--", "true"), ("end",), ("show",)])
def test_a_misspelt_resource_is_not_proposed_to_be_asked_for(
    fake: FakeApi, pam: Pam, words: tuple[str, ...]
) -> None:
    lists(fake)
    fake.on("GET /pam/resources", {"items": [{"resource": "core-ledger-admin"}]})
    result = pam(words[0], "core-leger-admin", *words[1:])
    assert (result.exit_code, result.stderr) == (
        4,
        "NOT_FOUND: you have no open session of core-leger-admin; did you mean "
        "core-ledger-admin?\n",
    )


def test_last_is_what_was_asked_for_last_in_whatever_state(fake: FakeApi, pam: Pam) -> None:
    newest = asked_for(1, status="DENIED")
    lists(fake, asked_for(60 * 24 * 30, **OPEN), newest, asked_of("dave", 0.5))
    assert shown(pam, "last") == newest["session_id"]


def test_last_of_nothing_is_not_found(fake: FakeApi, pam: Pam) -> None:
    lists(fake, asked_of("dave"))
    assert pam("show", "last").exit_code == 4


@pytest.mark.guarantee("G10")
def test_what_a_runbook_opened_in_ones_name_is_named_by_its_id_only(
    fake: FakeApi, pam: Pam
) -> None:
    runbooks = unconfirmed(1, **OPEN)
    lists(fake, runbooks)
    fake.on("POST /pam/end", session(status="ENDED"))
    for typed in (ADMIN, "last"):
        assert pam("end", typed).exit_code == 4
    assert runbooks["session_id"] in pam("end", ADMIN).stderr
    assert not fake.calls("POST /pam/end")
    own = asked_for(3)
    lists(fake, runbooks, own)
    for typed in (ADMIN, "last"):
        assert shown(pam, typed) == own["session_id"]
    assert pam("end", runbooks["session_id"]).exit_code == 0


def test_all_pages_are_looked_at(fake: FakeApi, pam: Pam) -> None:
    meant = asked_for(30, **OPEN)
    over = [asked_for(minutes, status="DENIED") for minutes in range(1, 6)]
    lists(fake, meant, *over, page=2)
    assert shown(pam, ADMIN) == meant["session_id"]


@pytest.mark.parametrize("verb", ["show", "end", "approve", "deny", "confirm", "revoke", "review"])
def test_without_an_id_and_without_a_terminal_it_is_wrong_usage(
    fake: FakeApi, pam: Pam, verb: str
) -> None:
    lists(fake, asked_for(1, **OPEN))
    more = {"revoke": ["--reason", "not now"], "review": ["--justified"]}.get(verb, [])
    result = pam(verb, *more)
    assert result.exit_code == 2
    assert f"(pam {verb} --help)" in result.stderr
    assert fake.asked == []
