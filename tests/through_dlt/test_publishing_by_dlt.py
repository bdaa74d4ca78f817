"""What is dlt's own: settings, the dataset in which rows wait, columns, errors. What all
destinations do is in the contracts beside this."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from hubbub.core.warehouse import Change, Field, Kind, Shape, Warehouse
from hubbub.destinations.dlt.rows import batches
from hubbub.destinations.warehouses import dlt as through_dlt
from hubbub.errors import HubbubError, TryAgain
from hubbub.flows import choosing_tables
from hubbub.flows.erasing import forget
from hubbub.flows.publishing import Asked, publish
from hubbub.settings import Settings
from tests.publishing.communities import bring, change, community, message, ts
from tests.publishing.warehouse_contract import assert_right, sent
from tests.through_dlt.places import DuckDb, Postgres

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """No destination of dlt's has views; to find out which it would have takes seconds."""

    def none(_warehouse: Warehouse) -> bool:
        return False

    monkeypatch.setattr(choosing_tables, "views_wanted", none)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return community(tmp_path)


def _command(settings: Settings, url: str) -> list[str]:
    return [sys.executable, "-m", "hubbub", "--home", str(settings.home), "--workspace", "grove",
            "--privacy", "open", "publish", url]  # fmt: skip


_LOUD = "metrics/loud.sql"


def _measure(settings: Settings, query: str, **types: str) -> None:
    """Write a metric of the workspace's own, whose columns are of these types."""
    file = settings.pack / _LOUD
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = "".join(
        f'{name} = {{ type = "{each}", doc = "one" }}\n' for name, each in types.items()
    )
    header = f'title = "Loud"\nquestion = "How?"\nmembers = "none"\n\n[columns]\n{columns}'
    file.write_text(f"/*\n{header}*/\n{query}")


