"""Where the emulator differs from AWS, it is bridged here, so that the app need not know.

Each bridge names the difference, and fails loudly if what it changes is no longer there: a newer
emulator may have closed the gap, and then the bridge must go.
"""

from local import (
    alarm_bridges,
    api_bridges,
    archive_bridges,
    function_bridges,
    iam_bridges,
    secret_bridges,
    table_bridges,
    workflow_bridges,
)


def build_all() -> None:
    """To be called before the emulator's front is loaded, which takes some of this by name."""
    iam_bridges.build_all()
    function_bridges.build_all()
    workflow_bridges.build_all()
    api_bridges.build_all()
    table_bridges.build_all()
    secret_bridges.build_all()
    archive_bridges.build_all()
    alarm_bridges.build_all()
