"""What other systems look up: published names, under /bank/{env}/mod046/."""

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from pam.names import Parameter, SlackParameter, parameter_path
from stacks.approval_workflow import ApprovalWorkflow
from stacks.foundation_stack import FoundationStack
from stacks.request_api import RequestApi
from stacks.slack_api import SlackApi


class Parameters(Construct):
    """One SSM parameter for each member of `Parameter`; a member without a value is an error."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: FoundationStack,
        workflow: ApprovalWorkflow,
        request_api: RequestApi,
    ) -> None:
        super().__init__(scope, construct_id)
        notices = foundation.notifications
        values = {
            Parameter.APPROVAL_WORKFLOW_ARN: workflow.state_machine.state_machine_arn,
            Parameter.REQUEST_API_ENDPOINT: request_api.endpoint,
            Parameter.SESSION_STORE_TABLE_NAME: foundation.session_store.table.table_name,
            Parameter.AUDIT_LOG_GROUP_ARN: foundation.audit_log.arn,
            Parameter.EVENTS_BUS_NAME: notices.bus.event_bus_name,
            Parameter.APPROVER_TOPIC_ARN: notices.approver_topic.topic_arn,
            Parameter.REQUESTER_TOPIC_ARN: notices.requester_topic.topic_arn,
            Parameter.TIER1_TOPIC_ARN: notices.tier1_topic.topic_arn,
            Parameter.AUDIT_ARCHIVE_BUCKET: foundation.archive.bucket.bucket_name,
            Parameter.AUDIT_SIGNING_KEY_ARN: foundation.signing_key.key.key_arn,
        }
        for parameter in Parameter:
            ssm.StringParameter(
                self,
                parameter.name.title().replace("_", ""),
                parameter_name=parameter_path(foundation.env_name, parameter),
                string_value=values[parameter],
            )


class SlackParameters(Construct):
    """The same, of what is there where PAM is in Slack."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, api: SlackApi
    ) -> None:
        super().__init__(scope, construct_id)
        values = {SlackParameter.API_URL: api.endpoint, SlackParameter.SOCKET_URL: api.socket_url}
        for parameter in SlackParameter:
            ssm.StringParameter(
                self,
                parameter.name.title().replace("_", ""),
                parameter_name=parameter_path(env_name, parameter),
                string_value=values[parameter],
            )
