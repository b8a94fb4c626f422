"""An Okta of ours beside the local stack: the token endpoint with private-key JWTs and DPoP, the
part of the management API that PAM calls, and people, groups and rules as data.
`docs/local-okta.md` says what it does and what it does not.
"""
