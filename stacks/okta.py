"""Access at Okta: two functions, each known there as an app of its own."""

from constructs import Construct

from pam.domain.kinds import OKTA_GROUP
from pam.names import Table
from pam.settings import IssueOktaSettings, OktaSettings
from stacks.function_platform import FunctionPlatform
from stacks.okta_keys import OktaKeys
from stacks.proof_keys import ProofKeys
from stacks.signing_key import SigningKey
from stacks.vendor_config import OktaConfig
from stacks.vendor_functions import VendorFunctions


class Okta(VendorFunctions):
    """What each may do there is the role of its app. Okta cannot tell putting in from taking out,
    so the two apps say who did what; here, each function signs for its own and for no other.
    """

    kind, table = OKTA_GROUP, Table.OKTA

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
        super().__init__(
            scope,
            construct_id,
            platform=platform,
            proof_keys=proof_keys,
            vendor={"okta_login": config.login, "okta_api_url": config.api_url},
            issuing=IssueOktaSettings,
            issuer=_app(config.issuer_client_id, keys.issuer),
            revoking=OktaSettings,
            revoker=_app(config.revoker_client_id, keys.revoker),
        )
        keys.issuer.grant_sign(self.issue.role)
        keys.revoker.grant_sign(self.revoke.role)


def _app(client_id: str, key: SigningKey) -> dict[str, str]:
    return {"okta_client_id": client_id, "okta_key_arn": key.key.key_arn}
