"""Okta's management API, as far as lending a group goes. Knows the domain and the ports alone."""
