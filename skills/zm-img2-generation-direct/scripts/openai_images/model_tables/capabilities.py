"""Which values each image model takes, from capabilities.json: checked before anything is sent."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import BadInput
from shared.i18n.catalog import short_repr

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTO = "auto"
SIZE = re.compile(r"auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4}")
_SNAPSHOT = re.compile(r"-20[0-9]{2}-[0-9]{2}-[0-9]{2}\Z")


@dataclass(frozen=True)
class Capabilities:
    """What a model takes; `listed` is false for a model that the table does not have."""

    model: str
    listed: bool
    values: Mapping[str, Any]
    """By the names of capabilities.json."""

    @property
    def max_references(self) -> int:
        """The number of reference images that an edit takes."""
        return int(self.values["references"])

    @property
    def max_prompt(self) -> int | None:
        """The number of characters that a prompt may have, None if it is not known."""
        return self.values.get("prompt")

    def check_size(self, size: str) -> None:
        """Check that the model makes images of this size.

        Raises:
            BadInput: `size_invalid` if it is not a size, else `option_not_taken` or `size_not_taken`.
        """
        if not SIZE.fullmatch(size):
            raise BadInput("size_invalid", flag="--size", got=short_repr(size))
        limits = self.values["size"]
        if isinstance(limits, list):
            self.check_option("size", size)
        elif limits and size != AUTO and not _fits(size, limits):
            raise BadInput("size_not_taken", flag="--size", model=self.model, got=short_repr(size), **limits)

    def check_option(self, name: str, value: object) -> None:
        """Check the value of a parameter that is one of a few words.

        Raises:
            BadInput: `option_not_taken` with the model's values, or `option_unknown_to_model` if it has none.
        """
        expected = self.values[name]
        flag = f"--{name.replace('_', '-')}"
        if not expected:
            raise BadInput("option_unknown_to_model", flag=flag, model=self.model)
        if value not in expected:
            raise BadInput(
                "option_not_taken",
                flag=flag,
                model=self.model,
                expected=", ".join(expected),
                got=short_repr(value),
            )


def base_name(model: str) -> str:
    """Return a model's name without a provider's prefix and a snapshot's date."""
    return _SNAPSHOT.sub("", model.rpartition("/")[2])


def capabilities_of(model: str) -> Capabilities:
    """Return what a model takes; a provider's prefix and a snapshot's date do not count in its name."""
    name, table = base_name(model), _table()
    values = next((values for values in table["models"] if name in values["names"]), None)
    return Capabilities(model, values is not None, values or table["other_models"])


def _fits(size: str, limits: Mapping[str, int]) -> bool:
    width, height = map(int, size.split("x"))
    return (
        width % limits["multiple"] == height % limits["multiple"] == 0
        and max(width, height) <= limits["max_edge"]
        and max(width, height) <= limits["max_ratio"] * min(width, height)
        and limits["min_pixels"] <= width * height <= limits["max_pixels"]
    )


@functools.cache
def _table() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_name("capabilities.json").read_bytes()))
