"""PAM in Slack: all that a deployment has of it, made only where `slack.modes` says so."""

from constructs import Construct

from stacks.door_calls import DoorCalls
from stacks.function_platform import FunctionPlatform
from stacks.notifications import Notifications
from stacks.proof_keys import ProofKeys
from stacks.revocation import Revocation
from stacks.slack_api import SlackApi
from stacks.slack_door import SlackDoor
from stacks.slack_painting import SlackPainting
from stacks.slack_queue import SlackQueue
from stacks.slack_socket import SlackSocket
from stacks.slack_table import SlackTable
from stacks.workflow_handle import WorkflowHandle


class Slack(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        notifications: Notifications,
        proof_keys: ProofKeys,
        handle: WorkflowHandle,
        revocation: Revocation,
        calls: DoorCalls,
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = SlackTable(self, "Memory", env_name=platform.env_name, key=platform.key)
        self.queue = SlackQueue(self, "Telling", env_name=platform.env_name, key=platform.key)
        self.painting = SlackPainting(
            self,
            "Painting",
            platform=platform,
            table=self.table,
            queue=self.queue,
            notifications=notifications,
            proof_keys=proof_keys,
        )
        self.door = SlackDoor(
            self,
            "Door",
            platform=platform,
            handle=handle,
            proof_keys=proof_keys,
            revocation=revocation,
            calls=calls,
            table=self.table,
            queue=self.queue,
        )
        self.api = SlackApi(self, "SlackApi", platform=platform, door=self.door)
        self.socket = None
        if platform.config.slack.by_socket:
            self.socket = SlackSocket(self, "Socket", platform=platform, api=self.api)
