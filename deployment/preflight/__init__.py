"""`make preflight ENV=NAME`: whether an account is ready for PAM, told by reading alone."""
