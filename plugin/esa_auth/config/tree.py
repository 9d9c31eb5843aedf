"""YAML -> plain data, with the line of each key and the keys that are there twice."""

from collections.abc import Iterator
from typing import Any

import yaml

from esa_auth.errors import ConfigError


class Careful(yaml.SafeLoader):
    """Refuses aliases: no configuration needs them, and a bomb is made of them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """See `yaml.composer.Composer`."""
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def parsed(path: str, data: bytes) -> tuple[Any, dict[str, int], list[str]]:
    """Return the data, the line of each key by its dotted path, and repeated keys.

    Raises:
        ConfigError: it is not YAML, or more of YAML than is needed.
    """
    lines: dict[str, int] = {}
    repeated: list[str] = []
    try:
        loader = Careful(data)
        node = loader.get_single_node()
        if node is None:
            return None, {}, []
        tree = loader.construct_document(node)
        for key, line in _keys(node, ""):
            if key in lines:
                repeated.append(key)
            lines[key] = line
    except (yaml.YAMLError, ValueError) as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"{path}: not YAML: {why}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not YAML: nested too deeply") from error
    return tree, lines, repeated


def _keys(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inside = f"{path}.{key.value}" if path else str(key.value)
            yield inside, key.start_mark.line + 1
            yield from _keys(value, inside)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield f"{path}.{index}", value.start_mark.line + 1
            yield from _keys(value, f"{path}.{index}")
