"""A principal of another surface becomes somebody's by proof from both sides, and only so."""

from dataclasses import replace

import pytest

from pam.domain import proofs
from pam.domain.approval import Ballot
from pam.domain.errors import (
    Blocked,
    Conflict,
    Invalid,
    IssuerUnavailable,
    NotEligible,
    NotFound,
    StepUp,
    Throttled,
)
from pam.domain.links import COUNTED_FOR, HOLDS
from pam.domain.people import Auth, Surface
from pam.domain.principals import Scheme
from pam.domain.proofs import Signed
from pam.operations.linked_votes import check_link_votes
from pam.operations.note_act import NotedActs, note_act
from tests.fakes.blocks import put_block
from tests.fakes.links import BOB, Linked
from tests.fakes.story import arn, caller

CAROL = "slack:T0BANK/U0CAROL"
A_SET = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Approver_0123456789abcdef/bob"


@pytest.fixture
def pam() -> Linked:
    return Linked()


def test_a_code_alone_links_nothing_and_says_what_it_would(pam: Linked) -> None:
    would = pam.hand_in(pam.show())
    assert (would.shown.principal, would.shown.display, would.shown.team) == (
        BOB,
        "Bob B.",
        "The Bank",
    )
    assert would.link is None
    assert not pam.known.links
    assert not pam.known.records


@pytest.mark.guarantee("G10")
def test_what_is_accepted_must_be_what_the_code_was_shown_to(pam: Linked) -> None:
    code = pam.show(BOB)
    with pytest.raises(Invalid, match="accept"):
        pam.hand_in(code, accept=CAROL)
    assert not pam.known.links


def test_what_is_accepted_is_linked_proven_and_on_record(pam: Linked) -> None:
    link = pam.link()
    assert (link.principal, link.person, link.accepted_by) == (BOB, "bob", arn("bob"))
    (record,) = pam.known.records
    assert (record["type"], record["requester"]) == ("Linked", BOB)
    assert (record["session_id"], record["sequence"]) == ("", 0)
    assert arn("bob") in record["detail"]
    proof = Signed(statement=proofs.of_link(link), mac=link.proof)
    assert pam.story.keys.verify([proof]) == (True,)


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(
    "change",
    [
        {"principal": CAROL},
        {"person": "carol"},
        {"accepted_by": arn("carol")},
        {"basis": "otherwise"},
    ],
)
def test_a_link_that_was_changed_in_the_store_is_proven_no_more(
    pam: Linked, change: dict[str, str]
) -> None:
    link = replace(pam.link(), **change)
    proof = Signed(statement=proofs.of_link(link), mac=link.proof)
    assert pam.story.keys.verify([proof]) == (False,)


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " ")])
def test_a_code_may_be_typed_as_it_comes(pam: Linked, typed: object) -> None:
    assert callable(typed)
    assert pam.hand_in(typed(pam.show())).shown.principal == BOB


def test_a_code_holds_once(pam: Linked) -> None:
    code = pam.show()
    pam.hand_in(code, accept=BOB)
    for accept, who in (("", "bob"), (CAROL, "bob"), (BOB, "carol")):
        with pytest.raises(Invalid, match="code"):
            pam.hand_in(code, accept=accept, who=who)
    pam.unlink()
    with pytest.raises(Invalid, match="code"):
        pam.hand_in(code, accept=BOB)


def test_the_call_that_linked_may_be_made_again(pam: Linked) -> None:
    """Its answer may have been lost, or not everybody been told."""
    code = pam.show()
    first = pam.hand_in(code, accept=BOB).link
    pam.story.notifier.told.clear()
    assert pam.hand_in(code, accept=BOB).link == first
    assert len(pam.known.records) == 1
    assert len(pam.story.notifier.told) == 1
    assert pam.known.wrong_codes("bob", pam.story.now - COUNTED_FOR) == 0


def test_a_code_holds_for_ten_minutes(pam: Linked) -> None:
    code = pam.show()
    pam.story.later(minutes=9, seconds=59)
    assert pam.hand_in(code).shown.principal == BOB
    pam.story.later(seconds=1)
    with pytest.raises(Invalid, match="ten minutes"):
        pam.hand_in(code)


def test_a_newer_code_voids_the_one_before(pam: Linked) -> None:
    code = pam.show()
    pam.show()
    with pytest.raises(Invalid, match="code"):
        pam.hand_in(code)


def test_a_code_of_one_surface_is_none_of_another(pam: Linked) -> None:
    with pytest.raises(Invalid, match="code"):
        pam.hand_in(pam.show(), surface=Scheme.OIDC)


def test_two_who_hand_in_one_code_at_once_link_it_once(pam: Linked) -> None:
    code = pam.show()
    pam.known.before_write = lambda: pam.hand_in(code, accept=BOB, who="carol") and None
    with pytest.raises((Invalid, Conflict)):
        pam.hand_in(code, accept=BOB, who="bob")
    assert [link.person for link in pam.known.links.values()] == ["carol"]
    assert len(pam.known.records) == 1


def test_ten_wrong_codes_an_hour_and_no_more(pam: Linked) -> None:
    for _ in range(10):
        with pytest.raises(Invalid, match="code"):
            pam.hand_in("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A")
    code = pam.show()
    with pytest.raises(Throttled):
        pam.hand_in(code)
    assert pam.hand_in(code, who="carol").shown.principal == BOB
    pam.story.later(hours=1)
    assert pam.hand_in(pam.show()).shown.principal == BOB


