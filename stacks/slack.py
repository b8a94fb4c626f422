"""PAM in Slack: all that a deployment has of it, made only where `slack.modes` says so."""

from constructs import Construct

from stacks.function_platform import FunctionPlatform
from stacks.slack_table import SlackTable


class Slack(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, platform: FunctionPlatform
    ) -> None:
        super().__init__(scope, construct_id)
        self.table = SlackTable(self, "Memory", env_name=platform.env_name, key=platform.key)
