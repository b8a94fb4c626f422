"""DPoP at the API: a proof is of this key, this token, this call, this nonce, and good once."""

from typing import Any

import pytest

from local.okta.directory import Directory
from local.okta.service import Okta
from tests.local.okta.calling import (
    ALICE,
    GROUP,
    MEMBER,
    MEMBERS,
    ORGANISATION,
    Caller,
    Clock,
    Key,
)

URL = ORGANISATION + MEMBER

WRONG_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "another method": ({"htm": "GET"}, "'htm' claim"),
    "its method in small letters": ({"htm": "put"}, "'htm' claim"),
    "another call": ({"htu": ORGANISATION + MEMBERS}, "'htu' claim"),
    "another host": ({"htu": "https://evil.okta.com" + MEMBER}, "'htu' claim"),
    "its address with a query": ({"htu": URL + "?limit=2"}, "'htu' claim"),
    "another token": ({"ath": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}, "'ath' claim"),
    "no token": ({"ath": None}, "'ath' claim"),
    "ten minutes ago": ({"iat": 1_799_999_400}, "'iat' claim"),
    "in ten minutes": ({"iat": 1_800_000_600}, "'iat' claim"),
    "no time": ({"iat": None}, "'iat' claim"),
    "no id": ({"jti": None}, "'jti' claim"),
}


@pytest.mark.parametrize("fault", WRONG_CLAIMS)
def test_a_proof_is_refused_that_is_for(okta: Okta, caller: Caller, fault: str) -> None:
    claims, why = WRONG_CLAIMS[fault]
    got = caller.call("PUT", MEMBER, **claims)
    assert (got.status, got.body) == (400, b"")
    assert 'error="invalid_dpop_proof"' in got.challenge
    assert why in got.challenge
    assert not okta.directory.members(GROUP)


def test_a_proof_is_good_once_and_a_used_one_is_called_so(caller: Caller) -> None:
    proof = caller.proof("PUT", URL, token=caller.token)
    assert caller.call("PUT", MEMBER, proof=proof).status == 204
    again = caller.call("PUT", MEMBER, proof=proof)
    assert again.status == 400
    assert "The DPoP proof JWT has already been used." in again.challenge


def test_the_proof_of_a_call_that_was_limited_is_used(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"limited": {"assignUserToGroup": 1}})
    proof = caller.proof("PUT", URL, token=caller.token)
    assert caller.call("PUT", MEMBER, proof=proof).status == 429
    assert "already been used" in caller.call("PUT", MEMBER, proof=proof).challenge
    assert caller.call("PUT", MEMBER).status == 204


def test_the_query_is_no_part_of_what_is_proven(caller: Caller) -> None:
    assert caller.call("GET", f"{MEMBERS}?limit=200").status == 200


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": None}, {"alg": "none"}, {"jwk": None}, {"jwk": {"kty": "oct"}}],
)
def test_a_proof_is_refused_whose_header_says(caller: Caller, header: dict[str, Any]) -> None:
    proof = caller.proof("PUT", URL, token=caller.token, header=header)
    assert caller.call("PUT", MEMBER, proof=proof).status == 400


def test_a_proof_that_shows_a_private_key_is_refused(caller: Caller) -> None:
    header = {"jwk": caller.proof_key.jwk | {"d": "AA"}}
    proof = caller.proof("PUT", URL, token=caller.token, header=header)
    assert caller.call("PUT", MEMBER, proof=proof).status == 400


def test_a_proof_signed_by_another_key_than_it_shows_is_refused(caller: Caller) -> None:
    proof = caller.proof("PUT", URL, token=caller.token, header={"jwk": Key().jwk})
    assert "signature" in caller.call("PUT", MEMBER, proof=proof).challenge


def test_whoever_has_the_token_alone_has_nothing(okta: Okta, caller: Caller) -> None:
    thief = Caller(okta=okta, token=caller.token, nonce=caller.nonce)
    assert "not of the key" in thief.call("PUT", MEMBER).challenge
    assert thief.call("PUT", MEMBER, proof=None).status == 400
    assert thief.call("PUT", MEMBER, proof=None, kind="Bearer").status == 401
    assert thief.call("PUT", MEMBER, proof=None, kind="SSWS").status == 401
    assert not okta.directory.members(GROUP)


def test_an_old_nonce_is_refused_and_the_newest_named(okta: Okta, caller: Caller) -> None:
    old = caller.nonce
    okta.proofs.turn_nonce()
    got = caller.call("PUT", MEMBER)
    assert (got.status, got.body) == (400, b"")
    assert 'error="use_dpop_nonce"' in got.challenge
    assert got.headers["DPoP-Nonce"] not in {old, None}
    assert caller.call("PUT", MEMBER).status == 204


def test_a_nonce_gets_old_by_itself(okta: Okta, clock: Clock, caller: Caller) -> None:
    okta.faults.turn({"nonce_lives": 60})
    clock.now += 60
    assert 'error="use_dpop_nonce"' in caller.call("PUT", MEMBER).challenge


def test_the_nonces_refusal_can_be_a_401(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"nonce_status": 401})
    assert caller.call("PUT", MEMBER, nonce=None).status == 401


def test_without_the_demand_a_proof_needs_no_nonce_but_an_old_one_is_old(
    okta: Okta, caller: Caller
) -> None:
    assert caller.call("PUT", MEMBER, nonce=None).status == 400
    okta.faults.turn({"api_nonce": False})
    assert caller.call("PUT", MEMBER, nonce=None).status == 204
    assert caller.call("PUT", MEMBER, nonce="old").status == 400


def test_every_answer_to_a_proof_names_the_newest_nonce(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"limited": {"getGroup": 1}})
    answers = [
        caller.call("PUT", MEMBER),
        caller.call("GET", f"/api/v1/groups/{GROUP}"),
        caller.call("GET", "/api/v1/groups/00gnone"),
        caller.call("DELETE", f"/api/v1/users/{ALICE}/sessions"),
    ]
    assert [it.status for it in answers] == [204, 429, 404, 403]
    assert {it.headers.get("DPoP-Nonce") for it in answers} == {okta.proofs.nonce}


def test_a_refused_proof_is_not_used_up(okta: Okta, caller: Caller) -> None:
    proof = caller.proof("PUT", URL, token=caller.token)
    assert caller.call("DELETE", MEMBER, proof=proof).status == 400
    assert caller.call("PUT", MEMBER, proof=proof).status == 204
    assert okta.directory.members(GROUP) == {ALICE}


def test_the_directory_begins_as_its_file_says() -> None:
    directory = Directory()
    assert {len(it) for it in [*directory.users, *directory.groups, *directory.apps]} == {20}
