"""What API Gateway itself answers, in the same problem documents that the functions use."""

import json
from dataclasses import dataclass, field

from aws_cdk import aws_apigateway as apigateway

from pam.domain.errors import Code
from pam.domain.problems import INTERNAL, PROBLEMS, UNAUTHENTICATED


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayProblem:
    """One kind of refusal before a function is reached, as RFC 9457 has it."""

    type: apigateway.ResponseType
    status: int
    """Its own, where the gateway tells apart what one code is for."""
    code: str
    detail: str
    field_name: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> str:
        document: dict[str, object] = {
            "type": PROBLEMS[self.code].urn,
            "title": PROBLEMS[self.code].title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.field_name:
            document["errors"] = [{"field": self.field_name, "message": self.detail}]
        return json.dumps(document)


_UNSIGNED = "sign the call with AWS credentials (SigV4, service execute-api)"
_BODY = "the body must be one flat JSON object of at most 16 fields, each 4096 characters at most"

ANSWERS = (
    GatewayProblem(
        type=apigateway.ResponseType.ACCESS_DENIED,
        status=403,
        code=Code.NOT_ELIGIBLE,
        detail=(
            "these AWS credentials may not call this API; they need execute-api:Invoke on this "
            "call, and PAM's identities file must list their account and permission set or user"
        ),
    ),
    GatewayProblem(
        type=apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN,
        status=403,
        code=UNAUTHENTICATED,
        detail=f"the call is not signed, or there is no such path: {_UNSIGNED}",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.UNAUTHORIZED,
        status=401,
        code=UNAUTHENTICATED,
        detail=_UNSIGNED,
    ),
    GatewayProblem(
        type=apigateway.ResponseType.INVALID_SIGNATURE,
        status=403,
        code=UNAUTHENTICATED,
        detail="the signature is not valid: check the credentials, the region and the clock",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.EXPIRED_TOKEN,
        status=403,
        code=UNAUTHENTICATED,
        detail="the AWS credentials have expired; sign in again",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.BAD_REQUEST_BODY,
        status=400,
        code=Code.VALIDATION,
        detail=_BODY,
        field_name="body",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.BAD_REQUEST_PARAMETERS,
        status=400,
        code=Code.VALIDATION,
        detail="the query or a header is not what this API accepts",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.REQUEST_TOO_LARGE,
        status=413,
        code=Code.VALIDATION,
        detail=_BODY,
        field_name="body",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.UNSUPPORTED_MEDIA_TYPE,
        status=415,
        code=Code.VALIDATION,
        detail="send the body as application/json",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.THROTTLED,
        status=429,
        code=Code.THROTTLED,
        detail="too many calls; try again in a second",
        headers={"Retry-After": "'1'"},
    ),
    GatewayProblem(
        # What is left: above all, credentials that AWS does not know.
        type=apigateway.ResponseType.DEFAULT_4_XX,
        status=403,
        code=UNAUTHENTICATED,
        detail=f"API Gateway does not know these credentials: {_UNSIGNED}",
    ),
    GatewayProblem(
        type=apigateway.ResponseType.DEFAULT_5_XX,
        status=500,
        code=INTERNAL,
        detail="the call failed and may or may not have taken effect; look before trying again",
    ),
)


def add_problem_responses(api: apigateway.RestApi) -> None:
    for problem in ANSWERS:
        api.add_gateway_response(
            f"Problem{problem.type.response_type}",
            type=problem.type,
            status_code=str(problem.status),
            response_headers={"Content-Type": "'application/problem+json'", **problem.headers},
            templates={"application/json": problem.body()},
        )
