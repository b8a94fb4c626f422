"""An IAM Identity Center of ours beside the local stack: what PAM calls of `sso-admin` and
`identitystore`, a portal where people sign in, and all that can go wrong there.
`docs/local-identity-center.md` says what it does and what it does not.
"""
