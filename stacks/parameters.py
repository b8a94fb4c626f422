"""What other systems look up: published names, under /bank/{env}/mod046/."""

from collections.abc import Mapping

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from pam.names import Parameter, parameter_path


class Parameters(Construct):
    """One SSM parameter for each member of `Parameter`; a member without a value is an error."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, values: Mapping[Parameter, str]
    ) -> None:
        super().__init__(scope, construct_id)
        for parameter in Parameter:
            ssm.StringParameter(
                self,
                parameter.name.title().replace("_", ""),
                parameter_name=parameter_path(env_name, parameter),
                string_value=values[parameter],
            )
