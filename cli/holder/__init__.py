"""A process of one's own login that remembers leases for the next `credential_process`.

It has them in its memory alone, answers its own user alone, and ends with the last of them. Only
the standard library is used here, so that a program that asks for credentials waits for little.
"""
