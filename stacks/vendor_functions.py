"""What the functions with a vendor's power have in common."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain.standing import VENDOR_CALL
from pam.names import Table, VendorPower, vendor_function_name, vendor_handler
from pam.settings import Settings
from stacks.function_platform import FunctionPlatform
from stacks.pam_function import PamFunction
from stacks.proof_keys import ProofKeys

_DOES = {
    VendorPower.ISSUE: "Makes access of kind {kind}, for sessions that are proven",
    VendorPower.REVOKE: "Takes access of kind {kind}, and keeps what ends it",
}


class VendorFunction(Construct):
    """One power at one vendor: called by PAM's functions alone, by its fixed name. It can read
    sessions and what is checked out, and write only the vendor's own table.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        kind: str,
        power: VendorPower,
        table: Table,
        settings: Settings,
        proof_keys: ProofKeys,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PamFunction(
            self,
            "Power",
            platform=platform,
            handler=vendor_handler(kind, power),
            name=vendor_function_name(platform.env_name, kind, power),
            description=_DOES[power].format(kind=kind),
            settings=settings,
            timeout=Duration.seconds(int(VENDOR_CALL.total_seconds())),
        )
        role, store = self.function.role, platform.session_store
        store.grant_read_sessions(role)
        store.grant_see_checkouts(role)
        store.grant_keep_notes(role, table)
        if power is VendorPower.ISSUE:
            store.grant_see_delivered(role)
            proof_keys.grant_tell(role)
        else:
            # Whose session has what the catalogue lends no more.
            store.grant_find_overdue(role)

    @property
    def role(self) -> iam.IRole:
        return self.function.role


class VendorFunctions(Construct):
    """The two functions of a kind."""

    kind: str
    table: Table
    issue: VendorFunction
    revoke: VendorFunction

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        proof_keys: ProofKeys,
        vendor: Mapping[str, str],
        issuing: type[Settings],
        issuer: Mapping[str, str],
        revoking: type[Settings],
        revoker: Mapping[str, str],
    ) -> None:
        """The classes say what each is told: of `vendor` both, of `issuer` and `revoker` one."""
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        both = {
            "env_name": platform.env_name,
            "table_name": platform.session_store.table.table_name,
            "account": stack.account,
            "region": stack.region,
            **vendor,
        }
        self.issue, self.revoke = (
            VendorFunction(
                self,
                power.value.title(),
                platform=platform,
                kind=self.kind,
                power=power,
                table=self.table,
                settings=settings,
                proof_keys=proof_keys,
            )
            for power, settings in (
                (VendorPower.ISSUE, issuing(**both, **issuer, **proof_keys.settings())),
                (VendorPower.REVOKE, revoking(**both, **revoker)),
            )
        )

    def grant_use(self, activator: PamFunction, revocation: PamFunction) -> None:
        """Who has what done: the activator also takes what it made too late."""
        self.issue.function.grant_invoke(activator.role)
        self.revoke.function.grant_invoke(activator.role)
        self.revoke.function.grant_invoke(revocation.role)
