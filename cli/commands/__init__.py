"""The commands: what each is given, what it calls, and what it shows."""
