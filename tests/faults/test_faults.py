"""Every fault of the table, met by the shipped launchers as processes."""

from __future__ import annotations

import compileall
import itertools
from typing import TYPE_CHECKING

import pytest

from tests.faults.judge import judge
from tests.faults.scene import Scene
from tests.faults.subjects import SUBJECTS
from tests.faults.table import TABLE
from tests.launcher import copy_what_ships

if TYPE_CHECKING:
    from pathlib import Path

BY_SLUG = {subject.slug: subject for subject in SUBJECTS}


def cases() -> list[object]:
    """Return the rows times the skills that they concern."""
    return [
        pytest.param(
            number, slug, id=f"{number}-{slug}", marks=[] if slug in fault.quick else [pytest.mark.thorough]
        )
        for number, fault in TABLE.items()
        for slug in fault.ends
    ]


@pytest.fixture(scope="session")
def skills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what ships, compiled: thousands of processes would compile it again, each for itself."""
    checkout = tmp_path_factory.mktemp("checkout")
    copy_what_ships(checkout)
    compileall.compile_dir(checkout, quiet=1)
    return checkout / "skills"


@pytest.mark.parametrize(("number", "slug"), cases())
def test_survived(number: str, slug: str, tmp_path: Path, skills: Path) -> None:
    fault, wrong = TABLE[number], list[str]()
    end = fault.ends[slug]
    for step in itertools.count(1) if fault.sweep else (1,):
        folder = tmp_path / str(step)
        folder.mkdir()
        with Scene(folder, BY_SLUG[slug], limit=fault.limit, skills=skills) as scene:
            scene.step = step
            fault.inject(scene)
            last = fault.drive(scene)
            if fault.sweep and not scene.met:
                assert step > fault.least, f"only {step - 1} steps"
                break
            found = judge(scene, fault, last, scene.found or end)
            wrong += [f"step {step}: {one}" if fault.sweep else one for one in found]
    assert wrong == []
