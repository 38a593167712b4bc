"""The request of ai-nano-banana-ima: validated before anything else happens."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Union

from shared.errors import BadInput
from shared.http.urls import InvalidUrl, check_public_url
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from shared.images.inputs import InputImage

TaskType = Literal["text_to_image", "image_to_image"]
TASK_TYPES: tuple[TaskType, ...] = ("text_to_image", "image_to_image")
FLASH, PRO = "gemini-3.1-flash-image", "gemini-3-pro-image"
MODELS = (FLASH, PRO)
DEFAULT_MODEL = FLASH
SIZES = ("512", "1K", "2K", "4K")
TOO_LARGE_SIZE, LARGEST_SIZE = "8K", "4K"
RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4")
RATIO_TOLERANCE = 0.02  # cameras and crops miss a ratio by a few pixels
MAX_PICTURES = 10  # n; each is charged
MAX_INPUTS = 14  # reference images; the models use no more
INPUTS_FLAG = "--input-images"
RESERVED = frozenset(
    [
        "app",
        "attribute_id",
        "cast",
        "category",
        "credit",
        "enable_multi_model",
        "input_images",
        "model_id",
        "model_name",
        "model_version",
        "parameters",
        "platform",
        "points",
        "prompt",
        "src_img_url",
        "task_type",
        "version_id",
    ]
)
"""Names that the request itself sets; a user who could set them could set the price."""
USER_ID = re.compile(r"[+@_0-9A-Za-z](?:[0-9A-Za-z_.:@+=-]{0,126}[0-9A-Za-z_=-])?")
VERSION_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,127}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:", re.IGNORECASE)

Scalar = str | int | float | bool
Input = Union[str, "InputImage"]
"""A public https URL, or a local image."""


@dataclass(frozen=True)
class ImageRequest:
    """Images to make from one prompt; an instance is always valid.

    `size` is what the user named (None: the model's own default; 8K: 4K is applied), `extra` what
    --extra-params contains besides `aspect_ratio` and `n`.
    """

    task_type: TaskType
    prompt: str
    model_id: str
    version_id: str | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    count: int = 1
    extra: tuple[tuple[str, Scalar], ...] = ()
    inputs: tuple[Input, ...] = ()
    own_ratio: bool = False
    """The aspect ratio is that of the first local image, because the user named none."""

    @property
    def applied_size(self) -> str | None:
        """The size to send: 4K if 8K was requested."""
        return LARGEST_SIZE if self.size == TOO_LARGE_SIZE else self.size

    @property
    def files(self) -> tuple[InputImage, ...]:
        """The inputs that have to be uploaded."""
        return tuple(image for image in self.inputs if not isinstance(image, str))


def check_task_type(text: str | None) -> TaskType:
    """Return --task-type.

    Raises:
        BadInput: it is missing or unknown.
    """
    for task_type in TASK_TYPES:
        if text == task_type:
            return task_type
    raise _choice("--task-type", TASK_TYPES, text)


def check_user_id(text: str | None) -> str | None:
    """Return --user-id; it becomes a key in a file, so it must have the form of an id, not of a path.

    Raises:
        BadInput: `user_id_invalid`.
    """
    if text is not None and not (USER_ID.fullmatch(text) and ".." not in text):
        raise BadInput("user_id_invalid", flag="--user-id", got=short_repr(text))
    return text


def image_request(
    *,
    task_type: str | None,
    prompt: str,
    model_id: str,
    version_id: str | None,
    size: str | None,
    extra_params: str | None,
    inputs: tuple[str, ...],
) -> ImageRequest:
    """Return the request that the flags describe; the prompt was checked when it was read.

    Raises:
        BadInput: names the flag, the expected value and the actual one.
    """
    kind = check_task_type(task_type)
    if model_id not in MODELS:
        raise _choice("--model-id", MODELS, model_id)
    if version_id is not None and not VERSION_ID.fullmatch(version_id):
        raise BadInput("version_id_invalid", flag="--version-id", got=short_repr(version_id))
    extra = _extra(extra_params)
    aspect_ratio = extra.pop("aspect_ratio", None)
    if aspect_ratio is not None and aspect_ratio not in RATIOS:
        raise _choice("--extra-params aspect_ratio", RATIOS, str(aspect_ratio))
    count = extra.pop("n", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MAX_PICTURES:
        raise BadInput("not_a_number", flag="--extra-params n", least=1, most=MAX_PICTURES, got=short_repr(count))
    images = _inputs(kind, inputs)
    own_ratio = _ratio_of(images[0]) if images and aspect_ratio is None else None
    return ImageRequest(
        kind,
        prompt,
        model_id,
        version_id,
        _size(size),
        str(aspect_ratio) if aspect_ratio else own_ratio,
        count,
        tuple(sorted(extra.items())),
        images,
        own_ratio=own_ratio is not None,
    )


def _ratio_of(image: Input) -> str | None:
    """Return which of the five ratios a local image has; None for another one, and for a link."""
    if isinstance(image, str):
        return None
    for ratio in RATIOS:
        width, height = map(int, ratio.split(":"))
        if abs(image.width * height - image.height * width) <= RATIO_TOLERANCE * image.height * width:
            return ratio
    return None


def _size(text: str | None) -> str | None:
    if text is None:
        return None
    size = text.upper().removesuffix("PX")
    if size not in (*SIZES, TOO_LARGE_SIZE):
        raise _choice("--size", SIZES, text)
    return size


def _extra(text: str | None) -> dict[str, Scalar]:
    if text is None:
        return {}
    try:
        document: Any = json.loads(text, object_pairs_hook=_once)
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()  # or it could not be sent
    except (ValueError, RecursionError) as error:
        raise BadInput("extra_params_no_json", flag="--extra-params", got=short_repr(text)) from error
    if not isinstance(document, dict) or not all(isinstance(value, Scalar) for value in document.values()):
        raise BadInput("extra_params_no_json", flag="--extra-params", got=short_repr(text))
    for name in document:
        if name.lower() == "size":
            raise BadInput("extra_params_size", flag="--extra-params")
        if name.lower() in RESERVED:
            raise BadInput("extra_params_reserved", flag="--extra-params", name=short_repr(name))
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a name stands twice")
    return document


def _inputs(task_type: TaskType, sources: tuple[str, ...]) -> tuple[Input, ...]:
    if task_type == "text_to_image" and sources:
        raise BadInput("input_without_image_to_image", flag=INPUTS_FLAG)
    if task_type == "image_to_image" and not 1 <= len(sources) <= MAX_INPUTS:
        raise BadInput("inputs_count", flag=INPUTS_FLAG, most=MAX_INPUTS, got=len(sources))
    return tuple(_input(source) for source in sources)


def _input(source: str) -> Input:
    if not _URL.match(source):
        from shared.images.inputs import read_input_image  # noqa: PLC0415  - only for those who have files

        return read_input_image(INPUTS_FLAG, source)
    try:
        return check_public_url(source)
    except InvalidUrl as error:
        code = "input_http" if source.lower().startswith("http:") else "url_refused"
        raise BadInput(
            code, flag=INPUTS_FLAG, got=short_repr(source), reason=MessageRef(f"url_{error.reason}")
        ) from error


def input_rows(inputs: tuple[Input, ...]) -> list[dict[str, Any]]:
    """Return the result's `input_images`."""
    return [{"url": image} if isinstance(image, str) else image.row() for image in inputs]


def _choice(flag: str, choices: tuple[str, ...], got: str | None) -> BadInput:
    if got is None:
        return BadInput("option_missing", flag=flag, expected=", ".join(choices))
    return BadInput("not_one_of", flag=flag, expected=", ".join(choices), got=short_repr(got))
