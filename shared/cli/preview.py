"""What a dry run shows: the cost, an earlier task of the same request, and the command that creates the task."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from shared.i18n.catalog import sanitize_line
from shared.i18n.messages import MessageRef
from shared.journal.history import estimate, format_estimate
from shared.output.result import NextCommand
from shared.output.summary import format_cost

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shared.cli.context import CommandContext
    from shared.cli.next_command import OptionValue
    from shared.journal.entry import Entry, State
    from shared.journal.reader import JournalReader
    from shared.journal.states import Action

UNKNOWN_COST = {"amount": None, "unit": None, "source": "unknown"}


def show_plan(context: CommandContext, plan: Mapping[str, Any]) -> None:
    """Put the masked payload of a dry run into the result."""
    context.note(status="prepared")
    context.note_own(plan=dict(plan))
    context.summary_lines.append(json.dumps(plan, ensure_ascii=False, indent=2))


def show_preview(
    context: CommandContext,
    draft: Entry,
    journal: JournalReader,
    *,
    passed_over: Collection[State] = (),
    public_files: Collection[str] = (),
    agreed: Mapping[str, OptionValue] | None = None,
) -> None:
    """Put into the result, and into plain sentences, everything that the user's consent needs.

    `draft` is the entry that a create would write; its `cost` is a quote, if the service gives one. `passed_over`
    are states of earlier entries that do not count. `agreed` are options that bind the create to what is shown.
    """
    action, earlier = journal.foresee(draft.fingerprint, passed_over)
    cost = draft.cost or estimate(journal, draft) or UNKNOWN_COST
    context.note(cost={name: cost[name] for name in ("amount", "unit", "source")})
    size = draft.applied.get("size")
    context.note_own(
        preview={
            "pays": action == "create",
            "cost": {"at": None, "same_settings": None, **cost},
            "earlier_task": earlier and _row(earlier),
            "variant": draft.variant or None,
            "size": size,
            "public_files": list(public_files),
        }
    )
    context.summary_lines += _sentences(context, draft, action, earlier, cost, public_files)
    context.note(next_command=_create(context, action, agreed or {}))


def show_many(
    context: CommandContext,
    drafts: Sequence[Entry],
    journal: JournalReader,
    *,
    made: int = 0,
    passed_over: Collection[State] = (),
) -> None:
    """Put into the result how many tasks would be paid, and what the first of them is likely to cost.

    `drafts` are the entries of the tasks that are not known to be made; `made` counts the others.
    """
    actions = Counter(journal.foresee(draft.fingerprint, passed_over)[0] for draft in drafts)
    cost = (estimate(journal, drafts[0]) if drafts else None) or UNKNOWN_COST
    counts = {
        "pay": actions["create"],
        "free": made + actions["return"] + actions["attach"],
        "unclear": actions["stop"],
    }
    context.note_own(
        preview={
            "pays": bool(counts["pay"]),
            "tasks": counts,
            "cost_of_each": {"at": None, "same_settings": None, **cost},
        }
    )
    facts = {**counts, "cost": format_estimate(cost, context.catalog)}
    context.summary_lines.append(context.catalog.format("preview_tasks", **facts))
    context.note(next_command=_create(context, "create" if counts["pay"] else "return", {}))


def _row(entry: Entry) -> dict[str, Any]:
    names = ("local_id", "task_id", "state", "charged", "created_at")
    return {name: getattr(entry, name) for name in names}


def _sentences(  # noqa: PLR0917  - each is shown, and no two belong together
    context: CommandContext,
    draft: Entry,
    action: Action,
    earlier: Entry | None,
    cost: Mapping[str, Any],
    public_files: Collection[str],
) -> list[str]:
    say = context.catalog.format
    price = format_cost(cost, context.catalog) if draft.cost else format_estimate(cost, context.catalog)
    lines = [say("preview_create", cost=price)]
    if earlier:
        state = MessageRef(f"state_{earlier.state}")
        facts = {"date": earlier.created_at[:10], "local_id": earlier.local_id, "state": state}
        lines = [say(f"preview_{action}", **facts)]
    if draft.applied.get("size"):
        lines.append(say("preview_size", size=sanitize_line(draft.applied["size"], 40)))
    if draft.variant:
        lines.append(say("preview_variant", variant=sanitize_line(draft.variant)))
    if public_files:
        lines.append(say("preview_public", files=", ".join(map(sanitize_line, public_files))))
    return lines


def _create(context: CommandContext, action: Action, agreed: Mapping[str, OptionValue]) -> NextCommand | None:
    """Return the command that was tried, for the user to agree to; None where it would only report an error."""
    if context.invocation is None or action == "stop":
        return None
    command = context.invocation.without(["--dry-run"])
    if action != "create":
        return NextCommand(command.to_argv())
    return NextCommand(command.with_options(agreed).to_argv(), "yes", needs_consent=True)
