"""Where the emulator differs from AWS, it is bridged here, so that the app need not know.

Each bridge names the difference, and fails loudly if what it changes is no longer there: a newer
emulator may have closed the gap, and then the bridge must go.
"""

from local.bridges import (
    alarms,
    api,
    archive,
    functions,
    iam,
    identity_context,
    principals,
    queues,
    secrets,
    streams,
    tables,
    tasks,
    workflow,
)


def build_all() -> None:
    """To be called before the emulator's front is loaded, which takes some of this by name."""
    iam.build_all()
    identity_context.build_all()
    functions.build_all()
    workflow.build_all()
    principals.build_all()
    api.build_all()
    tables.build_all()
    streams.build_all()
    secrets.build_all()
    archive.build_all()
    alarms.build_all()
    tasks.build_all()
    queues.build_all()
