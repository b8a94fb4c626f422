"""The door for Slack: the function behind both ways in."""

from aws_cdk import Duration, Stack
from constructs import Construct

from pam.domain.proofs import Maker
from pam.names import SlackSecret, slack_secret_name, slack_socket_role_name
from pam.settings import SlackDoorSettings
from stacks.door_calls import DoorCalls
from stacks.function_platform import FunctionPlatform
from stacks.pam_function import PamFunction
from stacks.proof_keys import ProofKeys
from stacks.revocation import Revocation
from stacks.slack_queue import SlackQueue
from stacks.slack_secrets import grant_read_secret
from stacks.slack_table import SlackTable
from stacks.workflow_handle import WorkflowHandle

_TIMEOUT = Duration.seconds(10)
"""Slack hears nothing after three; what was begun by then is finished."""
_A_WHOLE_PROCESSOR = 1769
"""MB, with which Lambda gives one: a cold start is processor time, and Slack waits for it too."""


class SlackDoor(Construct):
    """It may do what people may do in Slack: ask, vote, give back, and have a code shown. It has no
    right to link, block, review or hand out anything, and none on a target.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        handle: WorkflowHandle,
        proof_keys: ProofKeys,
        revocation: Revocation,
        calls: DoorCalls,
        table: SlackTable,
        queue: SlackQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        store, slack, env_name = platform.session_store, platform.config.slack, platform.env_name
        stack = Stack.of(self)
        secrets = [SlackSecret.BOT_TOKEN]
        if slack.by_http:
            secrets.append(SlackSecret.SIGNING_SECRET)
        self.function = PamFunction(
            self,
            "SlackDoor",
            platform=platform,
            handler="slack_door",
            description="Takes what people type and press in Slack",
            settings=SlackDoorSettings(
                env_name=env_name,
                table_name=store.table.table_name,
                slack_table=table.table.table_name,
                slack_queue_url=queue.queue.queue_url,
                slack_api_url=slack.api_url,
                slack_bot_token=slack_secret_name(env_name, SlackSecret.BOT_TOKEN),
                slack_team_ids=",".join(slack.team_ids),
                slack_enterprise_ids=",".join(slack.enterprise_ids),
                slack_signing_secret=slack_secret_name(env_name, SlackSecret.SIGNING_SECRET)
                if slack.by_http
                else "",
                slack_socket_role=slack_socket_role_name(env_name) if slack.by_socket else "",
                slack_commands=",".join(slack.commands),
                slack_reactions="on" if slack.reactions else "",
                slack_key_arn=proof_keys.arn(Maker.SLACK),
                door_key_arn=proof_keys.arn(Maker.DOOR),
                calls_table=calls.table.table_name,
                account=stack.account,
                region=stack.region,
                state_machine_arn=handle.arn,
                revoke_function=revocation.function.function.function_name,
            ),
            timeout=_TIMEOUT,
            memory=_A_WHOLE_PROCESSOR,
        )
        role = self.function.role
        store.grant_take_steps(role)
        # The write that decides an end takes the grant away as well.
        store.grant_let_go(role)
        store.grant_list(role)
        store.grant_see_blocks(role)
        store.grant_see_links(role)
        store.grant_show_codes(role)
        proof_keys.grant_make(role, Maker.SLACK)
        # Whom somebody linked it knows by the request API's own proof.
        proof_keys.grant_tell(role, Maker.DOOR)
        handle.grant_start(role)
        handle.grant_answer_wait(role)
        calls.grant_note(role)
        # It decides that access is given back, and has it taken by the function that can.
        revocation.function.grant_invoke(role)
        table.grant_remember(role)
        if slack.reactions:
            table.grant_find_card(role)
        queue.grant_send(role)
        for secret in secrets:
            grant_read_secret(role, slack_secret_name(env_name, secret))
