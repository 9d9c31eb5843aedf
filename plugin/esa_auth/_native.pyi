"""Built from `plugin/native`."""

from typing import Any

class Fragment:
    key: Any

    def __init__(self, family: int, key: Any) -> None: ...

class JsonRecords:
    def __init__(
        self,
        names: tuple[str, str, str],
        keep: int,
        longest: int,
        no_hosts: list[str],
    ) -> None: ...
    def read(
        self, lines: list[bytes], at: int
    ) -> tuple[list[tuple[bytes, str | None, str | None]], int]: ...

class Appliance:
    def __init__(
        self,
        name: str,
        number: int,
        texts: tuple[bytes, bytes, bytes],
        seconds: dict[int, dict[bytes, int]],
        kept: int,
        most: int,
    ) -> None: ...

class Plain:
    def told(self) -> tuple[Any, ...]: ...

class Server:
    def told(self) -> tuple[Any, ...]: ...

class Sieve:
    def __init__(self, words: Any, max_age: int, max_kept: int) -> None: ...
    def feed(self, lines: list[bytes], python: Any) -> None: ...
    @property
    def handed_over(self) -> dict[str, int]: ...
