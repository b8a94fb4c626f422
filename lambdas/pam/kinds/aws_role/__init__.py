"""An AWS role: temporary credentials, ended by a deny on the role."""
