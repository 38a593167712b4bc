"""What requests to an OpenAI-style images API must look like (wire/openai-images.md), checked to the letter."""

from __future__ import annotations

import io
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from tests.providers.request import Request

FIELDS = frozenset({"model", "prompt", "size", "n"})
"""What every request has."""
OPTIONAL = frozenset({"quality", "background", "output_format", "output_compression"})
GENERATION_ONLY, EDIT_ONLY = frozenset({"moderation"}), frozenset({"input_fidelity"})
MAX_REFERENCES = 16
MAX_PROMPT = 32_000  # characters
STANDARD_SIZES = frozenset({"auto", "1024x1024", "1536x1024", "1024x1536"})
QUALITIES = frozenset({"auto", "low", "medium", "high"})
WORDS = {
    "background": frozenset({"auto", "opaque", "transparent"}),
    "output_format": frozenset({"png", "jpeg", "webp"}),
    "moderation": frozenset({"auto", "low"}),
}
FIDELITIES = {"gpt-image-1.5": {"high", "low"}, "gpt-image-1-mini": {"low"}}
_SIGNATURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}
_ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_BOUNDARY = re.compile(r"multipart/form-data; boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})")
_PART = re.compile(r'form-data; name="([^"]+)"(?:; filename="([^"/\\]+)")?')
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIZE = re.compile(r"auto|\d+x\d+")


class ComplaintError(Exception):
    """A request breaks the wire facts; the message names the field."""


@dataclass(frozen=True)
class Asked:
    """What a paid request asks for."""

    fields: dict[str, Any]
    references: tuple[bytes, ...] = ()
    mask: bytes | None = None


def refuse(message: str) -> NoReturn:
    """Complain about the request."""
    raise ComplaintError(message)


def check_common(request: Request, *, required: bool = True) -> str:
    """Return the Idempotency-Key of a paid request; raises ComplaintError."""
    if request.method != "POST" or request.query:
        refuse(f"{request.method} {request.target}")
    key = request.headers.get("idempotency-key", "" if required else str(uuid.uuid4()))
    if not _KEY.fullmatch(key):
        refuse(f"Idempotency-Key: {key!r}")
    return key


def check_generation(request: Request) -> Asked:
    """Read the JSON of a generation; raises ComplaintError."""
    try:
        document = request.json_object()
    except (ValueError, RecursionError) as error:
        refuse(f"generation: {error}")
    _check_fields(document, OPTIONAL | GENERATION_ONLY)
    return Asked(document)


def check_edit(request: Request, *, any_file_field: bool = False) -> Asked:
    """Read the form of an edit, byte by byte; raises ComplaintError."""
    fields: dict[str, Any] = {}
    references = []
    names = set()
    mask: bytes | None = None
    for name, file, media_type, content in _parts(request):
        if file is None:
            if name in fields or media_type:
                refuse(f"{name}: stands twice, or has a content type")
            fields[name] = content.decode()
            continue
        if name == "mask":
            mask = _check_mask(media_type, content)
            continue
        names.add(name)
        if not content.startswith(_SIGNATURES.get(media_type, b"\0")) or not file.endswith(_ENDINGS[media_type]):
            refuse(f"{file}: {media_type} with {content[:4]!r}")
        references.append(content)
    for name in ("n", "output_compression"):
        if name in fields:
            fields[name] = _whole(fields[name])
    _check_fields(fields, OPTIONAL | EDIT_ONLY)
    if not 1 <= len(references) <= MAX_REFERENCES:
        refuse(f"{len(references)} references")
    if names != ({"image"} if len(references) == 1 else {"image[]"}) and not any_file_field:
        refuse(f"files called {sorted(names)}")
    _check_mask_size(mask, references[0])
    return Asked(fields, tuple(references), mask)


def _check_mask_size(mask: bytes | None, reference: bytes) -> None:
    if mask and Image.open(io.BytesIO(mask)).size != Image.open(io.BytesIO(reference)).size:
        refuse("a mask of another size than the first reference")


