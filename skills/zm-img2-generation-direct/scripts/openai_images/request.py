"""A request to the images API, validated before anything else happens."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from openai_images.mask import read_mask
from openai_images.model_tables.capabilities import capabilities_of
from openai_images.model_tables.prices import estimate
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.images.inputs import read_input_image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai_images.model_tables.prices import PriceTable
    from shared.images.inputs import InputImage

Mode = Literal["generation", "edit"]
REFERENCE_TYPES = frozenset(("image/png", "image/jpeg", "image/webp"))  # what images/edits accepts
DEFAULT_MODEL = "gpt-image-2"
DEFAULT_SIZE = "1024x1024"
DEFAULT_NAME = "img2"
DEFAULT_FORMAT = "png"
DEFAULT_COUNT = 1  # images; always sent, and not part of the fingerprint
OPTIONS = {
    "quality": "quality",
    "format": "output_format",
    "compression": "output_compression",
    "background": "background",
    "moderation": "moderation",
    "input_fidelity": "input_fidelity",
    "n": "n",
}
"""The optional parameters: the name of the flag or the field of a task, and the API's own name."""
NUMBERS = {"compression": (0, 100), "n": (1, 10)}
"""The options that are whole numbers, with their least and greatest value."""
COMPRESSED_FORMATS = ("jpeg", "webp")
TRANSPARENT_FORMATS = ("png", "webp")
MODEL = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:/@-]{0,99}")
MAX_NAME_LENGTH = (
    100  # characters of a task's name; with an id and an ending it stays below every file system's 255
)
MAX_NAME_BYTES = 180
NOT_IN_NAMES = frozenset('/\\<>:"|?*')
RESERVED_NAMES = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"),
    )
)  # Windows treats these as devices, with any extension


@dataclass(frozen=True)
class ImageRequest:
    """One image to create; an instance is always valid."""

    prompt: str
    model: str
    size: str
    references: tuple[InputImage, ...] = ()
    api_options: Mapping[str, str | int] = field(default_factory=dict)
    """The optional parameters that were set, by the API's names."""
    mask: InputImage | None = None
    """Of the first reference; its transparent pixels are drawn again."""

    @property
    def mode(self) -> Mode:
        """The endpoint: any reference image makes it an edit."""
        return "edit" if self.references else "generation"

    @property
    def parameters(self) -> dict[str, str | int]:
        """The parameters that change the image, by the API's names; a mask by its SHA-256."""
        mask = {"mask": self.mask.sha256} if self.mask else {}
        return {"size": self.size, **self.api_options, **mask}

    @property
    def files(self) -> tuple[InputImage, ...]:
        """The files of an edit's form: the references, then the mask."""
        return (*self.references, self.mask) if self.mask else self.references

    @property
    def count(self) -> int:
        """The number of images, all made by one paid request."""
        return int(self.api_options.get("n", DEFAULT_COUNT))

    def estimate(self, prices: PriceTable | None) -> dict[str, Any] | None:
        """Return the estimated cost of the images; `prices` come before the list prices."""
        quality = self.api_options.get("quality")
        return estimate(self.model, self.size, None if quality is None else str(quality), self.count, [prices])

    def options(self) -> dict[str, str | tuple[str, ...]]:
        """Return the options of run.py that describe this request, all but the prompt."""
        references = tuple(str(reference.path) for reference in self.references)
        optional = {
            f"--{name.replace('_', '-')}": str(self.api_options[api_name])
            for name, api_name in OPTIONS.items()
            if api_name in self.api_options
        }
        if self.mask:
            optional["--mask"] = str(self.mask.path)
        return {"--model": self.model, "--size": self.size, **optional, "--input-image": references}


def request_facts(request: ImageRequest) -> dict[str, Any]:
    """Return what the result document says of a request."""
    return {
        "mode": request.mode,
        "model": request.model,
        "requested": request.parameters,
        "applied": request.parameters,
        "input_images": [reference.row() for reference in request.references],
    }


