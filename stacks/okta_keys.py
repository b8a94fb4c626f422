"""The keys by which PAM's two apps are known at Okta: their private halves never leave KMS."""

from constructs import Construct

from pam.names import VendorPower, okta_key_alias
from stacks.keeping import Keeping
from stacks.signing_key import ECDSA_P256, SigningKey


class OktaKeys(Construct):
    """Kept with the data: an administrator of Okta has put their public halves into the apps, and a
    new one would end nothing until they did so again.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, keeping: Keeping
    ) -> None:
        super().__init__(scope, construct_id)
        self.issuer, self.revoker = (
            SigningKey(
                self,
                power.value.title(),
                spec=ECDSA_P256,
                alias=okta_key_alias(env_name, power),
                description=f"PAM (MOD-046) {env_name}: the app at Okta that may {power.value}",
                keeping=keeping,
            )
            for power in (VendorPower.ISSUE, VendorPower.REVOKE)
        )
