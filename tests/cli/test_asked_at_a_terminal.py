"""What is shown and asked at a terminal before an act, and never elsewhere."""

import json

import pytest

from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, active, approvals, lease, session
from tests.cli.fake_sessions import asked_for, asked_of, lists, unconfirmed

ACTIVE = active()
OPEN = {name: ACTIVE[name] for name in ("status", "approvals", "activated_at", "expires_at")}
ACTS: dict[str, tuple[list[str], str, str]] = {
    "approve": (["approve"], "POST /pam/approve", "Approve it?"),
    "approve shorter": (["approve", "--for", "10m"], "POST /pam/approve", "for 10m at most?"),
    "approve for seconds": (["approve", "--for", "30"], "POST /pam/approve", "for 30s at most?"),
    "deny": (["deny"], "POST /pam/approve", "Deny it?"),
    "confirm": (["confirm"], "POST /pam/confirm", "Stand by it?"),
    "review": (["review", "--unjustified"], "POST /pam/review", "Record it as unjustified?"),
    "revoke": (["revoke", "--reason", "x"], "POST /pam/revoke", "Take it away?"),
    "revoke and block": (
        ["revoke", "--reason", "x", "--block", "24h"],
        "POST /pam/revoke",
        "Take it away and block the requester for 24h?",
    ),
}


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.terminal.is_terminal", lambda: True)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("act", "answer"),
    [
        *((act, answer) for act in ACTS for answer in ("y\n", "\n")),
        *(("approve", answer) for answer in ("YES\n", "", "n\n", "what\ny\n")),
    ],
)
def test_an_act_on_others_is_shown_and_done_only_after_a_yes(
    fake: FakeApi, pam: Pam, act: str, answer: str
) -> None:
    arguments, call, question = ACTS[act]
    votes = approvals("approve")
    lists(fake, session(approvals=votes))
    fake.on(call, active())
    result = pam(*arguments, SESSION_ID, typed=answer)
    for part in (
        "core-ledger-admin (prod, bank-core)", "user/alice (bank-core)", "30m",
        "ledger is stuck since 02:00", "INC-1", "1 of 2; approver-1 approved", question,
    ):  # fmt: skip
        assert part in result.stderr
    agreed = "y" in answer.lower()
    assert bool(fake.calls(call)) is agreed
    assert result.exit_code == (0 if agreed else 1)
    assert ("nothing was done" in result.stderr) is not agreed


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(("verb", "asks"), [("approve", False), ("deny", False), ("revoke", True)])
def test_a_vote_on_what_is_over_is_refused_without_a_question(
    fake: FakeApi, pam: Pam, verb: str, asks: bool
) -> None:
    arguments, call, question = ACTS[verb]
    lists(fake, session(status="WITHDRAWN"))
    fake.refuses(call, 409, "CONFLICT", "the session is WITHDRAWN")
    result = pam(*arguments, SESSION_ID, typed="n\n")
    assert (question in result.stderr) is asks
    assert ("CONFLICT: the session is WITHDRAWN" in result.stderr) is not asks


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("act", ACTS)
def test_with_yes_it_is_shown_and_not_asked_about(fake: FakeApi, pam: Pam, act: str) -> None:
    arguments, call, question = ACTS[act]
    lists(fake, session())
    fake.on(call, active())
    result = pam(*arguments, SESSION_ID, "--yes")
    assert result.exit_code == 0, result.stderr
    assert "user/alice" in result.stderr
    assert question not in result.stderr


@pytest.mark.parametrize("act", ACTS)
def test_off_a_terminal_nothing_is_shown_asked_or_read(fake: FakeApi, pam: Pam, act: str) -> None:
    arguments, call, _ = ACTS[act]
    fake.on(call, active())
    result = pam(*arguments, SESSION_ID, "--json", typed="n\n")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [f"{asked.method} {asked.path}" for asked in fake.asked] == [call]


