"""What every destination has to do, by dlt."""

import pytest

from tests.publishing.warehouse_contract import WarehouseContract
from tests.through_dlt.places import Postgres

pytestmark = pytest.mark.long


class TestContract(WarehouseContract):
    """Of Postgres."""

    @pytest.fixture
    def place(self, postgres_place: Postgres) -> Postgres:
        return postgres_place
