"""What a PAM session is and may become. Pure: standard library only, no clock, no I/O."""
