"""The issuers of a process, each made when a session first needs it: a driver that is not needed
costs a cold start nothing.
"""

from collections.abc import Callable, Iterator, Mapping

from pam.ports.targets import Issuer


class WhenAsked(Mapping[str, Issuer]):
    def __init__(self, makers: Mapping[str, Callable[[], Issuer]]) -> None:
        self._makers = makers
        self._made: dict[str, Issuer] = {}

    def __getitem__(self, kind: str) -> Issuer:
        if kind not in self._made:
            self._made[kind] = self._makers[kind]()
        return self._made[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
