"""The prices of a provider: `imagePrices` of its entry, an object or the path of a JSON file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from openai_images.model_tables.prices import parse_prices
from shared.errors import ConfigurationError
from shared.files import read_document
from shared.i18n.catalog import short_repr
from shared.openclaw.folders import expand_path

if TYPE_CHECKING:
    from openai_images.config.provider_entry import ProviderEntry
    from openai_images.model_tables.prices import PriceTable

FIELD = "imagePrices"
MAX_FILE_BYTES = 1 << 20


def image_prices(entry: ProviderEntry) -> PriceTable | None:
    """Return the price table of a provider's entry, None if it has none.

    Raises:
        ConfigurationError: `prices_invalid`, naming the field that is wrong.
    """
    value, where, path = entry.fields.get(FIELD), entry.where(FIELD), entry.file(FIELD)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            path = expand_path(value)
            value = json.loads(read_document(path, MAX_FILE_BYTES).decode("utf-8-sig"))
        return parse_prices(value, where)
    except OSError as error:
        detail = error.strerror or type(error).__name__
    except (ValueError, RecursionError) as error:
        detail = short_repr(str(error))
    raise ConfigurationError("prices_invalid", what=where, path=path, detail=detail)
