"""What every destination has to do, by dlt."""

import pytest

from tests.publishing.warehouse_contract import WarehouseContract
from tests.through_dlt.places import Sqlite

pytestmark = pytest.mark.long


class TestContract(WarehouseContract):
    """Of Sqlite."""

    @pytest.fixture
    def place(self, sqlite_place: Sqlite) -> Sqlite:
        return sqlite_place
