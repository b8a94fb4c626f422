"""The command line `pam`. It decides nothing: it signs, asks the request API and explains."""
