"""A module that relies on PAM, as `examples/consumer` has it: it hears, asks, and lets in.

One story, because a stack is deployed for it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
import urllib3
from botocore.credentials import Credentials

from caller_proof import make_proof
from local.cast import Cast, Person, until
from local.consumer import deployed
from pam_check import PamCheck
from tests.e2e.function_calls import Place, own_credentials

SANDBOX, LEDGER = "core-sandbox-admin", "core-ledger-admin"
_HTTP = urllib3.PoolManager(timeout=urllib3.Timeout(30), retries=False)


@pytest.fixture(scope="module")
def consumer(cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("consumer") / "assembly"
    with deployed(cast.about["endpoint_url"], folder) as outputs:
        yield outputs


def call(cast: Cast, consumer: Mapping[str, str], proof: str) -> int:
    """The example's own API."""
    api = f"{cast.about['endpoint_url']}/restapis/{consumer['ApiId']}/prod/_user_request_/ledger"
    return int(_HTTP.request("GET", api, headers={"X-Caller-Proof": proof}).status)


def proof_of(who: Person, audience: str) -> str:
    about = who.cast.about
    sts = about["endpoint_url"]
    return make_proof(who.credentials, audience, region=about["region"], sts=sts)


def heard(root: Person, handler: str, session_id: str, kind: str) -> Any:
    logs = root.client("logs")
    group = f"/bank/local/consumer-example/{handler}"
    function = Place(root.cast).function(handler)

    def told() -> Any:
        # The emulator shows what a function writes late with that function's next call.
        root.client("lambda").invoke(FunctionName=function, Payload=b"{}")
        # Those of all sessions are there, so this may be many pages.
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [each["message"] for page in pages for each in page["events"]]
        found = [line for line in lines if session_id in line]
        return next((line for line in found if json.dumps(kind) in line), None)

    return until(told, f"{kind} of {session_id} in {group}")


def test_a_module_lets_in_whoever_holds_a_resource_and_hears_of_it(
    cast: Cast, consumer: Mapping[str, str], dave: Person, alice: Person, sam: Person, root: Person
) -> None:
    audience = consumer["Audience"]
    assert call(cast, consumer, proof_of(dave, audience)) == 403, "holds nothing yet"
    session_id = dave.request(SANDBOX, duration_seconds=600)["session_id"]
    dave.wait_for(session_id, "ACTIVE")
    # It takes no answer within three seconds for a no.
    until(
        lambda: call(cast, consumer, proof_of(dave, audience)) == 200 or None, "dave to be let in"
    )
    assert call(cast, consumer, proof_of(alice, audience)) == 403, "it is not alice's"
    assert call(cast, consumer, proof_of(dave, "another-api")) == 403, "not for this audience"
    assert call(cast, consumer, "dave") == 403
    revoked = sam.post("/pam/revoke", {"session_id": session_id, "reason": "only for a test"})
    assert revoked.status == 200
    until(
        lambda: call(cast, consumer, proof_of(dave, audience)) == 403 or None,
        "the revocation to be seen",
    )
    heard(root, "hear.event", session_id, "PAM Session Activated")
    heard(root, "hear.event", session_id, "PAM Session Revoked")
    heard(root, "hear.lines", session_id, "Requested")
    heard(root, "hear.lines", session_id, "Revoked")


def client(cast: Cast, place: Place, function: str) -> PamCheck:
    """In the role of one of the example's functions, with the credentials that this has. The
    emulator knows these once the function was called, and whatever that call answers.
    """
    root = cast.person("root").client("lambda")
    root.invoke(FunctionName=place.function(function), Payload=b"{}")
    hands = own_credentials(place, function)
    keys = Credentials(hands.access_key_id, hands.secret_access_key, hands.session_token)
    return PamCheck(cast.about["api_url"], keys, cast.about["region"], timeout=30)


@pytest.mark.guarantee("G10")
@pytest.mark.usefixtures("consumer")
def test_a_listed_role_may_ask_about_its_resource_and_another_of_the_same_rights_may_not(
    cast: Cast, dave: Person, alice: Person, root: Person
) -> None:
    place, iam = Place(cast), root.client("iam")
    session_id = dave.request(SANDBOX, duration_seconds=600)["session_id"]
    ends = dave.wait_for(session_id, "ACTIVE")["expires_at"]
    listed = client(cast, place, "authorizer")
    yes = listed.check(SANDBOX, dave.principal)
    assert (yes.allowed, yes.session_id) == (True, session_id)
    assert yes.expires_at == datetime.fromisoformat(ends)
    assert not listed.check(SANDBOX, alice.principal).allowed
    assert "NOT_ELIGIBLE" in listed.check(LEDGER, dave.principal).why
    role = place.functions["hear.lines"]["Role"].rpartition("/")[2]
    policy = f"arn:aws:iam::{cast.about['account']}:policy/pam-local-service"
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    try:
        refused = client(cast, place, "hear.lines").check(SANDBOX, dave.principal)
    finally:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    assert not refused.allowed
    assert "identities file must list" in refused.why, "by the API's policy: it has the rights"
    dave.post("/pam/end", {"session_id": session_id})
    assert not listed.check(SANDBOX, dave.principal).allowed
