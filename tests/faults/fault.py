"""A row of the table: a fault, how it is injected, and how each affected skill must end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.scene import Run
    from tests.providers.plan import Plan


@dataclass(frozen=True)
class End:
    """How a command ends that met the fault, and what the next command that it names does once the fault is over.

    `charges` are in the ledger at the end, `after` once the next command ran; `then` is that command's exit
    code, None when the error names none.
    """

    code: int
    error: str | None = None
    charges: int = 1
    then: int | None = 0
    after: int | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row. `drive` runs what is to be judged; by default the command, to its end.

    `limit` is the --timeout in seconds, `beyond` what a paid request may take in addition. `quick` rows run in
    `make test` too, for these skills. `spares` names checks that the fault itself makes void. A `sweep` is
    repeated with `scene.step` 1, 2, 3 … until the fault is not met any more, after `least` times at the earliest.
    """

    title: str
    ends: Mapping[str, End]
    inject: Callable[[Scene], object] = lambda _: None
    drive: Callable[[Scene], Run] = Scene.run
    limit: float = 20.0
    beyond: float = 0.0
    quick: tuple[str, ...] = ()
    spares: frozenset[str] = field(default_factory=frozenset)
    sweep: bool = False
    least: int = 5


WELL = End(0, then=None)
LOST = End(10, "answer_lost", after=2)
"""The way out is --new, with the user's consent: the same is paid for again."""
LOST_ZM = End(10, "answer_lost")
"""The way out sends the same Idempotency-Key: it is not paid for again."""
UNDECIDED = End(10, "message_undecided", charges=0, then=10)
"""nemo's session is as before: nothing is sent again, and the way out is to look at it later."""


def all_of(
    image2: End | None = None, ima: End | None = None, zm: End | None = None, nemo: End | None = None
) -> dict[str, End]:
    """Return the ends by skill, of those that the fault concerns."""
    ends = {"image2": image2, "ai-nano-banana-ima": ima, "zm-img2-generation-direct": zm, "generator-image": nemo}
    return {slug: end for slug, end in ends.items() if end}


def same(end: End) -> dict[str, End]:
    """Return one end for every skill."""
    return all_of(end, end, end, end)


ALL = tuple(same(WELL))
"""Every skill, for `quick`."""


def twice(scene: Scene) -> Run:
    """Run the command twice, and judge the second run."""
    scene.run()
    return scene.run()


def create(*plans: Plan) -> Callable[[Scene], None]:
    """Let the answers to the next paid requests go so."""
    return lambda scene: scene.subject.plan_create(scene.house, *plans)


def look(*plans: Plan) -> Callable[[Scene], None]:
    """Let the answers to the next polls of a task go so."""
    return lambda scene: scene.subject.plan_look(scene.house, *plans)


def picture(*plans: Plan) -> Callable[[Scene], None]:
    """Let the next downloads go so."""
    return lambda scene: scene.subject.plan_picture(scene.house, *plans)
