"""Builds the journal entry of a request before the paid call."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from shared.journal.entry import Entry, fingerprint, prompt_record

if TYPE_CHECKING:
    from pathlib import Path

    from openai_images.config.provider import Provider
    from openai_images.request import ImageRequest

SKILL = "zm-img2-generation-direct"


def new_entry(request: ImageRequest, provider: Provider, *, variant: str, folder: Path) -> Entry:
    """Return the journal entry of a request, without its prompt and key."""
    parameters: dict[str, Any] = request.parameters
    account = provider.secret.account()
    return Entry(
        fingerprint=fingerprint(
            skill=SKILL,
            base_url=provider.base_url,
            account=account,
            mode=request.mode,
            model=request.model,
            prompt=request.prompt,
            parameters=parameters,
            references=[reference.sha256 for reference in request.references],
            variant=variant,
        ),
        skill=SKILL,
        provider=provider.name,
        mode=request.mode,
        model=request.model,
        base_url=provider.base_url,
        account=account,
        variant=variant,
        prompt=prompt_record(request.prompt),
        requested=parameters,
        applied=dict(parameters),
        output_dir=str(folder),
        extra={
            "idempotency_key": str(uuid.uuid4()),
            "input_images": [reference.row() for reference in request.references],
        },
    )
