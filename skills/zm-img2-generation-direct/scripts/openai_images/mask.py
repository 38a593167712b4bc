"""The mask of an edit: a PNG whose transparent pixels are drawn again, checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.i18n.messages import MessageRef
from shared.images.alpha import has_alpha_channel, has_transparency
from shared.images.inputs import read_input_image

if TYPE_CHECKING:
    from shared.images.inputs import InputImage

MAX_MASK_BYTES = 4_000_000


def read_mask(flag: str, path: str, reference: InputImage) -> InputImage:
    """Return the mask of an edit; it applies to the first `reference`.

    Raises:
        BadInput: it cannot be read.
        BadInput: `mask_refused`; it is not a PNG, too large, of another size, without alpha, or opaque.
    """
    mask = read_input_image(flag, path, unknown="mask_not_png")
    reason = None
    if mask.media_type != "image/png":
        reason = MessageRef("mask_not_png")
    elif mask.size >= MAX_MASK_BYTES:
        reason = MessageRef("mask_too_large", most=MAX_MASK_BYTES)
    elif (mask.width, mask.height) != (reference.width, reference.height):
        sizes = {"size": f"{mask.width}x{mask.height}", "expected": f"{reference.width}x{reference.height}"}
        reason = MessageRef("mask_size", **sizes)
    elif not has_alpha_channel(mask.path):
        reason = MessageRef("mask_without_alpha")
    elif not has_transparency(mask.path):
        reason = MessageRef("mask_opaque")
    if reason:
        raise BadInput("mask_refused", flag=flag, got=short_repr(path), reason=reason)
    return mask
