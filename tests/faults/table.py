"""The one table of faults, numbered by section: N network and protocol, P process and disk, then each skill's own."""

from __future__ import annotations

from tests.faults import network, process, protocol
from tests.faults.fault import Fault

SECTIONS: dict[str, tuple[str, tuple[Fault, ...]]] = {
    "N": ("Network and protocol", network.ROWS + protocol.ROWS),
    "P": ("Process, disk, several at once", process.ROWS),
}
TABLE: dict[str, Fault] = {
    f"{letter}{number:02}": fault for letter, (_, rows) in SECTIONS.items() for number, fault in enumerate(rows, 1)
}
