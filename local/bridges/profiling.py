"""Functions seen from inside: where their own processor time goes, by `cProfile`.

Only for an emulator that is started with `PAM_PROFILE` in its environment, since it makes functions
slower: `make bench PROFILE=1`. What each process did since its second call (the first one loads)
is written into the state folder's scratch after every call. It is the processor time of the thread
that serves the call: neither what it waits for nor what other threads do.
"""

from pathlib import Path

from local.bridges.patching import BridgeError, existing

SWITCH = "PAM_PROFILE"
_CALL = "result = handler_fn(event, context)"
_BEGINNING = """\
import cProfile, os, time
_profile, _calls = cProfile.Profile(time.thread_time), []
def _profiled(handler, event, context):
    _calls.append(1)
    if len(_calls) == 1:
        return handler(event, context)
    try:
        return _profile.runcall(handler, event, context)
    finally:
        name = f"{context.function_name}.{os.getpid()}.prof"
        _profile.dump_stats(os.path.join(%(folder)r, name))
"""


def build(folder: Path) -> None:
    """`folder` is made; a profile of each process appears in it."""
    from ministack.core import lambda_runtime

    script = existing(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
    if script.count(_CALL) != 1:
        message = "the emulator's function processes call their function in another way now"
        raise BridgeError(message)
    folder.mkdir(parents=True, exist_ok=True)
    lambda_runtime._PYTHON_WORKER_SCRIPT = _BEGINNING % {"folder": str(folder)} + script.replace(
        _CALL, "result = _profiled(handler_fn, event, context)"
    )
