"""Tables as they were, made again without a call for each item in them."""

import pickle
from collections.abc import Iterable, Mapping
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests.contract.watching import Watched
from tests.crash.scene import Scene
from tests.fakes.twin import copied_into


def moto_tables(region: str) -> dict[str, Any]:
    """By name, where moto has them: what is changed here is changed there."""
    tables: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables
    return tables


def written(tables: Mapping[str, Any], names: Iterable[str]) -> bytes:
    """The tables of these names with all that is in them, to be read any number of times."""
    return pickle.dumps({name: tables[name] for name in names}, pickle.HIGHEST_PROTOCOL)


def read(kept: bytes) -> dict[str, Any]:
    """As `written` found them; nobody else has these very ones."""
    tables: dict[str, Any] = pickle.loads(kept)
    return tables


class Lived:
    """What had happened to a scene and to the tables that it looks at, to happen again at once.

    It has no client: whoever lives it again has one, and a store, of their own.
    """

    def __init__(self, scene: Scene, watched: Watched) -> None:
        tables = moto_tables(watched.client.meta.region_name)
        self._tables = written(tables, tables)
        self._scene, self._watched = object.__new__(Scene), object.__new__(Watched)
        _copy((scene, watched), (self._scene, self._watched))

    def again(self, scene: Scene, watched: Watched) -> None:
        """To these two, that nothing has happened to yet."""
        moto_tables(watched.client.meta.region_name).update(read(self._tables))
        _copy((self._scene, self._watched), (scene, watched))


def _copy(of: tuple[Scene, Watched], into: tuple[Scene, Watched]) -> None:
    same = dict(zip(map(id, of), into, strict=True))
    for whole, made, but in zip(of, into, ("store", "client"), strict=True):
        copied_into(made, {key: it for key, it in vars(whole).items() if key != but}, same)
