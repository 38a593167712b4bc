"""Add the agent's reply, the changes, and the missing parts of the request to the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nemovideo.api import timeline
from nemovideo.message.reply_rewriter import translate
from nemovideo.message.track_changes import compare, missing, track_facts
from shared.i18n.messages import MessageRef

if TYPE_CHECKING:
    from nemovideo.api.session_state import State
    from shared.cli.context import CommandContext
    from shared.journal.entry import Entry

MAX_TEXT = 4000  # characters of the answer that the journal keeps, so that a kill does not lose it


def outcome(entry: Entry, state: State) -> dict[str, Any]:
    """Return what the message changed: `changes` per track, and the `missing` requests; None if unknown."""
    before = entry.extra.get("before", {})
    if "tracks" not in before:  # of an earlier version, or imported
        return {"changes": None, "missing": []}
    changes = compare(before["tracks"], track_facts(state.draft))
    made = [item.kind for item in state.generated if item.key not in before.get("media", [])]
    return {"changes": changes, "missing": missing(entry.extra.get("wishes", []), changes, made)}


def report(entry: Entry, state: State | None, changed: bool | None, context: CommandContext) -> None:
    """Put the agent's reply, the change and the timeline into the result; `state` None leaves out the timeline."""
    say = context.catalog.format
    text, actions = translate(str(entry.extra.get("text") or "")[:MAX_TEXT], say)
    line = timeline.timeline(state.draft, say) if state and timeline.tracks(state.draft) else None
    facts = entry.extra.get("outcome", {"changes": None, "missing": []})
    context.note_own(text=text or None, changed=changed, actions=actions, timeline=line)
    context.note_own(answer=_answer(entry), wishes=entry.extra.get("wishes", []))
    context.note_own(carries=entry.extra.get("carries", []), **facts)
    if text:
        context.summary_lines.append(text)
    if changed is not None:
        context.summary_lines.append(say("session_changed" if changed else "session_unchanged"))
    for wish in facts["missing"]:
        words = {"kind": MessageRef(f"kind_{wish['kind']}"), "change": MessageRef(f"asked_{wish['change']}")}
        warn(context, "wish_missing", **words)
    if line:
        context.summary_lines.append(line)


def warn(context: CommandContext, message: str, **facts: Any) -> None:
    """Say something on stderr, even with --quiet, and list it under `warnings` in the document."""
    context.reporter.always(message, **facts)
    warnings = context.result.extra.get("warnings", [])
    context.note_own(warnings=[*warnings, context.catalog.format(message, **facts)])


def nothing_came(extra: dict[str, Any]) -> bool:
    """Return whether a result shows that nothing requested was made."""
    return extra["changed"] is False or bool(extra["wishes"] and len(extra["missing"]) == len(extra["wishes"]))


def _answer(entry: Entry) -> str:
    """Return how the agent's answer came: complete, broken, or missing."""
    whole = entry.extra.get("heard")
    return "missing" if whole is None else "complete" if whole else "broken"
