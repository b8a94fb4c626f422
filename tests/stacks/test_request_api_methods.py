"""The door: which calls there are, who may make them, and what the gateway itself answers."""

import json
from typing import Any

import pytest

from stacks.request_api_problems import ANSWERS
from tests.stacks.template import Deployment

CALLS = {
    "POST /pam/request": "request_api",
    "POST /pam/approve": "request_api",
    "POST /pam/confirm": "request_api",
    "POST /pam/review": "request_api",
    "POST /pam/revoke": "request_api",
    "POST /pam/block": "request_api",
    "POST /pam/end": "request_api",
    "POST /pam/erase": "request_api",
    "GET /pam/sessions": "request_api",
    "GET /pam/stuck": "request_api",
    "GET /pam/sessions/{session_id}": "request_api",
    "GET /pam/sessions/{session_id}/audit": "request_api",
    "POST /pam/sessions/{session_id}/credentials": "issue_credentials",
    "GET /pam/blocklist": "request_api",
    "DELETE /pam/blocklist/{principal+}": "request_api",
    "GET /pam/check": "request_api",
    "GET /pam/resources": "request_api",
    "GET /pam/me": "request_api",
    "GET /pam/inbox": "request_api",
    "POST /pam/links": "request_api",
    "DELETE /pam/links/{principal+}": "request_api",
}


def _methods(deployment: Deployment) -> dict[str, dict[str, Any]]:
    resources = deployment.of_type("AWS::ApiGateway::Resource")

    def path(reference: Any) -> str:
        resource = resources.get(reference.get("Ref", ""))
        if resource is None:
            return ""
        properties = resource["Properties"]
        return f"{path(properties['ParentId'])}/{properties['PathPart']}"

    return {
        f"{method['Properties']['HttpMethod']} {path(method['Properties']['ResourceId'])}": dict(
            method["Properties"]
        )
        for method in deployment.of_request_api("AWS::ApiGateway::Method").values()
    }


def _pattern(call: str) -> str:
    return call.replace(" ", "").replace("{session_id}", "*").replace("{principal+}", "*")


def test_the_calls_are_those_of_the_interface_and_no_preflight(every: Deployment) -> None:
    assert set(_methods(every)) == set(CALLS)


@pytest.mark.parametrize("call", sorted(CALLS))
def test_every_call_is_signed_with_aws_credentials(every: Deployment, call: str) -> None:
    assert _methods(every)[call]["AuthorizationType"] == "AWS_IAM"


@pytest.mark.parametrize(("call", "handler"), sorted(CALLS.items()))
def test_a_call_reaches_its_function(prod: Deployment, call: str, handler: str) -> None:
    integration = _methods(prod)[call]["Integration"]

    assert integration["Type"] == "AWS_PROXY"
    assert f"${{{prod.function(handler)[0]}.Arn}}" in prod.text(integration["Uri"])


def test_the_gateway_may_invoke_a_function_only_for_its_own_calls(every: Deployment) -> None:
    api, _ = every.request_api()
    permitted = {
        source.split("}/", 2)[-1]
        for permission in every.of_type("AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "apigateway.amazonaws.com"
        and f"${{{api}}}" in (source := every.text(permission["Properties"]["SourceArn"]))
    }

    assert permitted == {_pattern(call) for call in CALLS}, (
        "the stage's own test calls and other methods must not be among them"
    )


def test_bodies_are_small_flat_objects_before_a_function_sees_them(every: Deployment) -> None:
    model_name, model = every.only("AWS::ApiGateway::Model")
    _, validator = every.only("AWS::ApiGateway::RequestValidator")
    schema = model["Properties"]["Schema"]

    assert validator["Properties"]["ValidateRequestBody"] is True
    assert schema["maxProperties"] == 16
    assert schema["additionalProperties"]["maxLength"] == 4096
    assert "object" not in schema["additionalProperties"]["type"]
    for call in (call for call in CALLS if call.startswith("POST") and "{" not in call):
        method = _methods(every)[call]
        assert method["RequestModels"] == {"application/json": {"Ref": model_name}}
        assert "RequestValidatorId" in method


def test_asking_voting_and_leasing_are_throttled_harder_than_the_rest(prod: Deployment) -> None:
    stage = prod.request_api_stage()
    settings = {
        f"{each['HttpMethod']} {each['ResourcePath'].replace('~1', '/').removeprefix('/')}": each
        for each in stage["Properties"]["MethodSettings"]
    }
    overall = settings.pop("* *")

    assert set(settings) == {
        "POST /pam/request",
        "POST /pam/approve",
        "POST /pam/confirm",
        "POST /pam/review",
        "POST /pam/sessions/{session_id}/credentials",
    }
    for each in settings.values():
        assert each["ThrottlingRateLimit"] < overall["ThrottlingRateLimit"]
        assert each["ThrottlingBurstLimit"] < overall["ThrottlingBurstLimit"]


def test_the_gateway_logs_who_called_and_never_a_body(every: Deployment) -> None:
    stage = every.request_api_stage()
    properties = stage["Properties"]
    line = json.loads(properties["AccessLogSetting"]["Format"])

    assert line["principal"] == "$context.identity.userArn"
    # What calls are found again by; the request id may be chosen by the caller, this one not.
    assert line["extended_request_id"] == "$context.extendedRequestId"
    assert (line["method"], line["path"], line["status"]) == (
        "$context.httpMethod", "$context.path", "$context.status",
    )  # fmt: skip
    assert not any("userAgent" in value for value in line.values()), "the caller writes that freely"
    assert not any("body" in value or "header" in value for value in line.values())
    assert properties["TracingEnabled"] is False
    for settings in properties["MethodSettings"]:
        assert settings["DataTraceEnabled"] is False


def test_every_answer_of_the_gateway_is_a_problem_document(every: Deployment) -> None:
    for response in every.of_type("AWS::ApiGateway::GatewayResponse").values():
        properties = response["Properties"]
        problem = json.loads(properties["ResponseTemplates"]["application/json"])
        headers = properties["ResponseParameters"]

        assert {"type", "title", "status", "detail", "code"} <= set(problem)
        assert str(problem["status"]) == properties["StatusCode"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


def test_the_gateway_answers_for_everything_it_can_refuse(every: Deployment) -> None:
    answered = {
        response["Properties"]["ResponseType"]: response["Properties"]
        for response in every.of_type("AWS::ApiGateway::GatewayResponse").values()
    }

    assert len(answered) == len(ANSWERS)
    assert {
        "ACCESS_DENIED",
        "BAD_REQUEST_BODY",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "EXPIRED_TOKEN",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "REQUEST_TOO_LARGE",
        "THROTTLED",
    } <= set(answered)
    throttled = answered["THROTTLED"]
    assert throttled["StatusCode"] == "429"
    assert throttled["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_a_function_never_outlives_the_caller_of_the_gateway(every: Deployment) -> None:
    for handler in set(CALLS.values()):
        assert every.function(handler)[1]["Properties"]["Timeout"] < 29
