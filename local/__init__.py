"""The embedded stack: the very app that goes to AWS, deployed into an emulator on this machine.

Nothing under `lambdas/` or `stacks/` knows that this package exists. It imports nothing itself, so
each process of the stack loads what it uses.
"""
