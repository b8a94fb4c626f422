"""The token endpoint: one right way in, and each single thing that makes it wrong."""

from typing import Any

import pytest

from local.okta.service import Okta
from tests.local.okta.calling import (
    ISSUER,
    MEMBER,
    REVOKER,
    SCOPES,
    TOKEN_URL,
    Caller,
    Clock,
    Key,
)


def ready(okta: Okta) -> Caller:
    """With the nonce, so that nothing but the fault of the test is left to refuse."""
    caller = Caller(okta=okta)
    caller.ask_token()
    return caller


def test_the_first_proof_has_no_nonce_and_is_told_which(okta: Okta) -> None:
    first = Caller(okta=okta).ask_token()
    assert (first.status, first.content["error"]) == (400, "use_dpop_nonce")
    assert first.headers["DPoP-Nonce"]


def test_the_same_assertion_serves_again_after_the_nonce_was_named(okta: Okta) -> None:
    caller = Caller(okta=okta)
    assertion = caller.assertion()
    assert caller.ask_token(assertion=assertion).status == 400
    assert caller.ask_token(assertion=assertion).status == 200


def test_a_token_is_of_the_kind_dpop_lives_an_hour_and_has_the_scopes_asked_for(
    okta: Okta,
) -> None:
    got = ready(okta).ask_token(scope="okta.groups.read")
    told = {name: got.content[name] for name in ("token_type", "expires_in", "scope")}
    assert told == {"token_type": "DPoP", "expires_in": 3600, "scope": "okta.groups.read"}


WRONG_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "the audience is the organisation": ({"aud": "https://bank.okta.com"}, "audience"),
    "the audience is another one's endpoint": (
        {"aud": "https://evil.okta.com/oauth2/v1/token"},
        "audience",
    ),
    "it is over": ({"exp": 1_799_999_999}, "expired"),
    "it has no end": ({"exp": None}, "expired"),
    "it lives for more than an hour": ({"exp": 1_800_003_700}, "too far"),
    "its end is a text": ({"exp": "1800000060"}, "expired"),
    "it is of the future": ({"iat": 1_800_000_900}, "future"),
    "it has no jti": ({"jti": None}, "no jti"),
    "nobody issued it": ({"iss": None}, "no client"),
    "it is about another": ({"sub": REVOKER}, "no client"),
    "its client does not exist": ({"iss": "0oanobody", "sub": "0oanobody"}, "no client"),
}


@pytest.mark.parametrize("fault", WRONG_CLAIMS)
def test_an_assertion_is_refused_if(okta: Okta, fault: str) -> None:
    claims, why = WRONG_CLAIMS[fault]
    caller = ready(okta)
    got = caller.ask_token(assertion=caller.assertion(**claims))
    assert (got.status, got.content["error"]) == (401, "invalid_client")
    assert why in got.content["error_description"]


def test_an_assertion_is_good_once(okta: Okta) -> None:
    caller = ready(okta)
    assertion = caller.assertion(jti="once")
    assert caller.ask_token(assertion=assertion).status == 200
    again = caller.ask_token(assertion=assertion)
    assert "already been used" in again.content["error_description"]
    assert "already been used" in str(caller.ask_token(assertion=caller.assertion(jti="once")).body)


def test_an_assertion_is_refused_if_another_key_signed_it(okta: Okta) -> None:
    caller, other = ready(okta), Key("kid-1")
    forged = other.sign(
        {"alg": "ES256", "kid": "kid-1"},
        {"iss": ISSUER, "sub": ISSUER, "aud": TOKEN_URL, "exp": caller.now() + 60, "jti": "j"},
    )
    got = caller.ask_token(assertion=forged)
    assert (got.status, got.content["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "header", [{"kid": "another"}, {"kid": None}, {"alg": "none"}, {"alg": "HS256"}]
)
def test_an_assertion_is_refused_if_its_header_says(okta: Okta, header: dict[str, Any]) -> None:
    caller = ready(okta)
    got = caller.ask_token(assertion=caller.assertion(header=header))
    assert got.content["error"] == "invalid_client"


def test_the_key_of_one_app_does_not_sign_for_the_other(okta: Okta) -> None:
    issuer, revoker = ready(okta), Caller(okta=okta, client_id=REVOKER)
    assert revoker.key.kid == issuer.key.kid
    got = issuer.ask_token(assertion=issuer.assertion(iss=REVOKER, sub=REVOKER))
    assert got.content["error"] == "invalid_client"


def test_two_keys_of_an_app_both_serve_until_one_is_taken_away(okta: Okta) -> None:
    older, newer = Caller(okta=okta, key=Key("a")), Caller(okta=okta, key=Key("b"))
    assert older.sign_in().token
    assert newer.sign_in().token
    del okta.directory.apps[ISSUER].keys[0]
    assert older.ask_token().content["error"] == "invalid_client"
    assert newer.ask_token().status == 200


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "..", "bm8.bm8.bm8"])
def test_what_is_no_jwt_is_refused(okta: Okta, text: str) -> None:
    got = ready(okta).ask_token(form={"client_assertion": text})
    assert (got.status, got.content["error"]) == (401, "invalid_client")