def image_request(
    *,
    prompt: str,
    model: str,
    size: str,
    references: Sequence[tuple[str, str]],
    options: Mapping[str, Any] | None = None,
    mask: tuple[str, str] | None = None,
) -> ImageRequest:
    """Return the request that flags or a task's fields describe; the prompt was checked where it was read.

    `references` are pairs of the flag or field and its path, in order; `options` are by the names of OPTIONS, with
    their numbers checked; `mask` is a pair like those of the references.

    Raises:
        BadInput: names the flag, what this model takes and what was received.
    """
    api_options = check_parameters(model, size, options or {})
    capabilities = capabilities_of(model)
    if len(references) > capabilities.max_references:
        most = capabilities.max_references
        raise BadInput("references_count", flag=references[-1][0], most=most, got=len(references))
    if capabilities.max_prompt and len(prompt) > capabilities.max_prompt:
        most = capabilities.max_prompt
        raise BadInput("prompt_too_long", flag="--prompt", model=model, most=most, got=len(prompt))
    _check_combination(api_options, has_references=bool(references))
    images = tuple(_reference(flag, path) for flag, path in references)
    if mask and not images:
        raise BadInput("option_needs", flag=mask[0], other="--input-image")
    return ImageRequest(prompt, model, size, images, api_options, read_mask(*mask, images[0]) if mask else None)


def check_parameters(model: str, size: str, options: Mapping[str, Any]) -> dict[str, str | int]:
    """Return the options by the API's names, after checking each value against what the model takes.

    Raises:
        BadInput: names the flag, what this model takes and what was received.
    """
    if not MODEL.fullmatch(model):
        raise BadInput("model_invalid", flag="--model", got=short_repr(model))
    capabilities = capabilities_of(model)
    capabilities.check_size(size)
    chosen = {name: options[name] for name in OPTIONS if options.get(name) is not None}
    for name, value in chosen.items():
        if name not in NUMBERS:
            capabilities.check_option(name, value)
    return {OPTIONS[name]: value for name, value in chosen.items() if (name, value) != ("n", DEFAULT_COUNT)}


def _check_combination(options: Mapping[str, str | int], *, has_references: bool) -> None:
    """Refuse options that the API accepts only together with others."""
    output_format = options.get("output_format", DEFAULT_FORMAT)
    if "output_compression" in options and output_format not in COMPRESSED_FORMATS:
        raise BadInput("option_needs", flag="--compression", other="--format jpeg, --format webp")
    if options.get("background") == "transparent" and output_format not in TRANSPARENT_FORMATS:
        raise BadInput("option_needs", flag="--background transparent", other="--format png, --format webp")
    if "input_fidelity" in options and not has_references:
        raise BadInput("option_needs", flag="--input-fidelity", other="--input-image")
    if "moderation" in options and has_references:  # images/edits has no such parameter
        raise BadInput("option_goes_with", flag="--moderation", other="--input-image")


@functools.lru_cache(maxsize=256)  # the tasks of a batch often share one
def _reference(flag: str, path: str) -> InputImage:
    reference = read_input_image(flag, path, unknown="reference_unknown_type")
    if reference.media_type not in REFERENCE_TYPES:
        raise BadInput("reference_type", flag=flag, got=short_repr(path), media_type=reference.media_type)
    return reference


def task_name(flag: str, text: str) -> str:
    """Return the name of a task in Unicode's composed form (NFC); file names begin with it.

    Raises:
        BadInput: `task_name_invalid`; it could name another folder, or a file system would not accept it.
    """
    name = unicodedata.normalize("NFC", text)
    stem = name.partition(".")[0].strip().casefold()
    if (
        not 1 <= len(name) <= MAX_NAME_LENGTH
        or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES
        or not name.isprintable()
        or NOT_IN_NAMES & set(name)
        or name != name.strip(" .")
        or name.startswith("-")
        or stem in RESERVED_NAMES
    ):
        raise BadInput(
            "task_name_invalid", flag=flag, most=MAX_NAME_LENGTH, bytes=MAX_NAME_BYTES, got=short_repr(text)
        )
    return name