@pytest.mark.usefixtures("at_a_terminal")
def test_what_people_wrote_cannot_drive_the_terminal_that_asks(fake: FakeApi, pam: Pam) -> None:
    lists(fake, session(reason="ok\x1b[2J\nrequester  bob\u202e"))
    result = pam("approve", SESSION_ID, typed="n\n")
    assert "\x1b" not in result.stderr
    assert "\u202e" not in result.stderr
    assert "ok\\x1b[2J\\nrequester" in result.stderr


@pytest.mark.usefixtures("at_a_terminal")
def test_the_question_stays_out_of_the_json(fake: FakeApi, pam: Pam) -> None:
    lists(fake, session())
    fake.on("POST /pam/approve", active())
    result = pam("approve", SESSION_ID, "--json", typed="y\n")
    assert json.loads(result.stdout) == active()


@pytest.mark.usefixtures("at_a_terminal")
def test_of_several_that_wait_one_is_chosen_and_asked_about(fake: FakeApi, pam: Pam) -> None:
    one, two = asked_of("alice", 9), asked_of("dave", 3, break_glass=True)
    fake.on("GET /pam/inbox", {"votes": [one, two], "reviews": [], "confirmations": []})
    fake.on("POST /pam/approve", two)
    result = pam("approve", typed="7\n2\ny\n")
    assert result.exit_code == 0, result.stderr
    assert f"  1  {one['session_id']}" in result.stderr
    assert "BREAK-GLASS" in result.stderr
    assert "user/dave" in result.stderr
    assert fake.calls("POST /pam/approve")[0].body["session_id"] == two["session_id"]


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("answer", ["\n", "", "n\n", "0\n3\nx\n"])
@pytest.mark.parametrize("count", [1, 2])
def test_nothing_is_taken_silently(fake: FakeApi, pam: Pam, count: int, answer: str) -> None:
    waiting = [asked_of("dave", number) for number in range(1, count + 1)]
    fake.on("GET /pam/inbox", {"votes": waiting, "reviews": [], "confirmations": []})
    result = pam("deny", typed=answer)
    assert result.exit_code == 1
    assert "nothing was done" in result.stderr
    assert waiting[0]["session_id"] in result.stderr
    assert not fake.calls("POST /pam/approve")


LISTS = {
    "review": (["review", "--justified"], "reviews", "POST /pam/review"),
    "confirm": (["confirm"], "confirmations", "POST /pam/confirm"),
    "approve": (["approve"], "votes", "POST /pam/approve"),
}


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("act", LISTS)
def test_each_act_offers_its_own_part_of_the_inbox(fake: FakeApi, pam: Pam, act: str) -> None:
    arguments, part, call = LISTS[act]
    meant, other = asked_of("dave", 3), asked_of("dave", 2)
    inbox = {name: [other] for name in ("votes", "reviews", "confirmations")}
    fake.on("GET /pam/inbox", inbox | {part: [meant]})
    fake.on(call, meant)
    assert pam(*arguments, typed="y\n").exit_code == 0
    assert fake.calls(call)[0].body["session_id"] == meant["session_id"]
    fake.on("GET /pam/inbox", inbox | {part: []})
    assert pam(*arguments, typed="y\n").exit_code == 4


@pytest.mark.usefixtures("at_a_terminal")
def test_a_revocation_offers_what_is_open_of_everybody(fake: FakeApi, pam: Pam) -> None:
    open_, over = asked_of("dave", 3, **OPEN), asked_of("dave", 2, status="EXPIRED")
    waiting = asked_of("kim", 4)
    lists(fake, open_, over, waiting)
    fake.on("POST /pam/revoke", active(status="REVOKED"))
    result = pam("revoke", "--reason", "not now", typed="1\ny\n")
    assert result.exit_code == 0, result.stderr
    assert over["session_id"] not in result.stderr
    assert waiting["session_id"] in result.stderr
    assert fake.calls("POST /pam/revoke")[0].body["session_id"] == open_["session_id"]


