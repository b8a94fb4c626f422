"""What the catalogue and the deployment config name of it."""

INSTANCE = "arn:aws:sso:::instance/ssoins-7223b1c4a9e05d68"
IDENTITY_STORE = "d-9067a1b2c3"
PORTAL = f"https://{IDENTITY_STORE}.awsapps.com/start"
PERMISSION_SET = "arn:aws:sso:::permissionSet/ssoins-7223b1c4a9e05d68/ps-5f1e2d3c4b5a6978"
PERMISSION_SET_NAME = "PamPayments"
MANAGEMENT_ACCOUNT = "999999999999"
"""Of the organisation: a delegated administrator has no say there."""
