"""Builds the journal entry of a request before the paid call."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shared.journal.entry import entry_of_request

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.config.provider import Provider
    from openai_images.request import ImageRequest
    from shared.journal.entry import Entry

SKILL = "zm-img2-generation-direct"


def new_entry(request: ImageRequest, provider: Provider, *, variant: str, folder: Path) -> Entry:
    """Return the journal entry of a request, without its prompt and key."""
    parameters: dict[str, Any] = request.parameters
    return entry_of_request(
        skill=SKILL,
        provider=provider.name,
        base_url=provider.base_url,
        account=provider.secret.account(),
        mode=request.mode,
        model=request.model,
        prompt=request.prompt,
        parameters=parameters,
        references=[reference.sha256 for reference in request.references],
        variant=variant,
        requested=parameters,
        applied=dict(parameters),
        output_dir=str(folder),
        extra={
            "idempotency_key": str(uuid.uuid4()),
            "input_images": [reference.row() for reference in request.references],
            **({"mask": request.mask.row()} if request.mask else {}),
        },
    )
