"""The one table of faults, numbered by section: N and P concern every skill, the others one skill each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults import disk, ima, image2, launcher, nemo, network, process, protocol, zm

if TYPE_CHECKING:
    from tests.faults.fault import Fault

SECTIONS: dict[str, tuple[str, tuple[Fault, ...]]] = {
    "N": ("Network and protocol", network.ROWS + protocol.ROWS + network.LATER_ROWS),
    "P": ("Process, disk, several at once", process.ROWS + disk.ROWS + launcher.ROWS),
    "K": ("image2's own", image2.ROWS),
    "I": ("ai-nano-banana-ima's own", ima.ROWS),
    "G": ("generator-image's own", nemo.ROWS),
    "Z": ("zm-img2-generation-direct's own", zm.ROWS),
}
TABLE: dict[str, Fault] = {
    f"{letter}{number:03}": fault for letter, (_, rows) in SECTIONS.items() for number, fault in enumerate(rows, 1)
}
