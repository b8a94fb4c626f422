"""The rights of those who call the API, to attach to their permission sets by name."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import CallerOffice, Parameter, caller_policy_name, parameter_path
from stacks.acknowledgments import acknowledge, as_found
from stacks.api_stage import STAGE
from stacks.caller_calls import caller_policy
from stacks.request_api import RequestApi

_MANY = "A session or a person is named in the path; whose it must be, PAM decides."


class CallerPolicies(Construct):
    """A managed policy for each office. Permission sets of other accounts need policies of the same
    names there: `docs/callers/` has them to paste.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, request_api: RequestApi
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        api = stack.format_arn(
            service="execute-api",
            resource=request_api.api.rest_api_id,
            resource_name=STAGE,
        )
        path = parameter_path(env_name, Parameter.REQUEST_API_ENDPOINT).removeprefix("/")
        parameter = stack.format_arn(service="ssm", resource="parameter", resource_name=path)
        for office in CallerOffice:
            document = caller_policy(office, api=api, parameter=parameter)
            policy = iam.ManagedPolicy(
                self,
                office.title(),
                managed_policy_name=caller_policy_name(env_name, office),
                description=f"PAM {env_name}: the calls of {office}s",
                document=iam.PolicyDocument.from_json(document),
            )
            for resource in document["Statement"][0]["Resource"]:
                if "*" in resource:
                    acknowledge(
                        policy, f"AwsSolutions-IAM5[Resource::{as_found(self, resource)}]", _MANY
                    )