def _check_mask(media_type: str, content: bytes) -> bytes:
    if media_type != "image/png" or len(content) >= 4_000_000:
        refuse(f"mask: {media_type} of {len(content)} bytes")
    if "A" not in Image.open(io.BytesIO(content)).getbands():
        refuse("a mask without alpha")
    return content


def _whole(text: str) -> int:
    if not text.isdecimal():
        refuse(f"not a number: {text!r}")
    return int(text)


def _check_fields(fields: dict[str, Any], optional: frozenset[str]) -> None:
    if not FIELDS <= fields.keys() <= FIELDS | optional:
        refuse(f"has {sorted(fields)} instead of {sorted(FIELDS)} and some of {sorted(optional)}")
    for name in ("model", "prompt", "size"):
        if not isinstance(fields[name], str) or not fields[name].strip():
            refuse(f"{name}: {fields[name]!r}")
    if not _SIZE.fullmatch(fields["size"]):
        refuse(f"size: {fields['size']!r}")
    if len(fields["prompt"]) > MAX_PROMPT:
        refuse(f"prompt of {len(fields['prompt'])} characters")
    _check_model(fields["model"].rpartition("/")[2], fields)
    _check_options(fields)


def _check_model(model: str, fields: dict[str, Any]) -> None:
    """Refuse what a model of the API does not take; another model takes what it likes."""
    if not model.startswith("gpt-image-"):
        return
    newest = model.startswith(("gpt-image-2.5", "gpt-image-2.6"))
    if fields.get("quality", "auto") not in QUALITIES | ({"xhigh", "max"} if newest else set()):
        refuse(f"quality: {fields['quality']!r}")
    if "input_fidelity" in fields and fields["input_fidelity"] not in FIDELITIES.get(model, ()):
        refuse(f"input_fidelity: {fields['input_fidelity']!r} of {model}")
    if fields["size"] in STANDARD_SIZES:
        return
    wide, high = map(int, fields["size"].split("x"))
    fits = wide % 16 == high % 16 == 0 and wide <= 3 * high and high <= 3 * wide and max(wide, high) <= 3840
    if not (model.startswith("gpt-image-2") and fits and 655_360 <= wide * high <= 8_294_400):
        refuse(f"size: {fields['size']!r} of {model}")


def _check_options(fields: dict[str, Any]) -> None:
    for name, words in WORDS.items():
        if name in fields and fields[name] not in words:
            refuse(f"{name}: {fields[name]!r}")
    if type(fields["n"]) is not int or not 1 <= fields["n"] <= 10:
        refuse(f"n: {fields['n']!r}")
    output_format = fields.get("output_format", "png")
    if fields.get("background") == "transparent" and output_format == "jpeg":
        refuse("a transparent background needs png or webp")
    compression = fields.get("output_compression")
    if compression is not None and (
        type(compression) is not int or not 0 <= compression <= 100 or output_format == "png"
    ):
        refuse(f"output_compression: {compression!r} of {output_format}")


def _parts(request: Request) -> list[tuple[str, str | None, str, bytes]]:
    """Split a form into (name, file name, content type, content); strict as RFC 7578 and RFC 2046 allow."""
    match = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    if not match:
        refuse(f"Content-Type: {request.headers.get('content-type')!r}")
    delimiter = b"--" + match[1].encode()
    body = request.large[:] if request.large else request.body
    if not body.startswith(delimiter + b"\r\n") or not body.endswith(b"\r\n" + delimiter + b"--\r\n"):
        refuse("the form does not begin and end with its boundary")
    inner = body[len(delimiter) + 2 : -len(delimiter) - 6]
    parts = []
    for part in inner.split(b"\r\n" + delimiter + b"\r\n"):
        head, separator, content = part.partition(b"\r\n\r\n")
        if not separator:
            refuse("a part without a head")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        disposition = _PART.fullmatch(headers.pop("Content-Disposition", ""))
        media_type = headers.pop("Content-Type", "")
        if not disposition or headers:
            refuse(f"the head of a part: {head!r}")
        parts.append((disposition[1], disposition[2], media_type, content))
    return parts
