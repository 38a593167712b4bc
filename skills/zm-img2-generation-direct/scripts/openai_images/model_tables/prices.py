"""Estimate what a request costs, from OpenAI's published formula and a table of prices."""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openai_images.model_tables.capabilities import AUTO, base_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOKEN_PRICES = ("text_input", "image_input", "image_output")
TOKENS, IMAGE = "million_tokens", "image"
"""The units of a price."""
GRID = {"low": 16, "medium": 48, "high": 96}
"""The quality of gpt-image-2 as a number of cells along the longer side."""
FORMULA_MODEL = "gpt-image-2"
STANDARD_SIZES = ("1024x1024", "1536x1024", "1024x1536")
"""What a size left to the service may become."""
MAX_PRICE = 1e6
MAX_TOKENS = 10**12  # of one response
_CURRENCY = re.compile(r"[A-Za-z]{2,12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class PriceTable:
    """Prices of models; `source` and `as_of` say where and when they were published."""

    source: str
    as_of: str
    currency: str
    models: Mapping[str, Mapping[str, Any]]

    def price(self, model: str) -> Mapping[str, Any] | None:
        """Return the price of a model, None if the table has none."""
        return self.models.get(model) or self.models.get(base_name(model))


def parse_prices(document: Any, source: str) -> PriceTable:
    """Return the price table that a JSON document describes.

    Raises:
        ValueError: names the field that is missing or wrong, and its value.
    """
    document = document if isinstance(document, dict) else {}
    currency, as_of = document.get("currency"), document.get("as_of", "")
    models = document.get("models")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise ValueError(f"currency: {currency!r}")
    if not isinstance(as_of, str) or (as_of and not _DATE.fullmatch(as_of)):
        raise ValueError(f"as_of: {as_of!r}")
    if not isinstance(models, dict) or not models:
        raise ValueError("models")
    for name, price in models.items():
        _check_price(f"models.{name}", price)
    return PriceTable(source, as_of, currency, models)


def _check_price(where: str, price: Any) -> None:
    if not isinstance(price, dict) or price.get("unit") not in (TOKENS, IMAGE):
        unit = price.get("unit") if isinstance(price, dict) else price
        raise ValueError(f"{where}.unit: {unit!r} ({TOKENS}, {IMAGE})")
    if price["unit"] == TOKENS:
        numbers = {f"{where}.{name}": price.get(name) for name in TOKEN_PRICES}
    else:
        sizes = price.get("prices")
        if (
            not isinstance(sizes, dict)
            or not sizes
            or not all(isinstance(row, dict) and row for row in sizes.values())
        ):
            raise ValueError(f"{where}.prices")
        numbers = {
            f"{where}.prices.{size}.{quality}": value
            for size, row in sizes.items()
            for quality, value in row.items()
        }
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_PRICE:
            raise ValueError(f"{name}: {value!r}")


def output_tokens(size: str, quality: str) -> int:
    """Return the image output tokens of one image of gpt-image-2 (OpenAI's published formula)."""
    width, height = map(int, size.split("x"))
    short, long = sorted((width, height))
    cells = GRID[quality]
    across = (2 * cells * short + long) // (2 * long)
    return math.ceil(cells * across * (2_000_000 + width * height) / 4_000_000)


def estimate(
    model: str, size: str, quality: str | None, count: int, tables: Sequence[PriceTable | None] = ()
) -> dict[str, Any] | None:
    """Return the least and the most that a request costs, without its input tokens; None if no price is known.

    `tables` come before the list prices. A quality or size that is left to the service gives a range.
    """
    found = _find(model, tables)
    if found is None:
        return None
    table, price = found
    sizes = STANDARD_SIZES if size == AUTO else (size,)
    qualities = list(GRID) if quality in (None, AUTO) else [str(quality)]
    tokens: list[int] = []
    if price["unit"] == TOKENS:
        if base_name(model) != FORMULA_MODEL or not GRID.keys() >= set(qualities):
            return None
        tokens = [count * output_tokens(*pair) for pair in itertools.product(sizes, qualities)]
        amounts = [number * price["image_output"] / 1e6 for number in tokens]
    else:
        rows = price["prices"]
        if not all(quality in rows.get(size, {}) for size, quality in itertools.product(sizes, qualities)):
            return None
        amounts = [count * rows[size][quality] for size, quality in itertools.product(sizes, qualities)]
    return {
        "least": round(min(amounts), 6),
        "most": round(max(amounts), 6),
        "unit": table.currency,
        "output_tokens": [min(tokens), max(tokens)] if tokens else None,
        "as_of": table.as_of or None,
        "prices": table.source,
    }


def money(usage: Any, model: str, tables: Sequence[PriceTable | None] = ()) -> dict[str, Any] | None:
    """Return what the tokens of a response cost by the table of prices, an estimate; None if it cannot be said."""
    found = _find(model, tables)
    if found is None or found[1]["unit"] != TOKENS or not isinstance(usage, dict):
        return None
    table, price = found
    details = usage.get("input_tokens_details")
    details = (
        details if isinstance(details, dict) else {"text_tokens": usage.get("input_tokens"), "image_tokens": 0}
    )
    counts = (details.get("text_tokens"), details.get("image_tokens"), usage.get("output_tokens"))
    if not all(
        isinstance(number, int) and not isinstance(number, bool) and 0 <= number < MAX_TOKENS for number in counts
    ):
        return None
    amount = sum(number * price[name] for number, name in zip(counts, TOKEN_PRICES, strict=True)) / 1e6
    return {
        "amount": round(amount, 6),
        "unit": table.currency,
        "as_of": table.as_of or None,
        "prices": table.source,
    }


def _find(model: str, tables: Sequence[PriceTable | None]) -> tuple[PriceTable, Mapping[str, Any]] | None:
    """Return the first table that has a model, and the model's price."""
    for table in (*tables, list_prices()):
        price = table and table.price(model)
        if table and price:
            return table, price
    return None


@functools.cache
def list_prices() -> PriceTable:
    """Return OpenAI's list prices."""
    document = json.loads(Path(__file__).with_name("prices.json").read_bytes())
    return parse_prices(document, document["source"])
