"""The request of image2: validated before anything else happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.errors import BadInput
from shared.http.urls import InvalidUrl, check_public_url
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef

Mode = Literal["text2img", "img2img"]
MODES: tuple[Mode, ...] = ("text2img", "img2img")
SIZES = ("auto", "1:1", "3:2", "2:3", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21", "1:3", "3:1", "2:1", "1:2")
MAX_REFERENCES = 8
DEFAULT_MODEL = "GPT-Image-2"
OTHER_MODELS = (
    "GPT-Image-2.5-Sunburst",
    "GPT-Image-2.5-Flare",
    "GPT-Image-2-Official",
    "gemini-3.1-flash-image",
    "gemini-3-pro-image",
)
"""Models whose requests have other fields; seen in a public client of the service, not confirmed."""
RESOLUTIONS = ("1k", "2k", "4k")
QUALITIES = ("low", "medium", "high")
MAX_MODEL = 100  # characters


@dataclass(frozen=True)
class ImageRequest:
    """One image to make; an instance is always valid."""

    mode: Mode
    prompt: str
    size: str
    urls: tuple[str, ...] = ()
    model: str = DEFAULT_MODEL
    resolution: str | None = None
    quality: str | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that change the image: the size, and the others that were set."""
        optional = {"resolution": self.resolution, "quality": self.quality}
        return {"size": self.size, **{name: value for name, value in optional.items() if value is not None}}

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the request has fields that only a public client of the service has shown."""
        return self.model in OTHER_MODELS or len(self.parameters) > 1


def image_request(
    *,
    mode: str | None,
    prompt: str,
    size: str | None,
    urls: tuple[str, ...],
    model: str,
    resolution: str | None = None,
    quality: str | None = None,
) -> ImageRequest:
    """Return the request that the flags describe; the prompt was checked when it was read.

    Raises:
        BadInput: names the flag, the expected value and the actual one.
    """
    if mode not in MODES:
        raise _choice("--mode", MODES, mode)
    if size not in SIZES:
        raise _choice("--size", SIZES, size)
    if mode == "text2img" and urls:
        raise BadInput("url_without_img2img", flag="--url")
    if mode == "img2img" and not 1 <= len(urls) <= MAX_REFERENCES:
        raise BadInput("urls_count", flag="--url", most=MAX_REFERENCES, got=len(urls))
    for url in urls:
        try:
            check_public_url(url)
        except InvalidUrl as error:
            reason = MessageRef(f"url_{error.reason}")
            raise BadInput("url_refused", flag="--url", got=short_repr(url), reason=reason) from error
    if not (model.strip() and model.isprintable() and len(model) <= MAX_MODEL):
        raise BadInput("model_name_invalid", flag="--model-name", most=MAX_MODEL, got=short_repr(model))
    for flag, choices, value in (
        ("--resolution", RESOLUTIONS, resolution),
        ("--quality", QUALITIES, quality),
    ):
        if value is not None and value not in choices:
            raise _choice(flag, choices, value)
    return ImageRequest(mode, prompt, size, urls, model, resolution, quality)


def _choice(flag: str, choices: tuple[str, ...], got: str | None) -> BadInput:
    if got is None:
        return BadInput("option_missing", flag=flag, expected=", ".join(choices))
    return BadInput("not_one_of", flag=flag, expected=", ".join(choices), got=short_repr(got))
