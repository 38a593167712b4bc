"""Payloads and responses of the OpenAI-style images API (docs: references/api.md)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from openai_images.response.reader import LongText
from shared.images.validate import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openai_images.request import ImageRequest, Mode
    from openai_images.response.extraction import FoundImage
    from openai_images.response.framing import Content

PATHS: Final[dict[Mode, str]] = {"generation": "/images/generations", "edit": "/images/edits"}
MODELS_PATH = "/models"
COST_UNIT = "tokens"
FILE_FIELDS = ("image", "image[]")
IMAGE_FIELDS = frozenset(("b64_json", "partial_image_b64"))
APPLIED_FIELDS = ("size", "quality", "background", "output_format")
MAX_APPLIED = 40  # characters of such a value
IDEMPOTENCY_HEADER = "Idempotency-Key"
RETRYABLE = frozenset((408, 429, 500, 502, 503, 504))
OK = 200
_ENCODED = re.compile(r"[A-Za-z0-9+/_=-]{80}")  # base64, of an image or a key


@dataclass(frozen=True)
class Delivered:
    """The images of a response, and the rest of it."""

    images: tuple[FoundImage, ...]
    cost: dict[str, object] | None
    applied: dict[str, str] = field(default_factory=dict)
    """What the service says that it applied: some of APPLIED_FIELDS."""
    document: dict[str, Any] = field(default_factory=dict)
    """The response without its images."""
    request_id: str | None = None
    usage: dict[str, Any] | None = None
    """The tokens of the response as the service counts them."""


def generation_body(request: ImageRequest) -> dict[str, Any]:
    """Return the JSON of images/generations; `response_format` is not sent, GPT image models refuse it."""
    return {**_fields(request), "n": request.count}


def field_name(count: int) -> str:
    """Return the name of the file fields as OpenAI's SDK sends it: `image` for one, `image[]` for several."""
    return FILE_FIELDS[count > 1]


def edit_parts(request: ImageRequest, file_field: str) -> list[tuple[bytes, bytes | int]]:
    """Return the parts of the images/edits form: each header, and its content or the index of its file.

    `file_field` is the name of every part that is a reference.
    """
    parts: list[tuple[bytes, bytes | int]] = [
        (f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode(), str(value).encode())
        for name, value in {**_fields(request), "n": request.count}.items()
    ]
    for index, reference in enumerate(request.references):
        file = f"reference-{index + 1}{EXTENSIONS[reference.media_type]}"
        head = f'Content-Disposition: form-data; name="{file_field}"; filename="{file}"\r\n'
        parts.append((f"{head}Content-Type: {reference.media_type}\r\n\r\n".encode(), index))
    if request.mask:
        head = (
            'Content-Disposition: form-data; name="mask"; filename="mask.png"\r\nContent-Type: image/png\r\n\r\n'
        )
        parts.append((head.encode(), len(request.references)))
    return parts


def _fields(request: ImageRequest) -> dict[str, str | int]:
    """Return the parameters under the API's names; what was not set is left out, so that its default holds."""
    return {"model": request.model, "prompt": request.prompt, "size": request.size, **request.api_options}


def to_delivered(content: Content, images: Sequence[FoundImage], request_id: str | None) -> Delivered:
    """Return the images of a response with its cost and the rest of it."""
    usage = next((item_usage for item in reversed(content.documents) if (item_usage := _usage(item))), None)
    document = _without_images(content.document)
    return Delivered(
        tuple(images),
        _cost(usage),
        _applied(content.documents),
        document if isinstance(document, dict) else {"answer": document},
        request_id,
        usage if isinstance(usage, dict) else None,
    )


def _places(document: Any) -> list[dict[str, Any]]:
    """Return the objects that may hold the fields of a response: itself, and what an envelope holds."""
    if not isinstance(document, dict):
        return []
    return [document, *(inner for name in ("response", "data") if isinstance(inner := document.get(name), dict))]


def _usage(document: Any) -> Any:
    """Return the `usage` object of a response, or of the envelope that contains it."""
    return next((place["usage"] for place in _places(document) if place.get("usage")), None)


def _applied(documents: Sequence[Any]) -> dict[str, str]:
    """Return the parameters that the last documents of a response name as applied."""
    return {
        name: value
        for document in documents
        for place in reversed(_places(document))
        for name in APPLIED_FIELDS
        if isinstance(value := place.get(name), str) and 0 < len(value) <= MAX_APPLIED and value.isprintable()
    }


def _without_images(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: None if name in IMAGE_FIELDS else _without_images(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_images(item) for item in value]
    if isinstance(value, LongText) or (isinstance(value, str) and _ENCODED.search(value)):
        return None
    return value


def _cost(usage: Any) -> dict[str, object] | None:
    amount = usage.get("total_tokens") if isinstance(usage, dict) else None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= sys.float_info.max:
        return None
    return {"amount": float(amount), "unit": COST_UNIT, "source": "charged"}


def lists_models(document: Any) -> bool:
    """Return whether this is a list of models, which a service returns only for an accepted key."""
    return isinstance(document, dict) and isinstance(document.get("data"), list)
