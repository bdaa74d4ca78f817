"""What every destination has to do, by dlt."""

import pytest

from tests.publishing.warehouse_contract import WarehouseContract
from tests.through_dlt.places import DuckDb

pytestmark = pytest.mark.long


class TestContract(WarehouseContract):
    """Of DuckDb."""

    @pytest.fixture
    def place(self, duckdb_place: DuckDb) -> DuckDb:
        return duckdb_place
