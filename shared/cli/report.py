"""The command `tasks.py report`: a page of what was made, by all skills, from what the journals know."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from html import escape
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.cli.app import output_options
from shared.cli.journals import age, from_each, journals
from shared.files import create_file, disk_errors, move_into_place
from shared.openclaw.folders import output_folder, state_folders
from shared.output.report_page import card, no_picture, page, picture
from shared.output.summary import format_cost
from shared.timefmt import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.cli.context import CommandContext
    from shared.i18n.catalog import Catalog
    from shared.journal.entry import Entry

MAX_REPORTED = 1000  # tasks of each skill on one page


@click.command("report", help="Write an HTML page of what was made: image, prompt, cost, hash.")
@click.option("--since", default="7d", metavar="AGE", help="Only tasks newer than AGE, such as 24h (default: 7d).")
@click.option("--output-dir", "chosen", metavar="DIR", help="Save the page to DIR (default: generated-images).")
@output_options
def report_command(context: CommandContext, since: str, chosen: str | None) -> None:
    """Write the page, and put its path into the result."""
    began = datetime.now(timezone.utc)
    oldest = format_time(began - age("--since", since))
    folder = output_folder(chosen, state_folders()[0])
    known = from_each(context, journals(), lambda journal: journal.history(limit=MAX_REPORTED))
    made = [entry for entry in chain.from_iterable(known) if entry.created_at >= oldest and _may_be_paid(entry)]
    made.sort(key=lambda entry: entry.created_at, reverse=True)
    path = _write(folder, f"report-{began:%Y%m%dT%H%M%SZ}.html", _page(made, folder, since, context.catalog))
    images = sum(len(_images(entry)) for entry in made)
    context.note(status="succeeded")
    context.note_own(report={"path": str(path), "tasks": len(made), "images": images})
    context.summary_lines.append(
        context.catalog.format("report_written", path=path, tasks=len(made), images=images)
    )


def _may_be_paid(entry: Entry) -> bool:
    return bool(entry.images or entry.possible_charges)


def _images(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the rows of an entry that name a file; older versions may have written others."""
    return [row for row in entry.images if isinstance(row, dict) and isinstance(row.get("path"), str)]


def _write(folder: Path, name: str, text: str) -> Path:
    """Write the page under a name that no file has; return its path."""
    temporary = folder / f".{name}.part"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        with os.fdopen(create_file(temporary), "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        return move_into_place(temporary, folder / name)


def _page(entries: list[Entry], folder: Path, since: str, catalog: Catalog) -> str:
    say = catalog.format
    count = sum(len(_images(entry)) for entry in entries)
    header = f'<ul class="chips"><li><b>{count}</b> {escape(say("report_images"))}</li></ul>'
    return page(
        say("report_title", since=since),
        catalog.language,
        header,
        chain.from_iterable(_cards(entry, folder, catalog) for entry in entries),
    )


def _cards(entry: Entry, folder: Path, catalog: Catalog) -> Iterator[str]:
    """Yield a card for each image of a task, or one that says that it has none."""
    say = catalog.format
    start = str(entry.prompt.get("start", ""))
    length = entry.prompt.get("length")
    prompt = start + ("…" if isinstance(length, int) and length > len(start) else "")
    rows: list[Mapping[str, Any] | None] = [*_images(entry)]
    for row in rows or [None]:
        facts = {
            say("report_model"): entry.model,
            say("report_cost"): format_cost(entry.cost, catalog) if entry.cost else say("cost_unknown"),
            say("report_began"): f"{parse_time(entry.created_at):%Y-%m-%d %H:%M} UTC",
            say("report_local_id"): entry.local_id,
        }
        image = no_picture(say("report_no_picture"))
        if row is not None:
            sides = row.get("width"), row.get("height")
            facts |= {say("report_size"): " × ".join(map(str, sides)), "SHA-256": str(row.get("sha256", ""))}
            image = no_picture(say("report_gone", path=row["path"]))
            if Path(row["path"]).is_file():
                image = picture(row["path"], folder, prompt, *sides)
        text = f'<p class="prompt">{escape(prompt)}</p>'
        badge = say(f"state_{entry.state}")
        yield card(entry.state, image, title=escape(entry.skill), badge=badge, text=text, facts=facts)
