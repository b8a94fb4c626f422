"""The embedded stack: the very app that goes to AWS, deployed into an emulator on this machine.

Nothing under `lambdas/` or `stacks/` knows that this package exists.
"""

from local.stack import StackError, down, status, up

__all__ = ["StackError", "down", "status", "up"]
