"""IMA's product list, parsed into products with their forms and prices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ima_studio.request import MODELS, SIZES
from shared.i18n.catalog import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ima_studio.request import Scalar

MAX_LABEL = 60  # characters of a name that are shown
MAX_POINTS = 10**9  # of one image; a higher number is not a price
LEAF = "3"  # the node type that can be generated with
FALLBACK_MARKER = "default"  # this "attribute" with the value "enabled" names the rule for everything else
_PIXELS = re.compile(r"(\d+)PX")


@dataclass(frozen=True)
class Rule:
    """One price rule: the points for an image with these attributes."""

    attribute_id: int
    points: int | float
    attributes: Mapping[str, Scalar]
    fallback: bool = False

    def conflicts(self, parameters: Mapping[str, Scalar]) -> bool:
        """Return whether a parameter has a different value than this rule."""
        actual = _by_name(parameters)
        return any(
            name.lower() in actual and not alike(actual[name.lower()], value)
            for name, value in self.attributes.items()
        )

    def agreement(self, parameters: Mapping[str, Scalar]) -> int:
        """Return how many of its attributes the parameters have."""
        actual = _by_name(parameters)
        return sum(
            name.lower() in actual and alike(actual[name.lower()], value)
            for name, value in self.attributes.items()
        )

    def fits(self, parameters: Mapping[str, Scalar]) -> bool:
        """Return whether the parameters have all of its attributes."""
        return self.agreement(parameters) == len(self.attributes)


@dataclass(frozen=True)
class Virtual:
    """A form field that is only displayed: the values of its parts determine the value of `target`."""

    target: str
    value: Scalar | None
    parts: Mapping[str, Scalar]
    mappings: Sequence[tuple[Mapping[str, Scalar], Scalar]]

    def mapped(self, parts: Mapping[str, Scalar]) -> Scalar | None:
        """Return the target's value for these parts, None if there is no such mapping."""
        for source, value in self.mappings:
            if source.keys() == parts.keys() and all(alike(parts[name], source[name]) for name in source):
                return value
        return None

    def choices(self, part: str) -> list[str]:
        """Return the values that a part can have."""
        return list(dict.fromkeys(str(source[part]) for source, _ in self.mappings if part in source))


@dataclass(frozen=True)
class Product:
    """One version of a model, with its form and its prices."""

    model_id: str
    version_id: str
    name: str
    defaults: Mapping[str, Scalar] = field(default_factory=dict)
    virtual: Sequence[Virtual] = ()
    rules: Sequence[Rule] = ()

    @property
    def label(self) -> str:
        """The name as text for a message: one line, without keys and encoded text."""
        return sanitize_line(self.name, MAX_LABEL) or self.model_id

    def attribute_names(self) -> set[str]:
        """Return the names that the prices depend on."""
        return {name for rule in self.rules for name in rule.attributes}

    def points_by_size(self) -> dict[str, int | float]:
        """Return the points of an image of each size, smallest first."""
        points: dict[str, int | float] = {}
        for rule in self.rules:
            for name, value in rule.attributes.items():
                if name.lower() == "size":
                    points.setdefault(plain(value), rule.points)
        return dict(sorted(points.items(), key=lambda item: _rank(item[0])))


def read_products(tree: Any) -> list[Product]:
    """Return the leaves of the two models in the order of the list; groups may nest, children may be null."""
    return [product for leaf in _leaves(tree) if (product := _product(leaf))]


def spelled_size(size: str) -> str:
    """Return a size in the service's form."""
    return f"{size}px" if size.isdigit() else size


def alike(left: Scalar, right: Scalar) -> bool:
    """Return whether the service treats two values as equal: compared as upper-case text, 512 is 512px."""
    return plain(left) == plain(right)


def plain(value: Scalar) -> str:
    """Return the normal form of a value: upper-case text, and 512 for 512px."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _PIXELS.sub(r"\1", str(value).strip().upper())


def _rank(size: str) -> int:
    return SIZES.index(size) if size in SIZES else len(SIZES)


def _by_name(parameters: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {name.lower(): value for name, value in parameters.items()}


def _leaves(tree: Any) -> Iterator[dict[str, Any]]:
    waiting = list(reversed(tree)) if isinstance(tree, list) else []
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        if str(node.get("type")) == LEAF:
            yield node
        children = node.get("children")
        waiting += reversed(children) if isinstance(children, list) else []


def _product(leaf: Mapping[str, Any]) -> Product | None:
    model_id, version_id, name = leaf.get("model_id"), leaf.get("id"), leaf.get("name")
    if model_id not in MODELS or not isinstance(version_id, str) or not isinstance(name, str):
        return None
    form = [row for row in _list(leaf.get("form_config")) if isinstance(row.get("field"), str)]
    return Product(
        str(model_id),
        version_id,
        name,
        {
            row["field"]: row["value"]
            for row in form
            if not row.get("is_ui_virtual") and _is_scalar(row.get("value"))
        },
        tuple(_virtual(row) for row in form if row.get("is_ui_virtual")),
        tuple(rule for row in _list(leaf.get("credit_rules")) if (rule := _rule(row))),
    )


def _virtual(row: Mapping[str, Any]) -> Virtual:
    mapping = row.get("value_mapping")
    mapping = mapping if isinstance(mapping, dict) else {}
    target = mapping.get("target_param")
    value = row.get("value")
    return Virtual(
        target if isinstance(target, str) and target else row["field"],
        value if _is_scalar(value) else None,
        _scalars((part.get("field"), part.get("value")) for part in _list(row.get("ui_params"))),
        tuple(
            (_scalars(rule["source_values"].items()), rule["target_value"])
            for rule in _list(mapping.get("mapping_rules"))
            if isinstance(rule.get("source_values"), dict) and _is_scalar(rule.get("target_value"))
        ),
    )


def _rule(row: Mapping[str, Any]) -> Rule | None:
    points, attribute_id, attributes = row.get("points"), row.get("attribute_id"), row.get("attributes") or {}
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 <= points <= MAX_POINTS:
        return None
    if isinstance(attribute_id, bool) or not isinstance(attribute_id, int) or not isinstance(attributes, dict):
        return None
    real = _scalars(attributes.items())
    fallback = any(name.lower() == FALLBACK_MARKER and alike(value, "enabled") for name, value in real.items())
    return Rule(
        attribute_id, points, {name: real[name] for name in real if name.lower() != FALLBACK_MARKER}, fallback
    )


def _list(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _scalars(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Scalar]:
    return {name: value for name, value in pairs if isinstance(name, str) and _is_scalar(value)}
