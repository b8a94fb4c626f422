"""Every minute: finds what is overdue, whether or not a session's workflow still runs."""

from aws_cdk import Duration
from constructs import Construct

from pam.domain import messages
from pam.settings import TickSettings
from stacks.function_platform import FunctionPlatform
from stacks.notices import Notices
from stacks.pam_function import PamFunction
from stacks.revocation import Revocation
from stacks.schedule import call_every


class DeadlineSweep(Construct):
    """It ends nothing and tells nobody: it invokes the functions that may."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        revocation: Revocation,
        notices: Notices,
    ) -> None:
        super().__init__(scope, construct_id)
        store = platform.session_store
        self.function = PamFunction(
            self,
            "Tick",
            platform=platform,
            handler="tick",
            description="Every minute: hands on what is overdue, to be ended or told",
            settings=TickSettings(
                env_name=platform.env_name,
                table_name=store.table.table_name,
                revoke_function=revocation.function.function.function_name,
                notice_function=notices.function.function.function_name,
            ),
            # Just under the rate, so that two sweeps do not pile up.
            timeout=Duration.seconds(55),
            clocked=True,
        )
        store.grant_find_overdue(self.function.role)
        revocation.function.grant_invoke(self.function.role)
        notices.function.grant_invoke(self.function.role)
        # No retry: the next minute's sweep finds the same and more.
        self.function.bury_failures(retries=0)
        call_every(
            self,
            "EveryMinute",
            every=Duration.minutes(1),
            function=self.function,
            message=messages.Tick(),
            description=f"PAM {platform.env_name}: drives overdue sessions to their end",
        )
