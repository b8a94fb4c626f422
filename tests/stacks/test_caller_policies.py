"""The managed policies of those who call: each office its own calls, and where `pam` finds them."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from documents.callers import FOLDER, PLACEHOLDERS, documents
from pam.names import CallerOffice, Parameter, caller_policy_name, parameter_path
from tests.stacks.template import Deployment, as_list

EVERYBODYS = {
    "GET /pam/check",
    "GET /pam/inbox",
    "GET /pam/me",
    "GET /pam/resources",
    "GET /pam/sessions",
    "GET /pam/sessions/{session_id}",
    "GET /pam/sessions/{session_id}/audit",
    "GET /pam/stuck",
}
LINKS = {"POST /pam/links", "DELETE /pam/links/{principal+}"}
OWN = {
    CallerOffice.REQUESTER: LINKS
    | {
        "POST /pam/confirm",
        "POST /pam/end",
        "POST /pam/request",
        "POST /pam/sessions/{session_id}/credentials",
    },
    CallerOffice.APPROVER: LINKS | {"POST /pam/approve", "POST /pam/review"},
    CallerOffice.OPERATOR: LINKS
    | {
        "DELETE /pam/blocklist/{principal+}",
        "GET /pam/blocklist",
        "POST /pam/block",
        "POST /pam/erase",
        "POST /pam/revoke",
    },
    CallerOffice.AUDITOR: {"GET /pam/blocklist"},
}
CALLS = {
    **{office: EVERYBODYS | own for office, own in OWN.items()},
    CallerOffice.SERVICE: {"GET /pam/check"},
}


def _policy(deployment: Deployment, office: CallerOffice) -> dict[str, Any]:
    name = caller_policy_name(deployment.env_name, office)
    (found,) = (
        policy["Properties"]["PolicyDocument"]
        for policy in deployment.of_type("AWS::IAM::ManagedPolicy").values()
        if policy["Properties"]["ManagedPolicyName"] == name
    )
    return dict(found)


def _example(call: str) -> str:
    """The call as a caller makes it, in the form of a method's ARN."""
    path = call.replace("{session_id}", "01J0000000000000000000000A")
    return path.replace(" ", "").replace("{principal+}", "arn:aws:iam::1:user/bob")


def _methods(deployment: Deployment) -> set[str]:
    resources = deployment.of_type("AWS::ApiGateway::Resource")

    def path(reference: Any) -> str:
        found = resources.get(reference.get("Ref", ""), {}).get("Properties")
        return f"{path(found['ParentId'])}/{found['PathPart']}" if found else ""

    return {
        f"{each['Properties']['HttpMethod']} {path(each['Properties']['ResourceId'])}"
        for each in deployment.of_request_api("AWS::ApiGateway::Method").values()
    }


def _allowed(deployment: Deployment, office: CallerOffice) -> set[str]:
    """Of all the calls that the API has, by IAM's own matching: `*` takes slashes, too."""
    statement = next(
        each
        for each in _policy(deployment, office)["Statement"]
        if each["Action"] == "execute-api:Invoke"
    )
    api, _ = deployment.request_api()
    patterns = [deployment.text(each) for each in as_list(statement["Resource"])]
    begin = f"{api}}}/v1/"
    assert all(begin in pattern for pattern in patterns), "of another API or stage"
    return {
        call
        for call in _methods(deployment)
        if any(fnmatchcase(_example(call), each.partition(begin)[2]) for each in patterns)
    }


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("office", CallerOffice)
def test_an_office_may_make_its_calls_and_no_others(
    every: Deployment, office: CallerOffice
) -> None:
    assert _allowed(every, office) == CALLS[office]


def test_every_call_of_the_api_is_some_offices(every: Deployment) -> None:
    assert _methods(every) == set().union(EVERYBODYS, *OWN.values())


@pytest.mark.parametrize("office", CallerOffice)
def test_besides_calling_an_office_may_read_where_the_api_is_and_do_nothing_else(
    every: Deployment, office: CallerOffice
) -> None:
    statements = _policy(every, office)["Statement"]

    assert [each["Effect"] for each in statements] == ["Allow", "Allow"]
    rights = {each["Action"]: every.text(each["Resource"]) for each in statements}
    assert set(rights) == {"execute-api:Invoke", "ssm:GetParameter"}
    path = parameter_path(every.env_name, Parameter.REQUEST_API_ENDPOINT)
    assert rights["ssm:GetParameter"].endswith(f":parameter{path}")


@pytest.mark.parametrize("office", CallerOffice)
def test_the_policy_to_paste_into_other_accounts_is_the_deployed_one(
    prod: Deployment, office: CallerOffice
) -> None:
    pasted = json.loads((FOLDER / f"{office}.json").read_text(encoding="utf-8"))
    api, _ = prod.request_api()
    text = prod.text(_policy(prod, office))
    # What is filled in there is known here: the words that stand for it are the page's.
    for here, there in (
        (f"${{{api}}}", PLACEHOLDERS["api"]),
        ("${AWS::AccountId}", PLACEHOLDERS["account"]),
        ("eu-west-1", PLACEHOLDERS["region"]),
        ("/prod/", f"/{PLACEHOLDERS['env']}/"),
    ):
        text = text.replace(here, there)

    def rights(document: Any) -> dict[str, set[str]]:
        return {each["Action"]: set(as_list(each["Resource"])) for each in document["Statement"]}

    deployed = json.loads(text)
    statements = [json.loads(each) for each in json.loads(deployed["Statement"])]
    for each in statements:
        if each["Resource"].startswith("["):
            each["Resource"] = json.loads(each["Resource"])
    expected = rights({"Statement": statements})
    # `pam` reads the parameter in the account of the person who calls.
    (parameter,) = expected.pop("ssm:GetParameter")
    found = rights(pasted)
    assert found.pop("ssm:GetParameter") == {
        parameter.replace(PLACEHOLDERS["account"], PLACEHOLDERS["callers_account"])
    }
    assert found == expected


def test_the_policies_to_paste_are_as_generated_and_fit() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(documents())
    for name, text in documents().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text
        assert len("".join(text.split())) < 6144
