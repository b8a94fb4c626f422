"""What is not forgotten: an emergency that nobody looked at, a request that nobody answers, an end
that comes. Time is set back in the table, and the deployed tick does the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from local.cast import Cast, Person, until
from local.inboxes import read_inbox
from pam.domain import timestamps

LEDGER = "core-ledger-admin"


@pytest.fixture
def kurt(cast: Cast) -> Person:
    return cast.person("kurt")


def ago(**length: float) -> str:
    return timestamps.render(datetime.now(UTC) - timedelta(**length))


def change(cast: Cast, pk: str, sk: str, **values: str) -> None:
    """Sets attributes of an item as if time had passed; `a__b` is `a.b`."""
    names = {name: name.replace("__", ".") for name in values}
    cast.person("root").client("dynamodb").update_item(
        TableName=cast.parameter("/bank/local/mod046/session-store/table-name"),
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET " + ", ".join(f"{path} = :{name}" for name, path in names.items()),
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
    )


def heard(cast: Cast, inbox: str, *words: str) -> str:
    """The mail that has these words in it."""

    def found() -> str | None:
        mails = read_inbox(cast.about["endpoint_url"], cast.about["inboxes"][inbox])
        return next((mail for mail in mails if all(word in mail for word in words)), None)

    return until(found, f"a mail to {inbox} with {words}")


def types(who: Person, session_id: str) -> list[str]:
    return [item["type"] for item in who.get(f"/pam/sessions/{session_id}/audit").body["items"]]


@pytest.mark.guarantee("G15")
def test_an_emergency_is_reviewed_by_two_others_or_tier_1_hears_of_it_and_its_user_gets_no_more(
    cast: Cast, kim: Person, kate: Person, kurt: Person, ada: Person
) -> None:
    wish = {"resource": "kyc-documents-read", "break_glass": True}
    session_id = kim.request(**wish)["session_id"]
    kim.wait_for(session_id, "ACTIVE")
    assert kim.post("/pam/end", {"session_id": session_id}).status == 200
    kim.wait_for(session_id, "ENDED")
    long_ago = ago(hours=1)
    change(cast, "REVIEW#kim", session_id, review_due_at=long_ago)
    change(
        cast, f"SESSION#{session_id}", "SESSION", due_at=long_ago, document__review__due_at=long_ago
    )

    answer = kim.post("/pam/request", {"reason": "once more, please", **wish})
    assert (answer.status, answer.code) == (403, "NOT_ELIGIBLE")
    assert session_id in answer.body["detail"]
    cast.tick()
    heard(cast, "tier1", "not reviewed", session_id)
    until(lambda: "ReviewOverdue" in types(ada, session_id) or None, "the escalation's record")
    assert cast.invoke("send_notices", {"message": "SendNotices", "session_id": session_id}) == {
        "sent": []
    }
    assert types(ada, session_id).count("ReviewOverdue") == 1

    body = {"session_id": session_id, "comment": "a customer stood at the counter"}
    assert kate.post("/pam/review", body).code == "VALIDATION", "what was found is to be said"
    body["outcome"] = "justified"
    assert kim.post("/pam/review", body).code == "SELF_APPROVAL"
    first = kate.post("/pam/review", body)
    assert (first.status, first.body["review"]["outcome"]) == (200, "")
    assert kate.post("/pam/review", body).code == "CONFLICT"
    second = kurt.post("/pam/review", {"session_id": session_id, "outcome": "justified"})
    assert second.body["review"]["outcome"] == "justified"
    assert second.body["review"]["reviewers"] == [kate.principal, kurt.principal]
    trail = ada.get(f"/pam/sessions/{session_id}/audit").body
    assert body["comment"] not in str(trail["items"])
    assert body["comment"] in trail["texts"].values()
    again = kim.request(**wish)
    assert again["status"] == "APPROVED"
    kim.wait_for(again["session_id"], "ACTIVE")
    kim.post("/pam/end", {"session_id": again["session_id"]})


@pytest.mark.guarantee("G15")
def test_an_emergency_across_domains_is_reviewed_by_none_who_let_it_happen_and_by_its_domain(
    cast: Cast, alice: Person, kate: Person, kurt: Person, sam: Person
) -> None:
    session_id = alice.request("kyc-documents-read", break_glass=True)["session_id"]
    assert kate.approve(session_id).status == 200
    alice.wait_for(session_id, "ACTIVE")
    alice.post("/pam/end", {"session_id": session_id})
    alice.wait_for(session_id, "ENDED")
    finding = {"session_id": session_id, "outcome": "justified"}
    assert kate.post("/pam/review", finding).code == "NOT_ELIGIBLE"
    for name in ("bob", "carol"):
        looked = cast.person(name).post("/pam/review", finding)
        assert (looked.status, looked.body["review"]["outcome"]) == (200, "")
    assert sam.post("/pam/erase", {"session_id": session_id}).code == "CONFLICT"
    settled = kurt.post("/pam/review", finding)
    assert (settled.status, settled.body["review"]["outcome"]) == (200, "justified")
    assert sam.post("/pam/erase", {"session_id": session_id}).status == 200


def test_a_request_that_waits_is_announced_again_and_once(cast: Cast, alice: Person) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    waited = ago(minutes=11)
    change(cast, f"SESSION#{session_id}", "SESSION", due_at=waited, document__created_at=waited)
    cast.tick()
    mail = heard(cast, "approvers", "PAM local: reminder", session_id)
    assert "Needs 2 approvals (0 so far) until " in mail
    assert cast.invoke("send_notices", {"message": "SendNotices", "session_id": session_id}) == {
        "sent": []
    }
    assert alice.session(session_id)["status"] == "PENDING_APPROVAL"
    alice.post("/pam/end", {"session_id": session_id})


def test_a_requester_is_warned_before_the_end_and_the_access_goes_on(
    cast: Cast, alice: Person
) -> None:
    session_id = alice.request("core-sandbox-admin", duration_seconds=900)["session_id"]
    alice.wait_for(session_id, "ACTIVE")
    change(
        cast,
        f"SESSION#{session_id}",
        "SESSION",
        due_at=ago(seconds=1),
        document__activated_at=ago(minutes=11),
        document__expires_at=ago(minutes=-4),
    )
    cast.tick()
    mail = heard(cast, "requesters", session_id)
    assert "your access to core-sandbox-admin ends soon" in mail
    assert alice.session(session_id)["status"] == "ACTIVE"
    alice.post("/pam/end", {"session_id": session_id})