WRONG_FORMS: dict[str, tuple[dict[str, str], str]] = {
    "another grant": ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    "another kind of proof": ({"client_assertion_type": "saml"}, "invalid_client"),
    "another client's id": ({"client_id": REVOKER}, "invalid_client"),
    "no scope": ({"scope": ""}, "invalid_scope"),
    "a scope that is not granted": ({"scope": "okta.users.manage"}, "invalid_scope"),
    "one granted and one not": ({"scope": "okta.groups.read okta.apps.manage"}, "invalid_scope"),
}


@pytest.mark.parametrize("fault", WRONG_FORMS)
def test_a_form_is_refused_for(okta: Okta, fault: str) -> None:
    form, error = WRONG_FORMS[fault]
    assert ready(okta).ask_token(form=form).content["error"] == error


def test_an_app_that_needs_dpop_gets_no_token_without_a_proof_and_it_is_in_the_log(
    okta: Okta,
) -> None:
    got = ready(okta).ask_token(proof=None)
    assert (got.status, got.content["error"]) == (400, "invalid_dpop_proof")
    assert okta.log.events[-1].content["outcome"]["reason"] == "invalid_dpop_proof"


def test_being_told_the_nonce_is_no_failure_in_the_log(okta: Okta) -> None:
    assert Caller(okta=okta).sign_in().token
    assert okta.log.events == []


def test_an_app_without_dpop_gets_a_bearers_token(okta: Okta) -> None:
    okta.directory.apps[ISSUER].dpop = False
    caller = Caller(okta=okta)
    got = caller.ask_token(proof=None)
    assert got.content["token_type"] == "Bearer"
    caller.token = got.content["access_token"]
    assert caller.call("PUT", MEMBER, kind="Bearer", proof=None).status == 204


def test_an_app_that_was_switched_off_gets_none_and_its_token_is_good_no_more(
    okta: Okta, caller: Caller
) -> None:
    okta.directory.apps[ISSUER].active = False
    assert caller.ask_token().content["error"] == "invalid_client"
    assert caller.call("PUT", MEMBER).status == 401


def test_a_token_is_over_when_it_says_and_by_this_oktas_clock(
    okta: Okta, clock: Clock, caller: Caller
) -> None:
    clock.now += 3599
    assert caller.call("PUT", MEMBER).status == 204
    clock.now += 1
    assert (caller.call("PUT", MEMBER).status) == 401
    caller.sign_in()
    okta.faults.turn({"clock_ahead": 3600})
    assert caller.call("PUT", MEMBER).content["errorCode"] == "E0000011"


def test_an_assertion_of_a_caller_whose_clock_is_behind_is_over(okta: Okta) -> None:
    caller = Caller(okta=okta, seconds_ahead=-120)
    assert "expired" in caller.ask_token().content["error_description"]


def test_the_endpoint_can_be_down_alone(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"token_down": True})
    assert caller.ask_token().status == 503
    assert caller.call("PUT", MEMBER).status == 204
    okta.faults.turn({"token_down": False, "down": True})
    assert (caller.ask_token().status, caller.call("PUT", MEMBER).status) == (503, 503)


def test_a_forgotten_token_is_answered_as_one_that_never_was(okta: Okta, caller: Caller) -> None:
    okta.tokens.grants.clear()
    assert caller.call("PUT", MEMBER).status == 401
    assert caller.sign_in(SCOPES).call("PUT", MEMBER).status == 204
