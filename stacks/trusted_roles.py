"""The three roles of PAM that target roles in any account trust by name."""

from constructs import Construct

from pam.names import activator_role_name, issuer_role_name, revocation_role_name
from stacks.pam_function import lambda_role


class TrustedRoles(Construct):
    """Made once, in the foundation; what they may do is attached by the service.

    IAM remembers a trusted role by its identity, not by its name: had the service these roles, then
    deleting and making it again would break the trust of every target role, and with it the power
    to end what had been granted.
    """

    def __init__(self, scope: Construct, construct_id: str, *, env_name: str) -> None:
        super().__init__(scope, construct_id)
        lambda_role(
            self,
            "Issuer",
            f"PAM {env_name}: the credential issuer, which target roles trust",
            role_name=issuer_role_name(env_name),
        )
        lambda_role(
            self,
            "Activator",
            f"PAM {env_name}: makes access, and hands out none; target roles trust it",
            role_name=activator_role_name(env_name),
        )
        lambda_role(
            self,
            "Revocation",
            f"PAM {env_name}: the revocation, which revoker roles trust",
            role_name=revocation_role_name(env_name),
        )
