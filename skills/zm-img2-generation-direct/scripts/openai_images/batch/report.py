"""The HTML report of a batch, for the person who reviews its images; it works offline."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.output.report_page import card, no_picture, page, picture, relative_link, tone
from shared.timefmt import parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.i18n.catalog import Catalog


def report_page(
    folder: Path, document: Mapping[str, Any], definitions: Mapping[int, Any], catalog: Catalog
) -> str:
    """Return the HTML report of a batch's result document; `definitions` are the tasks as written, by index.

    Images are linked relative to `folder`, so that the folder can be moved or sent; reference images are not
    copied, and are named where they cannot be shown.
    """
    say = catalog.format
    counters = document["counters"]
    cards = [_card(row, _prompt(definitions.get(row["index"])), folder, catalog) for row in document["results"]]
    facts = {
        say("report_provider"): f"{document['provider']} / {document['model'] or '–'}",
        say("report_finished"): f"{parse_time(document['finished_at']):%Y-%m-%d %H:%M} UTC",
        say("report_seconds"): f"{document['elapsed_seconds']:.0f} s",
        say("report_charges"): str(document["possible_charges"]),
    }
    terms = "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(value)}</dd></div>" for term, value in facts.items())
    done = f"<b>{counters['succeeded']}/{counters['total']}</b> {escape(say('report_done'))}"
    chips = "".join(
        f'<li class="{tone(status)}"><b>{count}</b> {escape(say(f"row_{status}"))}</li>'
        for status, count in counters.items()
        if count and status not in {"total", "succeeded"}
    )
    reason = document.get("proof", {}).get("reason")
    warning = f'<p class="warning">{escape(reason)}</p>' if reason else ""
    header = f"""<ul class="chips"><li>{done}</li>{chips}</ul>
{warning}
<dl class="facts">{terms}</dl>"""
    return page(folder.name, catalog.language, header, cards)


def _card(row: Mapping[str, Any], prompt: str, folder: Path, catalog: Catalog) -> str:
    say = catalog.format
    status = say("row_reused") if row["reused"] else say(f"row_{row['status']}")
    facts = {
        say("report_model"): row["model"],
        say("report_mode"): say(f"mode_{row['mode']}") if row["mode"] else None,
        say("report_took"): f"{row['elapsed_seconds']:.1f} s",
    }
    if row["output"]:
        facts |= {
            say("report_size"): _size(row, catalog),
            say("report_bytes"): f"{row['bytes']:,} ({row['media_type']})",
            "SHA-256": row["sha256"],
        }
    title = f'<span class="number">{row["index"]}</span> {escape(row["task_name"])}'
    error = f'<p class="error">{escape(row["error"]["message"])}</p>' if row["error"] else ""
    text = f"""<p class="prompt">{escape(prompt)}</p>
{error}
{_references(row, folder, catalog)}"""
    images = _pictures(row, prompt, folder, catalog)
    return card(row["status"], images, title=title, badge=status, text=text, facts=facts)


def _size(row: Mapping[str, Any], catalog: Catalog) -> str:
    """Return the size of an image, and the requested size if it differs."""
    requested, sides = row["requested"]["size"], f"{row['width']} × {row['height']}"
    if requested in {"auto", f"{row['width']}x{row['height']}"}:
        return sides
    return f"{sides} {catalog.format('report_asked', size=requested)}"


def _pictures(row: Mapping[str, Any], prompt: str, folder: Path, catalog: Catalog) -> str:
    if not row["images"]:
        return no_picture(catalog.format("report_no_picture"))
    return "\n".join(
        picture(image["path"], folder, prompt, image["width"], image["height"]) for image in row["images"]
    )


def _references(row: Mapping[str, Any], folder: Path, catalog: Catalog) -> str:
    if not row["input_images"]:
        return ""
    images = "".join(
        f'<a href="{link}" title="{name}"><img src="{link}" alt="{name}" loading="lazy"></a>'
        for reference in row["input_images"]
        for link, name in ((relative_link(reference["path"], folder), escape(Path(reference["path"]).name)),)
    )
    return f'<div class="references"><span>{escape(catalog.format("report_references"))}</span>{images}</div>'


def _prompt(definition: Any) -> str:
    return str(definition.get("prompt", "")) if isinstance(definition, dict) else ""
