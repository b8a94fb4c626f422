"""The door: a REST API on which every call is signed by the person who makes it."""

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain.proofs import Maker
from pam.settings import RequestApiSettings
from stacks.acknowledgments import acknowledge, acknowledge_nist
from stacks.api_stage import Throttle, access_log, keep_execution_log, stage_options
from stacks.credential_issuer import CredentialIssuer
from stacks.door_calls import DoorCalls
from stacks.function_platform import FunctionPlatform
from stacks.knocking import Knocking
from stacks.notifications import Notifications
from stacks.pam_function import API_TIMEOUT, PamFunction
from stacks.proof_keys import ProofKeys
from stacks.request_api_problems import add_problem_responses
from stacks.revocation import Revocation
from stacks.workflow_handle import WorkflowHandle

SENSITIVE = (
    "/pam/request/POST",
    "/pam/approve/POST",
    "/pam/confirm/POST",
    "/pam/review/POST",
    "/pam/sessions/{session_id}/credentials/POST",
)
"""Calls that ask, vote, confirm, review or hand out credentials: throttled harder than the rest."""

_NO_WEB_ACL = (
    "Unsigned calls never reach a function and floods are throttled; a web ACL belongs to the "
    "account that fronts the API."
)


class RequestApi(Construct):
    """AWS_IAM on every method, no CORS: no browser has business here.

    API Gateway stops what it can before a function runs: unsigned calls, floods, and bodies that
    are not a small flat JSON object. What a valid body is, the function says.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        handle: WorkflowHandle,
        proof_keys: ProofKeys,
        issuer: CredentialIssuer,
        revocation: Revocation,
        calls: DoorCalls,
        notifications: Notifications,
        knocking: Knocking,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        stack = Stack.of(self)
        self.function = PamFunction(
            self,
            "RequestApi",
            platform=platform,
            handler="request_api",
            description="Takes requests, votes and ends, lists sessions, answers checks",
            settings=RequestApiSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                account=stack.account,
                region=stack.region,
                calls_table=calls.table.table_name,
                state_machine_arn=handle.arn,
                revoke_function=revocation.function.function.function_name,
                door_key_arn=proof_keys.arn(Maker.DOOR),
                tier1_topic_arn=notifications.tier1_topic.topic_arn,
                requester_topic_arn=notifications.requester_topic.topic_arn,
            ),
            timeout=API_TIMEOUT,
        )
        store.grant_take_steps(self.function.role)
        # The write that decides an end takes the grant away as well.
        store.grant_let_go(self.function.role)
        store.grant_list(self.function.role)
        store.grant_see_grants(self.function.role)
        store.grant_block(self.function.role)
        store.grant_link(self.function.role)
        proof_keys.grant_make(self.function.role, Maker.DOOR)
        # Whom it named by a link it knows by its own proof.
        proof_keys.grant_tell(self.function.role, Maker.DOOR)
        handle.grant_start(self.function.role)
        handle.grant_answer_wait(self.function.role)
        calls.grant_note(self.function.role)
        # It decides ends, and has them done by the function that can.
        revocation.function.grant_invoke(self.function.role)
        # An emergency that somebody confirms begins with the alert, and who blocks an operator is
        # heard of.
        notifications.grant_alert_tier1(self.function.role)
        # Whose a principal has become, that person hears.
        notifications.grant_warn_requesters(self.function.role)

        self.api = self._api(platform, knocking)
        small_object = self._small_object()
        validator = self.api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )

        def call(
            method: str, path: str, function: PamFunction, *, body: apigateway.Model | None = None
        ) -> None:
            self.api.root.resource_for_path(path).add_method(
                method,
                apigateway.LambdaIntegration(function.function, allow_test_invoke=False),
                authorization_type=apigateway.AuthorizationType.IAM,
                request_models=None if body is None else {"application/json": body},
                request_validator=validator,
            )

        call("POST", "/pam/request", self.function, body=small_object)
        call("POST", "/pam/approve", self.function, body=small_object)
        call("POST", "/pam/confirm", self.function, body=small_object)
        call("POST", "/pam/review", self.function, body=small_object)
        call("POST", "/pam/revoke", self.function, body=small_object)
        call("POST", "/pam/block", self.function, body=small_object)
        call("POST", "/pam/end", self.function, body=small_object)
        call("POST", "/pam/erase", self.function, body=small_object)
        call("GET", "/pam/blocklist", self.function)
        # A principal's ARN has slashes in it.
        call("DELETE", "/pam/blocklist/{principal+}", self.function)
        call("GET", "/pam/check", self.function)
        call("GET", "/pam/resources", self.function)
        call("GET", "/pam/me", self.function)
        call("GET", "/pam/inbox", self.function)
        call("POST", "/pam/links", self.function, body=small_object)
        call("DELETE", "/pam/links/{principal+}", self.function)
        call("GET", "/pam/sessions", self.function)
        call("GET", "/pam/stuck", self.function)
        call("GET", "/pam/sessions/{session_id}", self.function)
        call("GET", "/pam/sessions/{session_id}/audit", self.function)
        # Takes no body, and an empty one would not pass for an object.
        call("POST", "/pam/sessions/{session_id}/credentials", issuer.function)
        acknowledge(
            self.api,
            "AwsSolutions-COG4",
            "Callers sign with their AWS credentials (AWS_IAM on every method); no user pool.",
        )

    @property
    def endpoint(self) -> str:
        """Base URL without a trailing slash."""
        return self.api.url_for_path().removesuffix("/")

    def _api(self, platform: FunctionPlatform, knocking: Knocking) -> apigateway.RestApi:
        config = platform.config
        knocking.check_size(region=config.region)
        self.access_log = access_log(self, platform, name="request-api-access")
        sensitive = Throttle(
            rate=config.sensitive_throttle_rate, burst=config.sensitive_throttle_burst
        )
        api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=f"pam-{config.env_name}",
            description="Privileged access management (MOD-046)",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            # Part of the deployment's hash, too: a stage goes on with the policy it began with.
            policy=iam.PolicyDocument.from_json(
                knocking.document(config.account or Stack.of(self).account)
            ),
            # The role is the account's, not only ours: the foundation sets it (gateway_logging).
            cloud_watch_role=False,
            deploy_options=stage_options(
                config, self.access_log, dict.fromkeys(SENSITIVE, sensitive)
            ),
        )
        keep_execution_log(self, api, platform)
        add_problem_responses(api)
        acknowledge(api, "AwsSolutions-APIG3", _NO_WEB_ACL)
        acknowledge_nist(
            api,
            {
                "APIGWAssociatedWithWAF": _NO_WEB_ACL,
                "APIGWCacheEnabledAndEncrypted": (
                    "Each answer is decided for one caller at one instant; none may be kept."
                ),
                "APIGWSSLEnabled": (
                    "A client certificate is shown to an HTTP back end; behind this API are "
                    "functions, called by IAM."
                ),
            },
        )
        return api

    def _small_object(self) -> apigateway.Model:
        """As near to a size limit as CloudFormation can come: the gateway's own is 10 MB.

        Types and fields are left to the function, which can say what is wrong with each of them.
        """
        anything_small = apigateway.JsonSchema(
            type=[
                apigateway.JsonSchemaType.STRING,
                apigateway.JsonSchemaType.NUMBER,
                apigateway.JsonSchemaType.BOOLEAN,
                apigateway.JsonSchemaType.NULL,
            ],
            max_length=4096,
        )
        return self.api.add_model(
            "SmallObject",
            content_type="application/json",
            schema=apigateway.JsonSchema(
                schema=apigateway.JsonSchemaVersion.DRAFT4,
                type=apigateway.JsonSchemaType.OBJECT,
                max_properties=16,
                additional_properties=anything_small,
            ),
        )