class TestDuckDb:
    """A file of DuckDB's."""

    def test_other_settings_of_dlt_change_nothing_and_nobody_else_is_told(
        self, settings: Settings, duckdb_place: DuckDb, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.settimeout(0.2)
            at = f"127.0.0.1:{listening.getsockname()[1]}"
            hostile = {
                "RUNTIME__DLTHUB_TELEMETRY": "true",
                "RUNTIME__DLTHUB_TELEMETRY_ENDPOINT": f"http://{at}",
                "RUNTIME__SENTRY_DSN": f"http://key@{at}/1",
                "RUNTIME__LOG_LEVEL": "DEBUG",
                "PROGRESS": "log",
                "DEV_MODE": "true",
                "FULL_REFRESH": "true",
                "DATASET_NAME_LAYOUT": "other_%s",
                "SCHEMA__NAMING": "nonsense",
                "LOAD__WORKERS": "many",
                "DESTINATION__DUCKDB__REPLACE_STRATEGY": "truncate-and-insert",
                "DESTINATION__DUCKDB__STAGING_DATASET_NAME_LAYOUT": "%s",
            }
            for name, value in hostile.items():
                monkeypatch.setenv(name, value)
            (home / ".dlt").mkdir()
            (home / ".dlt/config.toml").write_text("[load]\nraise_on_failed_jobs = no, it is not")
            done = subprocess.run(
                [*_command(settings, duckdb_place.url), "--json"],
                check=False, capture_output=True, text=True, cwd=home,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            with pytest.raises(TimeoutError):
                listening.accept()
        assert json.loads(done.stdout)["destination"].startswith("dlt://duckdb (")
        assert [each.name for each in home.rglob("*")] == [".dlt", "config.toml"]
        assert "dlt|" not in done.stderr
        assert "씨앗" not in done.stderr
        schemas = duckdb_place.query("SELECT DISTINCT schema_name AS name FROM duckdb_tables()")
        assert schemas == [{"name": "grove"}]
        assert_right(settings, duckdb_place)

    def test_what_dlt_has_packed_is_not_left_on_the_disk(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        publish(settings, duckdb_place.url)
        assert [*settings.scratch.rglob("*")] == []

    def test_meanings_types_and_keys_are_there(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        publish(settings, duckdb_place.url)
        columns = {
            row["column_name"]: row
            for row in duckdb_place.query(
                "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
                "WHERE schema_name = 'grove' AND table_name = 'messages'"
            )
        }
        assert columns["ts"]["comment"] == "the message's `ts`, as Slack writes it"
        assert (columns["ts"]["data_type"], columns["ts"]["is_nullable"]) == ("VARCHAR", False)
        assert columns["posted_at"]["data_type"] == "TIMESTAMP WITH TIME ZONE"
        assert columns["words"]["data_type"] == "BIGINT"
        assert columns["is_question"]["data_type"] == "BOOLEAN"
        tables = duckdb_place.query(
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'messages'"
        )
        assert tables == [{"comment": "A row per message, reply and system notice."}]

    def test_what_dlt_knows_of_all_tables_stays_when_one_changes(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        import dlt

        publish(settings, duckdb_place.url)
        change(settings, "UPDATE store.users SET title = 'gardener'")
        publish(settings, duckdb_place.url)
        dataset = dlt.dataset(dlt.destination("duckdb"), "grove", schema="hubbub")
        schema: dict[str, Any] = dict(dataset.schema.tables)
        assert {"users", "messages", "reactions"} <= schema.keys()
        keys = [name for name, told in schema["messages"]["columns"].items()
                if told.get("primary_key")]  # fmt: skip
        assert keys == ["channel_id", "ts"]
        assert schema["messages"]["description"] == "A row per message, reply and system notice."

    def test_rows_that_wait_are_gone_when_a_publication_has_ended_or_the_next_one_has(
        self, settings: Settings, duckdb_place: DuckDb, tmp_path: Path
    ) -> None:
        publish(settings, duckdb_place.url)
        waiting = "SELECT count(*) AS n FROM duckdb_tables() WHERE schema_name LIKE '%waiting%'"
        assert duckdb_place.query(waiting) == [{"n": 0}]
        # what a team has under the name that dlt would have taken is not touched
        duckdb_place.run("CREATE SCHEMA grove_staging")
        duckdb_place.run("CREATE TABLE grove_staging.theirs AS SELECT 1 AS a")
        # a rule that some row breaks: by then all rows wait beside the tables
        duckdb_place.run("CREATE UNIQUE INDEX strict ON grove.users (title)")
        change(settings, "UPDATE store.users SET title = 'the same'")
        bring(settings, tmp_path, {"general/2026-03-02.json": [message(ts(9), "U2", "late")]})
        with pytest.raises(HubbubError) as caught:
            publish(settings, duckdb_place.url)
        assert "ConstraintException" in caught.value.reason
        assert "the same" not in str(caught.value)
        assert duckdb_place.query(waiting) != [{"n": 0}]
        duckdb_place.run("DROP INDEX grove.strict")
        forget(settings, "bram")
        publish(settings, duckdb_place.url)
        assert duckdb_place.query(waiting) == [{"n": 0}]
        assert "U2" not in duckdb_place.everything()
        assert duckdb_place.query("SELECT a FROM grove_staging.theirs") == [{"a": 1}]
        assert_right(settings, duckdb_place)

    def test_a_column_that_somebody_has_dropped_comes_back_with_all_rows(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        publish(settings, duckdb_place.url)
        duckdb_place.run("ALTER TABLE grove.users DROP COLUMN title")
        publish(settings, duckdb_place.url, Asked(is_whole=True))
        assert_right(settings, duckdb_place)

    def test_a_metric_is_a_table_whose_columns_may_become_others(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        _measure(settings, "SELECT 1::BIGINT AS a", a="integer")
        publish(settings, duckdb_place.url, Asked(names=("loud",)))
        assert duckdb_place.rows("metric_loud") == [{"a": 1}]
        _measure(settings, "SELECT 'b' AS a", a="text")
        publish(settings, duckdb_place.url)
        assert duckdb_place.rows("metric_loud") == [{"a": "b"}]
        (settings.pack / _LOUD).unlink()
        assert publish(settings, duckdb_place.url).emptied == ("metric_loud",)
        assert duckdb_place.rows("metric_loud") == []

    def test_broken_off_before_a_metric_is_noted_its_columns_may_become_others(
        self, settings: Settings, duckdb_place: DuckDb, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _measure(settings, "SELECT 1::BIGINT AS a", a="integer")

        def break_off(*_: object) -> None:
            raise HubbubError("It broke off.", "")

        with monkeypatch.context() as patch:
            patch.setattr(through_dlt, "_comment", break_off)
            with pytest.raises(HubbubError, match="broke off"):
                publish(settings, duckdb_place.url, Asked(names=("loud",)))
        assert duckdb_place.rows("metric_loud") == [{"a": 1}]
        _measure(settings, "SELECT 'b' AS a", a="text")
        publish(settings, duckdb_place.url, Asked(names=("loud",)))
        assert duckdb_place.rows("metric_loud") == [{"a": "b"}]

    def test_tables_of_others_are_left_alone(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        duckdb_place.run("CREATE SCHEMA grove")
        duckdb_place.run("CREATE TABLE grove.channels AS SELECT 1 AS a")
        with pytest.raises(HubbubError, match="holds channels, which Hubbub has not made"):
            publish(settings, duckdb_place.url)
        assert duckdb_place.query("SELECT * FROM grove.channels") == [{"a": 1}]
        assert "_hubbub" not in duckdb_place.everything()

    def test_a_file_that_somebody_else_has_open_is_one_to_try_again(
        self, settings: Settings, duckdb_place: DuckDb
    ) -> None:
        script = (
            f"import duckdb, time; held = duckdb.connect({str(duckdb_place.file)!r}); "
            "print('open', flush=True); time.sleep(60)"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        ) as holding:
            assert holding.stdout is not None
            holding.stdout.readline()
            with pytest.raises(TryAgain, match="cannot be reached"):
                publish(settings, duckdb_place.url)
            holding.kill()
        publish(settings, duckdb_place.url)
        assert_right(settings, duckdb_place)


class TestPostgres:
    """A server with logins and rights. Hubbub's own way to it is another one."""

    def test_a_wrong_password_is_told_and_not_shown(
        self, settings: Settings, postgres_place: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS__PASSWORD", "open sesame")
        with pytest.raises(HubbubError, match="does not let Hubbub in") as caught:
            publish(settings, postgres_place.url)
        assert "open sesame" not in str(caught.value)
        assert not isinstance(caught.value, TryAgain)

    def test_a_server_that_is_away_is_one_to_try_again(
        self, settings: Settings, postgres_place: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(
            "DESTINATION__POSTGRES__CREDENTIALS", "postgresql://ann@127.0.0.1:9/analytics"
        )
        with pytest.raises(TryAgain, match="cannot be reached"):
            publish(settings, postgres_place.url)

    def test_missing_rights_are_told_before_anything_is_done(
        self, settings: Settings, postgres_place: Postgres
    ) -> None:
        place = postgres_place
        place.run(f"ALTER DATABASE {place.database} OWNER TO administrator")
        with pytest.raises(HubbubError, match="does not permit what dlt asks of it"):
            publish(settings, place.url)
        assert "CREATE" not in place.everything()
        place.run(f"GRANT CREATE ON DATABASE {place.database} TO {place.user}")
        publish(settings, place.url)
        assert_right(settings, place)

    def test_an_error_says_nothing_of_rows_and_is_one(
        self, settings: Settings, postgres_place: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOAD__RAISE_ON_FAILED_JOBS", "false")
        publish(settings, postgres_place.url)
        postgres_place.run("ALTER TABLE grove.users ADD CHECK (title <> 'their secret')")
        change(settings, "UPDATE store.users SET title = 'their secret'")
        with pytest.raises(HubbubError, match=r"CheckViolation \(23514\)") as caught:
            publish(settings, postgres_place.url)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        postgres_place.run("ALTER TABLE grove.users DROP CONSTRAINT users_title_check")
        publish(settings, postgres_place.url)
        assert_right(settings, postgres_place)

    def test_an_empty_text_is_not_taken_for_none(
        self, settings: Settings, postgres_place: Postgres
    ) -> None:
        change(settings, "UPDATE store.users SET title = '' WHERE user_id = 'U1'")
        publish(settings, postgres_place.url)
        change(settings, "UPDATE store.users SET title = '' WHERE user_id = 'U2'")
        publish(settings, postgres_place.url)
        titles = [row["title"] for row in postgres_place.rows("users")]
        assert sorted(titles, key=str) == ["", "", None]
        assert_right(settings, postgres_place)

    def test_what_is_made_of_a_column_that_goes_is_named(
        self, settings: Settings, postgres_place: Postgres
    ) -> None:
        _measure(settings, "SELECT 'a' AS a, 'b' AS b", a="text", b="text")
        publish(settings, postgres_place.url, Asked(names=("loud",)))
        postgres_place.run("CREATE VIEW grove.theirs AS SELECT b FROM grove.metric_loud")
        _measure(settings, "SELECT 'a' AS a", a="text")
        with pytest.raises(HubbubError, match="view theirs depends on column b") as caught:
            publish(settings, postgres_place.url)
        assert not isinstance(caught.value, TryAgain)
        postgres_place.run("DROP VIEW grove.theirs")
        publish(settings, postgres_place.url)
        assert postgres_place.rows("metric_loud") == [{"a": "a"}]

    def test_what_was_published_by_another_way_is_left_alone(
        self, settings: Settings, postgres_place: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = postgres_place
        monkeypatch.setenv("PGPASSWORD", place.password)
        direct = f"postgres://{place.user}@127.0.0.1:{place.server.port}/{place.database}"
        publish(settings, direct)
        before = place.everything()
        with pytest.raises(HubbubError, match="Something else than dlt"):
            publish(settings, place.url)
        assert place.everything() == before

    def test_ctrl_c_does_not_wait_for_the_warehouse(
        self, settings: Settings, postgres_place: Postgres
    ) -> None:
        place = postgres_place
        publish(settings, place.url)
        change(settings, "UPDATE store.users SET title = 'x'")
        with (
            place.server.somebody(
                place.database, "LOCK TABLE grove.users IN ACCESS EXCLUSIVE MODE"
            ),
            subprocess.Popen(
                _command(settings, place.url), stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            place.server.wait_until("wait_event_type = 'Lock'")
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in said
        publish(settings, place.url)
        assert_right(settings, place)


def test_values_are_such_as_every_warehouse_takes(tmp_path: Path) -> None:
    fields = [Field(kind.value, kind, "a value") for kind in Kind]
    shape = Shape("loud", "invented", ("text",), tuple(fields))
    source, keys = tmp_path / "it's here.parquet", tmp_path / "gone.parquet"
    with closing(duckdb.connect()) as session:
        session.sql(
            "SELECT 'a' || chr(0) || 'b' AS \"text\", 7::BIGINT AS \"integer\", "
            "'nan'::DOUBLE AS number, true AS flag, "
            "TIMESTAMPTZ '2026-03-02 09:00:00.000001+00' AS instant, "
            "DATE '2026-03-02' AS date, ['a', 'it''s', '씨'] AS texts"
        ).write_parquet(str(source))
        session.sql("SELECT 'c' AS \"text\"").write_parquet(str(keys))
    whole = Change(shape, False, (source,), 1, (keys,), 1)
    rows = [row for table in batches(whole, tmp_path) for row in table.to_pylist()]
    here, gone = sorted(rows, key=lambda row: row["text"])
    assert here["text"] == "ab"
    assert (here["integer"], here["number"], here["flag"]) == (7, None, True)
    assert here["instant"].isoformat() == "2026-03-02T09:00:00.000001+00:00"
    assert here["date"].isoformat() == "2026-03-02"
    assert here["texts"] == '["a","it\'s","씨"]'
    assert here["_hubbub_gone"] is None
    assert gone == dict.fromkeys(here) | {"text": "c", "_hubbub_gone": True}


def test_only_what_has_changed_is_loaded(
    settings: Settings, duckdb_place: DuckDb, tmp_path: Path
) -> None:
    publish(settings, duckdb_place.url)
    loads = "SELECT count(*) AS n FROM grove._dlt_loads"
    before = duckdb_place.query(loads)
    assert publish(settings, duckdb_place.url).tables == ()
    assert duckdb_place.query(loads) == before
    change(settings, "UPDATE store.users SET title = 'gardener' WHERE user_id = 'U1'")
    assert sent(publish(settings, duckdb_place.url)) == {"users": (0, 1, 0)}
    assert_right(settings, duckdb_place)
