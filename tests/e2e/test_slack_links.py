"""A Slack account becomes somebody's by two steps, and stops being theirs."""

import pytest

from local.cast import Cast
from tests.e2e.in_slack import UAT, WAYS, WHY, InSlack, code_in, heard, link_anew, sessions_of

DAVE = "slack:T0BANK00001/U0DAVE00001"

pytestmark = pytest.mark.guarantee("G17")


@pytest.fixture(params=WAYS)
def slack(request: pytest.FixtureRequest, cast: Cast) -> InSlack:
    # Whatever an earlier test has left.
    cast.person("sam").call("DELETE", f"/pam/links/{DAVE.replace('/', '%2F')}")
    return InSlack(cast, request.param)


@pytest.mark.guarantee("G10")
def test_an_account_that_is_nobodys_gets_nothing_though_its_mail_is_an_engineers(
    slack: InSlack, cast: Cast
) -> None:
    known = sessions_of(cast, "dave")
    before = len(slack.told("dave"))
    slack.type("dave", f"{UAT} 10m {WHY}")
    slack.told_of("dave", "/jit link", after=before)
    assert sessions_of(cast, "dave") == known


def test_a_code_alone_links_nothing_and_with_the_persons_word_it_links(
    slack: InSlack, cast: Cast
) -> None:
    before = len(slack.told("dave"))
    slack.type("dave", "link")
    told = slack.told_of("dave", "pam link slack ", after=before)
    code = code_in(told)
    dave = cast.person("dave")
    would = dave.post("/pam/links", {"surface": "slack", "code": code})
    assert would.body["pending"] is True
    assert would.body["principal"] == DAVE
    assert cast.pam("dave", "unlink", DAVE).returncode == 4, "it is not linked yet"
    linked = dave.post("/pam/links", {"surface": "slack", "code": code, "accept": DAVE})
    assert linked.status == 200
    assert DAVE in dave.get("/pam/me").body["principals"]
    session_id = slack.ask("dave")
    assert dave.session(session_id)["requester"] == DAVE


def test_what_is_unlinked_asks_for_nothing_any_more(slack: InSlack, cast: Cast) -> None:
    link_anew(cast, slack.way, "dave")
    assert cast.pam("dave", "unlink", DAVE).returncode == 0
    known = sessions_of(cast, "dave")
    before = len(slack.told("dave"))
    slack.type("dave", f"{UAT} 10m {WHY}")
    slack.told_of("dave", "link", after=before)
    assert sessions_of(cast, "dave") == known


def test_a_link_is_asked_for_anew_when_what_it_rests_on_has_changed(
    slack: InSlack, cast: Cast
) -> None:
    link_anew(cast, slack.way, "dave")
    try:
        mail = "dave@elsewhere.example"
        heard(cast, lambda: cast.slack.call("change_user", user="dave", email=mail))
        before, known = len(slack.told("dave")), sessions_of(cast, "dave")
        slack.type("dave", f"{UAT} 10m {WHY}")
        slack.told_of("dave", "/jit link", after=before)
        assert sessions_of(cast, "dave") == known
    finally:
        mail = "dave@bank.example"
        heard(cast, lambda: cast.slack.call("change_user", user="dave", email=mail))
