"""Measures PAM on this machine: prints figures, and asserts nothing."""
