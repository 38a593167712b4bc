"""The output of --list-models: the products of the two models with their prices, as JSON and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ima_studio.products import plain
from ima_studio.request import DEFAULT_MODEL, RATIOS
from shared.i18n.catalog import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ima_studio.products import Product
    from shared.i18n.catalog import Catalog


def rows(products: Sequence[Product]) -> list[dict[str, Any]]:
    """Return a row per product; `newest` marks the one that is used without --version-id."""
    newest = {product.model_id: product for product in products}
    return [_row(product, newest=product is newest[product.model_id]) for product in products]


def _row(product: Product, *, newest: bool) -> dict[str, Any]:
    return {
        "model_id": product.model_id,
        "model_name": product.name,
        "version_id": product.version_id,
        "newest": newest,
        "default_model": product.model_id == DEFAULT_MODEL,
        "points_by_size": product.points_by_size(),
        "rules": [
            {"points": rule.points, "attributes": dict(rule.attributes), "fallback": rule.fallback}
            for rule in product.rules
        ],
        "ratios": list(RATIOS),
        "defaults": {name: plain(value) for name, value in product.defaults.items()},
        "virtual_fields": [
            {
                "parameter": virtual.target,
                "parts": {part: virtual.choices(part) for part in virtual.parts},
                "default": dict(virtual.parts),
            }
            for virtual in product.virtual
        ],
    }


def lines(task_type: str, products: Sequence[Product], catalog: Catalog) -> list[str]:
    """Return the same as lines of text."""
    say = catalog.format
    output = [say("list_head", task=task_type)]
    for row in rows(products):
        mark = say("list_default") if row["newest"] and row["default_model"] else ""
        facts = {
            "name": sanitize_line(row["model_name"], 60),
            "version": sanitize_line(row["version_id"], 80),
            "mark": mark,
        }
        output.append(say("list_product", model=row["model_id"], **facts))
        sizes = ", ".join(f"{size} = {points:g}" for size, points in row["points_by_size"].items())
        output.append(say("list_sizes", sizes=sanitize_line(sizes) or "-"))
        output.append(say("list_ratios", ratios=", ".join(row["ratios"])))
        for virtual in row["virtual_fields"]:
            for part, choices in virtual["parts"].items():
                output.append(
                    say("list_virtual", name=sanitize_line(part, 60), values=sanitize_line(", ".join(choices)))
                )
    return output if products else [*output, say("list_none")]
