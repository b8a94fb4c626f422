"""Makes what stands in Slack right, from what the store says: drawn by `pam.slack`, sent from here.

Nothing of PAM waits for it.
"""
