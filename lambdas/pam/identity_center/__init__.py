"""Permission sets of IAM Identity Center: assignments that end, and denies that end what outlives
them. `docs/identity-center.md` says what an administrator sets up.
"""