def test_right_codes_are_not_counted_as_wrong_ones(pam: Linked) -> None:
    code = pam.show()
    for _ in range(20):
        pam.hand_in(code)


@pytest.mark.guarantee("G10")
def test_a_principal_that_is_linked_is_never_moved(pam: Linked) -> None:
    pam.link(BOB, who="bob")
    with pytest.raises(Conflict, match="another person"):
        pam.hand_in(pam.show(BOB), accept=BOB, who="carol")
    assert pam.known.links[BOB].person == "bob"


def test_a_person_has_one_principal_of_a_place(pam: Linked) -> None:
    pam.link(BOB)
    with pytest.raises(Conflict, match="unlink that first"):
        pam.hand_in(pam.show(CAROL), accept=CAROL)
    elsewhere = "slack:T0OTHER/U0BOB"
    assert pam.link(elsewhere).person == "bob"


def test_a_person_may_link_their_own_principal_anew(pam: Linked) -> None:
    first = pam.link()
    pam.story.later(days=89)
    assert first.holds(pam.story.now)
    second = pam.link()
    assert second.linked_at == pam.story.now
    pam.story.later(seconds=HOLDS.total_seconds())
    assert not second.holds(pam.story.now)


@pytest.mark.guarantee("G14")
def test_who_is_blocked_links_nothing(pam: Linked) -> None:
    code = pam.show()
    put_block(pam.story, "bob")
    with pytest.raises(Blocked):
        pam.hand_in(code, accept=BOB)


@pytest.mark.guarantee("G10")
def test_nobody_links_nothing(pam: Linked) -> None:
    stranger = replace(caller("bob"), person=None)
    with pytest.raises(NotEligible):
        pam.hand_in(pam.show(), accept=BOB, who=stranger)


def test_its_person_unlinks_it_and_so_does_an_operator(pam: Linked) -> None:
    for who in ("bob", "sam"):
        pam.link()
        assert pam.unlink(who=who).person == "bob"
        assert not pam.known.links
        assert pam.known.records[-1]["type"] == "Unlinked"


def test_nobody_else_unlinks_it_or_learns_of_it(pam: Linked) -> None:
    pam.link()
    for principal in (BOB, CAROL):
        with pytest.raises(NotFound, match="that you have linked"):
            pam.unlink(principal, who="carol")
    assert BOB in pam.known.links


@pytest.mark.guarantee("G10")
def test_a_principal_does_not_unlink_itself(pam: Linked) -> None:
    pam.link()
    by_itself = replace(caller("bob"), principal=BOB, surface=Surface.CONSOLE, auth=Auth.OIDC)
    with pytest.raises(NotEligible, match="another of yours"):
        pam.unlink(who=by_itself)


def test_a_new_principal_cannot_vote_for_ten_minutes(pam: Linked) -> None:
    link = pam.link()
    for ballot in Ballot:
        with pytest.raises(StepUp) as refused:
            check_link_votes(link, ballot, "01ID", pam.story.call("bob"))
        assert refused.value.step_up_command == "pam approve 01ID"
    pam.story.later(minutes=10)
    check_link_votes(link, Ballot.APPROVE, "01ID", pam.story.call("bob"))


@pytest.mark.guarantee("G2")
def test_an_approval_by_a_permission_set_needs_a_call_that_it_signed_of_late(pam: Linked) -> None:
    link = replace(pam.link(), accepted_by=A_SET)
    pam.story.later(minutes=10)

    def check(ballot: Ballot = Ballot.APPROVE) -> None:
        check_link_votes(link, ballot, "01ID", pam.story.call("bob"))

    def sign(principal: str) -> None:
        person = caller("bob").person
        assert person is not None
        signed = replace(
            caller("bob"), principal=principal, person=replace(person, principal=principal)
        )
        note_act(pam.story.call(signed), NotedActs())

    with pytest.raises(StepUp) as refused:
        check()
    assert refused.value.step_up_command == "pam whoami"
    check(Ballot.DENY)
    sign(A_SET.replace("Approver", "Other"))
    with pytest.raises(StepUp):
        check()
    sign(A_SET)
    check()
    sign(A_SET.replace("Approver", "Other"))
    check()
    pam.story.later(days=7, seconds=1)
    with pytest.raises(StepUp):
        check()


def test_a_link_to_an_iam_user_rests_on_the_file_alone(pam: Linked) -> None:
    link = pam.link()
    pam.story.later(days=80)
    check_link_votes(link, Ballot.APPROVE, "01ID", pam.story.call("bob"))


def test_a_listed_principal_is_never_moved(pam: Linked) -> None:
    with pytest.raises(Conflict, match="listed"):
        pam.hand_in(pam.show(arn("carol")), surface=Scheme.AWS)


def test_operators_hear_of_a_link_of_which_its_person_could_not_be_told(pam: Linked) -> None:
    pam.story.notifier.down = True
    with pytest.raises(IssuerUnavailable, match="could not both be told"):
        pam.link()
    assert len(pam.operators.told) == 1
    assert set(pam.known.links) == {BOB}
