"""Access at Okta: two functions, each known there as an app of its own."""

from aws_cdk import Stack
from constructs import Construct

from pam.domain.kinds import OKTA_GROUP
from pam.domain.proofs import Maker
from pam.names import Table, VendorPower
from pam.settings import IssueOktaSettings, OktaSettings
from stacks.function_platform import FunctionPlatform
from stacks.okta_keys import OktaKeys
from stacks.proof_keys import ProofKeys
from stacks.vendor_config import OktaConfig
from stacks.vendor_functions import VendorFunction, VendorFunctions


class Okta(VendorFunctions):
    """What each may do there is the role of its app. Okta cannot tell putting in from taking out,
    so the two apps say who did what; here, each function signs for its own and for no other.
    """

    kind = OKTA_GROUP

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        proof_keys: ProofKeys,
        keys: OktaKeys,
        config: OktaConfig,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        settings = {
            "env_name": platform.env_name,
            "table_name": platform.session_store.table.table_name,
            "account": stack.account,
            "region": stack.region,
            "okta_login": config.login,
            "okta_api_url": config.api_url,
        }
        self.issue = VendorFunction(
            self,
            "Issue",
            platform=platform,
            kind=OKTA_GROUP,
            power=VendorPower.ISSUE,
            table=Table.OKTA,
            settings=IssueOktaSettings(
                **settings,
                okta_client_id=config.issuer_client_id,
                okta_key_arn=keys.issuer.key.key_arn,
                door_key_arn=proof_keys.arn(Maker.DOOR),
                admission_key_arn=proof_keys.arn(Maker.ADMISSION),
                activation_key_arn=proof_keys.arn(Maker.ACTIVATION),
                slack_key_arn=proof_keys.arn(Maker.SLACK),
            ),
            proof_keys=proof_keys,
        )
        self.revoke = VendorFunction(
            self,
            "Revoke",
            platform=platform,
            kind=OKTA_GROUP,
            power=VendorPower.REVOKE,
            table=Table.OKTA,
            settings=OktaSettings(
                **settings,
                okta_client_id=config.revoker_client_id,
                okta_key_arn=keys.revoker.key.key_arn,
            ),
            proof_keys=proof_keys,
        )
        keys.issuer.grant_sign(self.issue.role)
        keys.revoker.grant_sign(self.revoke.role)
