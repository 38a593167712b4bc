"""A request to the images API, validated before anything else happens."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.images.inputs import read_input_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.images.inputs import InputImage

Mode = Literal["generation", "edit"]
MAX_REFERENCES = 5
REFERENCE_TYPES = frozenset(("image/png", "image/jpeg", "image/webp"))  # what images/edits accepts
DEFAULT_MODEL = "gpt-image-2"
DEFAULT_SIZE = "1024x1024"
DEFAULT_NAME = "img2"
SIZE = re.compile(r"auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4}")
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

    @property
    def mode(self) -> Mode:
        """The endpoint: any reference image makes it an edit."""
        return "edit" if self.references else "generation"

    def options(self) -> dict[str, str | tuple[str, ...]]:
        """Return the options of run.py that describe this request, all but the prompt."""
        references = tuple(str(reference.path) for reference in self.references)
        return {"--model": self.model, "--size": self.size, "--input-image": references}


def image_request(*, prompt: str, model: str, size: str, references: Sequence[tuple[str, str]]) -> ImageRequest:
    """Return the request that flags or a task's fields describe; the prompt was checked where it was read.

    `references` are pairs of the flag or field and its path, in order.

    Raises:
        BadInput: names the flag, what was expected and what was received.
    """
    if not SIZE.fullmatch(size):
        raise BadInput("size_invalid", flag="--size", got=short_repr(size))
    if not MODEL.fullmatch(model):
        raise BadInput("model_invalid", flag="--model", got=short_repr(model))
    if len(references) > MAX_REFERENCES:
        raise BadInput("references_count", flag=references[-1][0], most=MAX_REFERENCES, got=len(references))
    return ImageRequest(prompt, model, size, tuple(_reference(flag, path) for flag, path in references))


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
