"""One Sail server for all tests of a run. They run where Spark's client is: in .venv-spark, by
`make test`."""

from collections.abc import Iterator

import pytest

from tests.engines import spark_servers
from tests.engines.spark_servers import NoEngine
from tests.lake.bucket_server import BUCKET, BucketServer, running
from tests.parts import missing


@pytest.fixture(scope="session")
def bucket() -> Iterator[BucketServer]:
    """A server of buckets."""
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def sail(bucket: BucketServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Sail server's address; it may read the buckets."""
    environment = {**bucket.environment(), "AWS_ALLOW_HTTP": "true"}
    try:
        with spark_servers.sail(tmp_path_factory.mktemp("sail"), environment) as server:
            yield server.address
    except NoEngine as error:
        missing(str(error))


@pytest.fixture(scope="session")
def lake_in_a_bucket() -> str:
    """A place for a lake in the bucket."""
    return f"s3://{BUCKET}/for-spark"
