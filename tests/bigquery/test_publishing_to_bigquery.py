"""BigQuery as a destination: Google's client against a stand-in for the service."""

import pytest

from tests.publishing.warehouse_contract import WarehouseContract

pytestmark = pytest.mark.long


class TestContract(WarehouseContract):
    """What every destination has to do."""
