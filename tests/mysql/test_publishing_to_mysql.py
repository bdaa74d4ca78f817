"""MySQL as a destination: a real MariaDB."""

import pytest

from tests.publishing.warehouse_contract import WarehouseContract

pytestmark = pytest.mark.long


class TestContract(WarehouseContract):
    """What every destination has to do."""
