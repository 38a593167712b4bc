"""A paid request ready to be sent repeatedly: JSON, or the form of an edit in an unnamed file."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from openai_images import wire
from shared.files import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from openai_images.request import ImageRequest


@dataclass
class PreparedRequest:
    """A request ready to be sent."""

    path: str
    content_type: str
    body: bytes | BinaryIO
    prompt: str
    """What a service may repeat in its answer."""
    rename_field: Callable[[], None] | None = None
    """Rewrite the form, once, with the other name of its file fields."""


@contextlib.contextmanager
def prepare(request: ImageRequest, folder: Path) -> Iterator[PreparedRequest]:
    """Yield the request as it is sent; the form of an edit is in an unnamed file in `folder`.

    Raises:
        BadInput: `reference_changed`; a reference image is no longer the one that was checked.
        DiskError: `disk_failed`.
    """
    path = wire.PATHS[request.mode]
    if request.mode == "generation":
        body = json.dumps(wire.generation_body(request), ensure_ascii=False).encode()
        yield PreparedRequest(path, "application/json", body, request.prompt)
        return
    boundary = f"----{secrets.token_hex(16)}"
    with disk_errors(folder):
        form = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  - closed below, without the disk's errors
    with form:
        name = wire.field_name(len(request.references))

        def rename_field() -> None:
            prepared.rename_field = None
            (other,) = set(wire.FILE_FIELDS) - {name}
            _write(form, folder, boundary, request, other)

        _write(form, folder, boundary, request, name)
        content_type = f"multipart/form-data; boundary={boundary}"
        prepared = PreparedRequest(path, content_type, form, request.prompt, rename_field)
        yield prepared


def _write(form: BinaryIO, folder: Path, boundary: str, request: ImageRequest, file_field: str) -> None:
    """Replace the content of the file by the form of an edit."""
    with disk_errors(folder):
        form.seek(0)
        form.truncate()
        for head, content in wire.edit_parts(request, file_field):
            form.write(f"--{boundary}\r\n".encode() + head)
            form.write(content if isinstance(content, bytes) else request.files[content].content("--input-image"))
            form.write(b"\r\n")  # not added to it: a reference may have 20 MB
        form.write(f"--{boundary}--\r\n".encode())
