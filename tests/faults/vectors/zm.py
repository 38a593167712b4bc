"""What the launchers of zm-img2-generation-direct refuse."""

from tests.faults.vectors.row import Table

TABLE = Table("zm-img2-generation-direct", [], least={})
