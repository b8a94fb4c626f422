"""Ends sessions: on the clock, when that is decided, and after a failure."""

import json

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from pam.names import Table, revocation_role_name
from pam.settings import RevokeSettings
from stacks.dead_letters import DeadLetters
from stacks.lent_databases import LentDatabases
from stacks.pam_function import API_TIMEOUT, FunctionPlatform, PamFunction
from stacks.session_store import SessionStore
from stacks.target_roles import TargetRoles
from stacks.workflow_handle import WorkflowHandle


class Revocation(Construct):
    """The one function that may assume the revoker roles; they trust its role by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        session_store: SessionStore,
        workflow: WorkflowHandle,
        target_roles: TargetRoles,
        databases: LentDatabases,
        dead_letters: DeadLetters,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        self.function = PamFunction(
            self,
            "RevokeSession",
            platform=platform,
            handler="revoke_session",
            description="Takes access back, confirms it at the target and closes the session",
            trusted_role=revocation_role_name(platform.env_name),
            settings=RevokeSettings(
                env_name=platform.env_name,
                table_name=session_store.table.table_name,
                account=stack.account,
                region=stack.region,
                state_machine_arn=workflow.arn,
                database_sslmode=platform.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
            ),
            timeout=API_TIMEOUT,
            reaches_databases=True,
        )
        role = self.function.role
        session_store.grant_take_steps(role)
        session_store.grant_see_grants(role)
        session_store.grant_let_go(role)
        session_store.grant_see_delivered(role)
        session_store.grant_check_out(role)
        session_store.grant_see_blocks(role)
        # What somebody who is blocked has open is found by the index of what is open.
        session_store.grant_find_overdue(role)
        workflow.grant_stop(role)
        # That a workflow failed is believed from its own history.
        workflow.grant_read_history(role)
        workflow.grant_fail_wait(role)
        databases.grant_unmake(role)
        dead_letters.receive_from(self.function, retries=2)
        session_store.grant_follow(role, Table.GRANTS)
        self._follow_grants(session_store, dead_letters)
        if target_roles.revokers:
            self.function.allow_only_here("sts:AssumeRole", on=target_roles.revokers)

    def _follow_grants(self, session_store: SessionStore, dead_letters: DeadLetters) -> None:
        """The last of the belts: DynamoDB removes a grant by its time to live, whatever else has
        died, and says so in the stream. Days late at worst, minutes as a rule.
        """
        run_out = {
            "eventName": ["REMOVE"],
            "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
        }
        mapping = lambda_.CfnEventSourceMapping(
            self,
            "GrantsRunOut",
            function_name=self.function.function.function_name,
            event_source_arn=session_store.stream_arn_of(Table.GRANTS),
            starting_position="TRIM_HORIZON",
            filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
                filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern=json.dumps(run_out))]
            ),
            # Each may take as long as a target takes to answer.
            batch_size=1,
            bisect_batch_on_function_error=True,
            function_response_types=["ReportBatchItemFailures"],
            # The tick goes on trying; this belt must not hold up the stream for ever.
            maximum_retry_attempts=10,
            maximum_record_age_in_seconds=int(Duration.hours(1).to_seconds()),
            destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
                on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(
                    destination=dead_letters.queue.queue_arn
                )
            ),
        )
        # Lambda checks the right to read when the mapping is made.
        mapping.node.add_dependency(self.function.role)
