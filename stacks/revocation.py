"""Ends sessions: on the clock, when that is decided, and after a failure."""

from aws_cdk import Duration, Stack
from constructs import Construct

from pam.names import Table, revocation_role_name
from pam.settings import RevokeSettings
from stacks.function_platform import FunctionPlatform
from stacks.lent_targets import LentTargets
from stacks.pam_function import API_TIMEOUT, PamFunction
from stacks.stream_mapping import follow_stream
from stacks.workflow_handle import WorkflowHandle

_RUN_OUT = {
    "eventName": ["REMOVE"],
    # Only what the time to live removed; a session that is ended removes its grant itself.
    "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]},
}


class Revocation(Construct):
    """The one function that may assume the revoker roles; they trust its role by name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        handle: WorkflowHandle,
        lent: LentTargets,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
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
                table_name=store.table.table_name,
                cloudtrail=platform.config.cloudtrail or "",
                account=stack.account,
                region=stack.region,
                state_machine_arn=handle.arn,
                database_sslmode=platform.config.database_sslmode,
                database_root_certificate=platform.database_root_certificate,
                vendors=platform.vendors,
            ),
            timeout=API_TIMEOUT,
            clocked=True,
            reaches_databases=True,
        )
        role = self.function.role
        store.grant_take_steps(role)
        store.grant_see_grants(role)
        store.grant_let_go(role)
        store.grant_see_delivered(role)
        store.grant_check_out(role)
        store.grant_list_blocks(role)
        # What somebody who is blocked has open is found by the index of what is open.
        store.grant_find_overdue(role)
        handle.grant_stop(role)
        # That a workflow failed is believed from its own history.
        handle.grant_read_history(role)
        handle.grant_fail_wait(role)
        lent.databases.grant_unmake(role)
        self.function.bury_failures(retries=2)
        store.grant_follow(role, Table.GRANTS)
        # The last of the belts: DynamoDB removes a grant by its time to live, whatever else has
        # failed, and the stream says so. Minutes late as a rule, days at worst.
        follow_stream(
            self,
            "GrantsRunOut",
            function=self.function,
            dead_letters=platform.dead_letters,
            stream_arn=store.stream_arn_of(Table.GRANTS),
            pattern=_RUN_OUT,
            # Each may take as long as a target takes to answer.
            batch_size=1,
            # The tick goes on trying; this belt must not hold up the stream for ever.
            retries=10,
            give_up_after=Duration.hours(1),
        )
        if lent.roles.revokers:
            self.function.allow_only_here("sts:AssumeRole", on=lent.roles.revokers)
