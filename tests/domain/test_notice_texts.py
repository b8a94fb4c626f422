"""What each notice says to people, and what it offers them to do: right whenever it is painted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain import notice_texts
from pam.domain.approval import Ballot
from pam.domain.notice_forms import forms
from pam.domain.pictures import Bench, Particulars, Picture
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.operations.particulars import particulars_of
from pam.operations.review_session import ReviewPaper, review_session
from tests.fakes.notices import OF_SESSIONS, TOLD, pictures
from tests.fakes.story import KYC, LEDGER, NOON, POLICY, SANDBOX, Story


def text_of(picture: Picture) -> str:
    return forms(picture, "prod").text


def test_an_approver_reads_who_what_where_how_long_and_what_happens_otherwise() -> None:
    session = Story().request(seconds=5400, ticket="INC-1")
    picture = notice_texts.approval_needed(session, TOLD, NOON)
    assert text_of(picture).splitlines() == [
        "alice (bank-core) asks for core-ledger-admin "
        "(prod, bank-core, account 111122223333) for 1h30m.",
        "Needs 2 approvals (0 so far) until 16:00 UTC, in 4 h; "
        "otherwise the request is UNANSWERED then.",
        "",
        "What: Core ledger",
        "Allows: Read and write the objects of the core ledger.",
        "May vote: bob, carol, erin (bank-core)",
        "Voted: nobody yet",
        "",
        "In the requester's own words:",
        "> ledger stuck, see INC-1",
        "> ticket: INC-1",
        "",
        f"  pam --env prod show {session.session_id}",
        f"  pam --env prod approve {session.session_id}",
        f"  pam --env prod deny {session.session_id}",
    ]


def test_what_an_approver_reads_comes_from_the_catalogue_and_quotes_the_requester() -> None:
    reason = "only the sandbox, please approve; core-sandbox-admin [dev]"
    session = Story().request("alice", KYC, reason=reason)
    about = particulars_of(session, POLICY)
    text = text_of(notice_texts.approval_needed(session, about, NOON))
    assert "asks for kyc-documents-read (prod, bank-kyc, " in text.splitlines()[0]
    assert "Allows: Identity documents of customers (personal data)." in text
    assert [line for line in text.splitlines() if "sandbox" in line] == [f"> {reason}"]
    assert "token" not in text.lower()


HEADLINES = {
    "approval needed": (
        "PAM prod: alice asks for kyc-documents-read",
        "alice (bank-core) asks for kyc-documents-read "
        "(prod, bank-kyc, account 111122223333) for 10m.",
        "Needs 3 approvals, 1 of them from bank-kyc (0 so far, 0 from bank-kyc) "
        "until 16:00 UTC, in 4 h; otherwise the request is UNANSWERED then.",
    ),
    "still waiting": (
        "PAM prod: reminder: alice still waits for core-ledger-admin",
        "alice (bank-core) asks for core-ledger-admin "
        "(prod, bank-core, account 111122223333) for 10m.",
        "Needs 2 approvals (1 so far) until 16:00 UTC, in 4 h; "
        "otherwise the request is UNANSWERED then.",
    ),
    "break-glass": (
        "PAM prod: TIER 1: break-glass by alice on core-ledger-admin",
        "alice (bank-core) uses break-glass on core-ledger-admin "
        "(prod, bank-core, account 111122223333) for 10m.",
        "It must be reviewed until 2026-03-02 12:00 UTC, in 24 h; "
        "otherwise Tier-1 is told again and alice can use no break-glass.",
    ),
    "confirmation needed": (
        "PAM prod: is it you who asks for core-ledger-admin?",
        "alice, a runbook asks in your name for access to core-ledger-admin "
        "(prod, bank-core, account 111122223333).",
        "Nothing is granted before you confirm it yourself, until 16:00 UTC, in 4 h; "
        "otherwise you get nothing.",
    ),
    "ending soon": (
        "PAM prod: your access to core-ledger-admin ends soon",
        "alice, your access to core-ledger-admin (prod, bank-core, account 111122223333) "
        "ends at 12:10 UTC, in 5 min.",
        "It cannot be made longer; if you need more, ask anew.",
    ),
    "review overdue": (
        "PAM prod: TIER 1: break-glass of alice on core-ledger-admin not reviewed",
        "alice (bank-core) used break-glass on core-ledger-admin "
        "(prod, bank-core, account 111122223333).",
        "Two approvers had to review it until 12:00 UTC, 1 h ago; "
        "until they did, alice can use no break-glass.",
    ),
    "operator blocked": (
        "PAM prod: TIER 1: operator sam is blocked",
        "sam is blocked until 15:00 UTC, in 3 h, by arn:aws:iam::000000000000:user/olga.",
        "Until then this person can revoke, block and erase nothing. "
        "If it was not meant, another operator lifts it.",
    ),
    "principal linked": (
        "PAM prod: slack:T0BANK00001/U0ALICE0001 is alice's from now on",
        "arn:aws:iam::000000000000:user/alice has linked slack:T0BANK00001/U0ALICE0001 "
        "(Alice of Bank) to alice.",
        "It votes from 12:10 UTC, in 10 min. If it was not meant, undo it.",
    ),
}


@pytest.mark.parametrize("occasion", HEADLINES)
def test_a_locked_screen_says_it_all(occasion: str) -> None:
    picture = pictures()[occasion]
    made = forms(picture, "prod")
    assert (made.subject, *made.text.splitlines()[:2]) == HEADLINES[occasion]
    assert picture.occasion.value == occasion


COMMANDS = {
    "approval needed": ["show ID", "approve ID", "deny ID"],
    "still waiting": ["show ID", "approve ID", "deny ID"],
    "break-glass": [
        "show ID",
        'revoke ID --reason "break-glass stopped"',
        "review ID --justified",
        "review ID --unjustified",
    ],
    "confirmation needed": ["show ID", "confirm ID", "end ID"],
    "ending soon": ["show ID", "request core-ledger-admin"],
    "review overdue": ["audit show ID", "review ID --justified", "review ID --unjustified"],
    "operator blocked": [
        "blocklist list",
        'blocklist lift sam --reason "blocked by mistake"',
    ],
    "principal linked": ["unlink slack:T0BANK00001/U0ALICE0001"],
}


@pytest.mark.parametrize("occasion", COMMANDS)
def test_a_command_is_shown_as_it_is_typed_with_the_pam_that_is_meant(occasion: str) -> None:
    picture = pictures()[occasion]
    wanted = [
        f"  pam --env uat {command.replace('ID', picture.session_id or 'ID')}"
        for command in COMMANDS[occasion]
    ]
    shown = [line for line in forms(picture, "uat").text.splitlines() if line.startswith("  ")]
    assert shown == wanted


def test_the_approvers_of_both_domains_are_named_as_far_as_they_may_still_vote() -> None:
    story = Story()
    session = story.vote("bob", story.request("alice", KYC).session_id)
    told = dict(
        notice_texts.still_waiting(session, particulars_of(session, POLICY), story.now).rows
    )
    assert told["What"] == "KYC documents"
    assert told["Allows"] == "Identity documents of customers (personal data)."
    assert told["May vote"].startswith("kate, kurt (bank-kyc); carol, erin, ")
    assert told["May vote"].endswith("more, or whoever has LocalApprover (bank-core)")
    assert told["Voted"] == "bob approved"


def test_where_only_the_resources_domain_counts_no_other_domain_is_named() -> None:
    session = Story().request("kim", LEDGER, break_glass=True)
    about = particulars_of(session, POLICY)
    assert [bench.domain for bench in about.benches] == ["bank-core"]
    picture = notice_texts.approval_needed(session, about, NOON)
    assert picture.headline[0].startswith("kim (bank-kyc) asks by break-glass for ")
    assert picture.headline[1].startswith("Needs 1 approval from bank-core (0 so far) until ")


VOTERS = {
    # who is listed, and how -> what stands there
    "a few": (("bob", "carol"), (), "bob, carol (bank-core)"),
    "more than a few": (tuple("bcdef"), (), "b, c, d and 2 more (bank-core)"),
    "the requester among them": (("alice", "bob"), (), "bob (bank-core)"),
    "nobody": ((), (), "nobody (bank-core)"),
    "people nobody names": ((), ("Approver",), "whoever has Approver (bank-core)"),
    "both": (("bob",), ("A", "B"), "bob, or whoever has A, B (bank-core)"),
}


@pytest.mark.parametrize("case", VOTERS)
def test_few_approvers_are_named_and_never_the_requester(case: str) -> None:
    names, permission_sets, shown = VOTERS[case]
    bench = Bench(domain="bank-core", names=names, permission_sets=permission_sets)
    about = Particulars(title="x", benches=(bench,))
    picture = notice_texts.approval_needed(Story().request(), about, NOON)
    assert dict(picture.rows)["May vote"] == shown


def test_a_resource_that_is_in_the_catalogue_no_more_is_shown_by_its_id() -> None:
    session = replace(Story().request(), resource="long-gone")
    picture = notice_texts.approval_needed(session, particulars_of(session, POLICY), NOON)
    assert dict(picture.rows)["What"] == "long-gone"
    assert "Allows" not in dict(picture.rows)


def test_words_that_only_a_runbook_claims_are_marked_so() -> None:
    asked = Story().request(ticket="INC-7")
    claimed = replace(asked, circumstances=replace(asked.circumstances, auth=None))
    text = text_of(notice_texts.approval_needed(claimed, TOLD, NOON))
    assert "In the requester's own words (as claimed by a runbook):\n> ledger stuck" in text


def test_an_emergency_that_owes_no_review_says_so() -> None:
    session = Story().request("alice", SANDBOX, break_glass=True)
    assert notice_texts.break_glass(session, TOLD, NOON).headline[1] == "It needs no review."


def test_a_requester_is_warned_by_name_and_reads_nobodys_words() -> None:
    picture = pictures()["ending soon"]
    assert picture.to == "alice"
    assert "ledger stuck" not in text_of(picture) + forms(picture, "prod").data


@pytest.mark.guarantee("G15")
def test_an_overdue_review_names_who_has_looked() -> None:
    story = Story()
    emergency = story.activate(story.request(break_glass=True).session_id)
    finding = ReviewPaper(session_id=emergency.session_id, judgement=Judgement.JUSTIFIED)
    looked = review_session(finding, story.call("bob"))
    picture = notice_texts.review_overdue(looked, TOLD, NOON + timedelta(days=1))
    assert dict(picture.rows)["Reviewed by"] == "bob"
    assert "Two approvers had to review it until" in picture.headline[1]


def test_an_alert_whose_end_nobody_has_written_yet_says_that_its_time_is_over() -> None:
    story = Story()
    session = story.activate(story.request(break_glass=True).session_id)
    assert session.expires_at is not None
    assert "over" not in notice_texts.break_glass(session, TOLD, story.now).headline[1][:20]
    late = notice_texts.break_glass(session, TOLD, session.expires_at)
    assert late.headline[1].startswith("Its time is over. ")


def denied(story: Story) -> Session:
    return story.vote("bob", story.request().session_id, Ballot.DENY)


def confirmed(story: Story) -> Session:
    return story.confirm(story.by_runbook(break_glass=True).session_id)


def ended(story: Story) -> Session:
    return story.end(story.granted().session_id)


def reviewed(story: Story) -> Session:
    session = story.activate(story.request(break_glass=True).session_id)
    finding = ReviewPaper(session_id=session.session_id, judgement=Judgement.JUSTIFIED)
    review_session(finding, story.call("bob"))
    return review_session(finding, story.call("carol"))


LATE: dict[str, tuple[str, Callable[[Story], Session], str, str]] = {
    # the occasion, what has become of the session -> what it says, and offers no more
    "a vote on what is denied": (
        "approval needed",
        denied,
        "It is DENIED now; nothing is left to decide.",
        " approve ",
    ),
    "a reminder of what is denied": (
        "still waiting",
        denied,
        "It is DENIED now; nothing is left to decide.",
        " deny ",
    ),
    "an alert of what has ended": ("break-glass", ended, "It is over: ENDED.", " revoke "),
    "a question that is answered": (
        "confirmation needed",
        confirmed,
        "nothing waits for your word",
        " confirm ",
    ),
    "a warning of what has ended": ("ending soon", ended, "is over", "ends at"),
    "a review that is made": (
        "review overdue",
        reviewed,
        "It is reviewed: justified.",
        " review ",
    ),
}


@pytest.mark.parametrize("case", LATE)
def test_a_notice_that_is_painted_late_offers_nothing_that_cannot_be_done(case: str) -> None:
    occasion, course, says, offers = LATE[case]
    story = Story()
    paint = OF_SESSIONS[occasion]
    text = text_of(paint(course(story), TOLD, story.now + timedelta(days=2)))
    assert says in text
    assert offers not in text


def test_a_vote_is_not_offered_when_its_time_is_over() -> None:
    session = Story().request()
    over = notice_texts.approval_needed(session, TOLD, session.approval_expires_at)
    assert " approve " not in text_of(over)
    assert "May vote" not in dict(over.rows)
