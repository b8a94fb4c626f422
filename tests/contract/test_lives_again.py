"""A life that is told once and lived again is the same, and each has it for itself."""

from typing import Any

from tests.contract.snapshots import Lived, moto_tables, read, written
from tests.contract.watching import Watched
from tests.crash.scene import Scene
from tests.fakes.story import KYC


def seen(scene: Scene, watched: Watched) -> tuple[Any, ...]:
    told = (scene.now, scene.real_notifier, scene.real_workflow, scene.keys.asked, scene.audit_log)
    return watched.items(), watched.session_id, *map(repr, (watched.stream, *told))


def test_a_life_lived_again_is_what_it_was(scene: Scene, lived: Watched) -> None:
    kept, before = Lived(scene, lived), seen(scene, lived)
    further(scene, lived)
    assert seen(scene, lived) != before

    kept.again(scene, lived)
    assert seen(scene, lived) == before
    assert lived.found() == []


def test_what_happens_to_one_life_does_not_happen_to_the_next(scene: Scene, lived: Watched) -> None:
    kept, before = Lived(scene, lived), seen(scene, lived)
    for _ in range(2):
        kept.again(scene, lived)
        further(scene, lived)
    kept.again(scene, lived)
    assert seen(scene, lived) == before


def test_a_life_lived_again_goes_on_at_its_own_scene(scene: Scene, lived: Watched) -> None:
    Lived(scene, lived).again(scene, lived)
    now = scene.later(minutes=3)
    assert lived.story is scene
    assert scene.targets.aws.clock() == now, "and with its clock"


def test_tables_are_read_as_often_as_they_are_needed(lived: Watched) -> None:
    tables = moto_tables(lived.client.meta.region_name)
    kept = written(tables, tables)
    one, other = read(kept), read(kept)
    one["sessions"].items.clear()
    assert list(other["sessions"].all_items()) != []
    assert other.keys() == tables.keys()


def further(scene: Scene, watched: Watched) -> None:
    scene.later(minutes=1)
    session = scene.request("alice", KYC)
    scene.vote("carol", watched.session_id)
    scene.real_workflow.started.append(session.session_id)
