"""The demo's chapter on zm-img2-generation-direct: a batch of six, one refused, killed half-way and finished."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.demo_stage import DEMO, Chapter
from tests.providers import openai_images
from tests.providers.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.demo_stage import Stage
    from tests.providers.house import StandInHouse

PROMPTS = (
    "A shop counter in morning light, no readable text",
    "what the provider's content rules refuse",
    "雨后的书店橱窗，暖光，无文字",
    "An office desk with a plant, seen from above",
    "山间的木屋，黄昏，薄雾",
    "A ceramic cup on linen, studio light",
)
REFUSED = PROMPTS[1]
POSSIBLE = len(PROMPTS) - 1
WORKERS = 2
HALF = 3  # images: by then one is saved, one task was refused, and both workers are busy
SECONDS = 0.6  # for each image


def provider(house: StandInHouse) -> Mapping[str, str]:
    """Write an OpenClaw configuration with the simulated service as the provider, and return its path."""
    entry = {"baseUrl": openai_images.BASE_URL, "apiKey": "${DEMO_IMAGES_KEY}", "models": []}
    path = DEMO / "openclaw.json"
    path.write_text(json.dumps({"models": {"providers": {openai_images.PROVIDER: entry}}}), encoding="utf-8")
    return {"OPENCLAW_CONFIG_PATH": str(path), "DEMO_IMAGES_KEY": house.openai_images.key}


def play(stage: Stage) -> None:
    """Show the batch: killed when half of it is paid, run again until it is done, and verified."""
    house, service = stage.house, stage.house.openai_images
    refusal = {"error": {"message": "the content rules say no", "code": "moderation_blocked"}}
    service.plan_prompt(REFUSED, Plan(status=400, body=refusal))
    service.default_seconds = SECONDS
    tasks = [{"task_name": f"picture-{number}", "prompt": prompt} for number, prompt in enumerate(PROMPTS, 1)]
    file = DEMO / "batch.json"
    file.write_text(json.dumps({"batch_name": "demo", "tasks": tasks}, ensure_ascii=False), encoding="utf-8")
    batch = ("batch_run.py", f"@{DEMO.name}/{file.name}", "--max-workers", str(WORKERS), "--lang", "en")
    paid_before = len(house.ledger)

    killed = stage.run(
        "A batch of six, killed half-way", *batch, kill_when=lambda: len(house.ledger) - paid_before >= HALF
    )
    stage.observe("SIGKILL ended it without a result", kept=killed.killed and killed.document is None)

    again = stage.run("The same command after the kill", *batch)
    document = again.document or {}
    rows = document.get("results", [])
    ends = [row["status"] for row in rows]
    stage.observe("The picture that was finished before the kill was kept", kept=bool(rows) and rows[0]["reused"])
    stage.observe("The refused task stopped no other", kept=ends.count("refused") == 1 and ends[-1] == "succeeded")
    stage.observe(
        "Two pictures whose answer the kill cut off are called unknown, and were not sent again",
        kept=ends.count("unknown") == WORKERS and document["possible_charges"] == POSSIBLE,
    )

    last = stage.run("Once more, with the user's consent to send those two again", *batch, "--on-unknown", "retry")
    document = last.document or {}
    ends = [row["status"] for row in document.get("results", [])]
    stage.observe("All five possible pictures are there", kept=ends.count("succeeded") == POSSIBLE)
    paid = len(house.ledger) - paid_before
    stage.observe("Five were charged: one Idempotency-Key is charged once", kept=paid == POSSIBLE)
    stage.observe("There is a report to look at", kept=Path(document["batch_report"]).is_file())
    stage.observe("Every request was as the service expects it", kept=not service.complaints)


CHAPTER = Chapter(
    skill="zm-img2-generation-direct",
    service=openai_images.HOST,
    unit="picture(s)",
    hosts=frozenset((openai_images.HOST,)),
    key=provider,
    play=play,
)
