"""What happens after a crash: which of those who could go on, do."""

from collections.abc import Callable
from functools import partial

from tests.crash.scene import Scene, survives


def nobody_else(scene: Scene, act: Callable[[], object]) -> None:
    """Only the belts are left."""


def the_same_again(scene: Scene, act: Callable[[], object]) -> None:
    """A retry: the workflow's, a person's, the stream's."""
    scene.later(seconds=1)
    survives(act)


def the_workflow_gives_up(scene: Scene, act: Callable[[], object]) -> None:
    for session_id in list(scene.real_store.sessions):
        scene.later(seconds=1)
        survives(partial(scene.fail, session_id))
        scene.check()
