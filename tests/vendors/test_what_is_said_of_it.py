"""What somebody who may ask for it is told before, and what they are told to do then."""

from pam.domain.kinds import IDENTITY_CENTER
from pam.edge import views
from tests.fakes.story import COMPILED
from tests.vendors.story import RESOURCES, VendorStory


def test_the_catalogue_says_whether_it_ends_by_itself(story: VendorStory) -> None:
    lent = {each.resource_id: views.resource_view(each) for each in COMPILED.resources}
    ends = lent[story.resource]["ends_by_itself"]
    assert ends == (story.kind == IDENTITY_CENTER)
    assert lent["core-ledger-admin"]["ends_by_itself"]
    assert not lent["core-ledger-db"]["ends_by_itself"]
    assert lent[RESOURCES[story.kind]]["kind"] == story.kind


def test_its_lease_says_where_to_go_and_has_no_secret(story: VendorStory) -> None:
    session = story.active()
    lease = views.lease_view(story.lease(session.session_id))
    assert set(lease) == {"session_id", "kind", "expires_at", "url", "instructions"}
    assert lease["url"] in (
        "https://d-9067a1b2c3.awsapps.com/start",
        "https://bank.okta.com/app/UserHome",
    )
    names = ("111122223333", "PamPayments") if "center" in story.kind else ("bank.okta.com",)
    assert all(name in lease["instructions"] for name in names)
    assert "Leased" not in story.store.types(session.session_id)