@pytest.mark.usefixtures("at_a_terminal")
def test_ones_own_are_offered_where_the_act_fits_them(fake: FakeApi, pam: Pam) -> None:
    one, two = asked_for(3, **OPEN), asked_for(2)
    lists(fake, one, two, asked_for(1, status="DENIED"), asked_of("dave"), unconfirmed(0.5))
    fake.on("POST /pam/end", session(status="ENDED"))
    result = pam("end", typed="2\n")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("core-ledger-admin") == 2
    assert fake.calls("POST /pam/end")[0].body == {"session_id": one["session_id"]}


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(("answer", "ended"), [("y\n", True), ("n\n", False)])
def test_what_a_runbook_opened_is_shown_and_asked_about(
    fake: FakeApi, pam: Pam, answer: str, ended: bool
) -> None:
    runbooks = unconfirmed()
    lists(fake, runbooks)
    fake.on("POST /pam/end", session(status="ENDED"))
    result = pam("end", runbooks["session_id"], typed=answer)
    assert "a runbook opened this in your name" in result.stderr
    assert "named by a runbook, not confirmed yet" in result.stderr
    assert bool(fake.calls("POST /pam/end")) is ended


@pytest.mark.usefixtures("at_a_terminal")
def test_what_one_asked_for_oneself_is_ended_without_a_question(fake: FakeApi, pam: Pam) -> None:
    lists(fake, session())
    fake.on("POST /pam/end", session(status="WITHDRAWN"))
    assert pam("end", SESSION_ID).exit_code == 0
    assert pam("show", SESSION_ID).exit_code == 0


SANDBOX = "core-sandbox-admin"
LEASE = "POST /pam/sessions/{}/credentials"


@pytest.mark.usefixtures("at_a_terminal")
def test_of_several_that_a_resource_names_one_is_chosen(fake: FakeApi, pam: Pam) -> None:
    one, two = asked_for(3, **OPEN), asked_for(2)
    lists(fake, one, two, asked_for(1, resource=SANDBOX), unconfirmed(0.5))
    fake.on("POST /pam/end", session(status="ENDED"))
    result = pam("end", "core-ledger-admin", typed="2\n")
    assert result.exit_code == 0, result.stderr
    assert "which one? [1-2" in result.stderr
    assert fake.calls("POST /pam/end")[0].body == {"session_id": one["session_id"]}
    assert pam("end", "core-ledger-admin", typed="\n").exit_code == 1
    assert len(fake.calls("POST /pam/end")) == 1


@pytest.mark.usefixtures("at_a_terminal")
def test_of_several_only_those_that_the_act_fits_are_offered(fake: FakeApi, pam: Pam) -> None:
    usable, waiting = asked_for(3, **OPEN), asked_for(2)
    lists(fake, usable, waiting)
    call = LEASE.format(usable["session_id"])
    fake.on(call, lease())
    assert pam("exec", "core-ledger-admin", "--", "true", typed="n\n").exit_code == 1
    assert not fake.calls(call)
    result = pam("exec", "core-ledger-admin", "--", "true", typed="y\n")
    assert waiting["session_id"] not in result.stderr
    assert result.exit_code == 0, result.stderr
    lists(fake, waiting, asked_for(1))
    assert pam("exec", "core-ledger-admin", "--", "true", typed="1\n").exit_code == 2


@pytest.mark.usefixtures("at_a_terminal")
def test_what_a_program_may_have_started_chooses_nothing_by_a_resource(
    fake: FakeApi, pam: Pam
) -> None:
    lists(fake, asked_for(3, **OPEN), asked_for(2, **OPEN))
    words = ("credentials", "core-ledger-admin", "--format", "process")
    result = pam(*words, typed="1\n")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "you have 2 open sessions of core-ledger-admin" in result.stderr
