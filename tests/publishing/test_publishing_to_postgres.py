"""PostgreSQL as a destination: a real server."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hubbub.core.begun import begin
from hubbub.destinations.postgres import connection
from hubbub.destinations.postgres.address import address_of
from hubbub.destinations.warehouses.postgres import Postgres
from hubbub.errors import HubbubError, TryAgain, UsageError
from hubbub.flows import choosing_tables, publishing
from hubbub.flows.erasing import forget
from hubbub.flows.publishing import Asked, publish
from hubbub.flows.rotating import begin_after_loss, destroy_old, rotate
from hubbub.settings import Settings
from hubbub.stores import comparing
from hubbub.stores import duckdb as store
from tests.publishing.communities import change, community
from tests.publishing.conftest import Place
from tests.publishing.postgres_server import PostgresServer
from tests.publishing.warehouse_contract import WarehouseContract, assert_right, sent

pytestmark = pytest.mark.long


def _publish(settings: Settings, place: Place) -> list[str]:
    return [sys.executable, "-m", "hubbub", "--home", str(settings.home), "--privacy", "open",
            "publish", place.url]  # fmt: skip


def _counted_logins(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a connection was asked for from now on."""
    import adbc_driver_postgresql

    driver: Any = adbc_driver_postgresql
    connect, count = driver.connect, [0]

    def counted(*arguments: Any, **options: Any) -> Any:
        count[0] += 1
        return connect(*arguments, **options)

    monkeypatch.setattr(driver, "connect", counted)
    return count


class TestContract(WarehouseContract):
    runs_all = True

    """What every destination has to do."""

    def test_a_metric_that_is_no_more_leaves_no_rows(
        self, settings: Settings, place: Place
    ) -> None:
        own = settings.pack / "metrics/loud.sql"
        own.parent.mkdir(parents=True)
        own.write_text(
            '/*\ntitle = "Loud"\nquestion = "Who?"\nmembers = "one"\n\n[columns]\n'
            'member = { type = "id", doc = "who" }\n*/\nSELECT user_id AS member FROM users'
        )
        publish(settings, place.url, Asked(names=("loud",)))
        assert len(place.rows("metric_loud")) == 3
        own.unlink()
        done = publish(settings, place.url)
        assert done.emptied == ("metric_loud",)
        assert place.rows("metric_loud") == []
        assert publish(settings, place.url).emptied == ()

    def test_a_metric_whose_columns_are_other_ones_is_made_anew(
        self, settings: Settings, place: Place
    ) -> None:
        own = settings.pack / "metrics/loud.sql"
        own.parent.mkdir(parents=True)
        header = '/*\ntitle = "Loud"\nquestion = "How?"\nmembers = "none"\n\n[columns]\n'
        own.write_text(header + 'a = { type = "integer", doc = "one" }\n*/\nSELECT 1::BIGINT AS a')
        publish(settings, place.url, Asked(names=("loud",)))
        assert place.rows("metric_loud") == [{"a": 1}]
        own.write_text(
            header + 'b = { type = "date", doc = "day" }\n*/\nSELECT DATE \'2026-03-02\' AS b'
        )
        publish(settings, place.url)
        assert place.rows("metric_loud") == [{"b": "2026-03-02"}]

    def test_large_tables_are_read_in_parts(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(comparing, "PART_ROWS", 3)
        publish(settings, place.url)
        assert_right(settings, place)
        assert publish(settings, place.url).tables == ()

    def test_what_moves_in_the_store_between_two_parts_is_not_lost(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(comparing, "PART_ROWS", 3)
        read = publishing.read_parts
        seen: list[int] = []

        def moved(
            settings: Settings, engine: store.Engine, parts: Sequence[comparing.Part]
        ) -> set[str]:
            seen.append(len(parts))
            forget(settings, "bram")  # writes the store anew: rows have other places
            change(settings, "UPDATE store.users SET title = 'gardener'")
            return read(settings, engine, parts)

        with monkeypatch.context() as patch:
            patch.setattr(publishing, "read_parts", moved)
            publish(settings, place.url)
        assert seen == [2]
        publish(settings, place.url)
        assert_right(settings, place)
        assert "U2" not in place.everything()

    def test_a_window_alone_is_there_when_nobody_remembers_what_was_and_that_is_told(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        for file in settings.publications.iterdir():
            file.unlink()
        since = Asked(since="2026-03-03")
        assert publish(settings, place.url, since, is_rehearsal=True).is_cut
        assert publish(settings, place.url, since).is_cut
        assert len(place.rows("messages")) == 1
        assert not publish(settings, place.url).is_cut
        assert_right(settings, place)

    def test_keys_indexes_and_meanings_are_there(self, settings: Settings, place: Place) -> None:
        publish(settings, place.url)
        publish(settings, place.url, Asked(is_whole=True))
        found = place.query(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'grove' AND tablename = 'messages'"
        )
        assert sorted(row["indexdef"].partition(" USING ")[2] for row in found) == [
            "btree (channel_id, thread_ts)",
            "btree (channel_id, ts)",
            "btree (posted_at)",
            "btree (user_id)",
        ]
        types = place.query(
            "SELECT column_name AS name, data_type AS type FROM information_schema.columns "
            "WHERE table_schema = 'grove' AND table_name = 'messages'"
        )
        kinds = {row["name"]: row["type"] for row in types}
        assert kinds["ts"] == "text"
        assert kinds["posted_at"] == "timestamp with time zone"
        assert kinds["words"] == "bigint"
        assert kinds["is_question"] == "boolean"
        (told,) = place.query(
            "SELECT obj_description('grove.messages'::regclass) AS table, "
            "col_description('grove.messages'::regclass, 2) AS column"
        )
        assert told == {
            "table": "A row per message, reply and system notice.",
            "column": "the message's `ts`, as Slack writes it",
        }

    def test_a_text_with_a_zero_is_stored_without_it(
        self, settings: Settings, place: Place
    ) -> None:
        change(settings, "UPDATE store.users SET title = 'a' || chr(0) || 'b' WHERE user_id = 'U1'")
        publish(settings, place.url)
        assert {row["title"] for row in place.rows("users")} == {"ab", None}

    def test_a_load_that_is_killed_leaves_the_table_as_it_was(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        before = place.rows("reactions")
        change(settings, "UPDATE store.users SET title = 'x'", "DELETE FROM store.reactions")
        command = [*_publish(settings, place), "--full-refresh"]
        # somebody reads the table: the publication waits for them, with its work half done
        with (
            place.somebody("LOCK TABLE grove.reactions IN ACCESS SHARE MODE"),
            subprocess.Popen(command, stderr=subprocess.DEVNULL) as process,
        ):
            place.wait_until("wait_event_type = 'Lock' AND application_name = 'hubbub'")
            process.kill()
        assert place.rows("reactions") == before
        assert {row["title"] for row in place.rows("users")} == {"x"}
        publish(settings, place.url)
        assert_right(settings, place)
        (left,) = place.query("SELECT count(*) FROM pg_class WHERE relname IN ('rows', 'gone')")
        assert left == {"count": 0}

    @pytest.mark.parametrize("locked", ["users", "_hubbub"])
    def test_ctrl_c_ends_what_waits_for_others_at_once(
        self, settings: Settings, place: Place, locked: str
    ) -> None:
        """The merge of a table waits, or what is asked beside reading the store."""
        publish(settings, place.url)
        change(settings, "UPDATE store.users SET title = 'x'")
        with (
            place.somebody(f"LOCK TABLE grove.{locked} IN ACCESS EXCLUSIVE MODE"),
            subprocess.Popen(
                _publish(settings, place), stderr=subprocess.PIPE, text=True
            ) as process,
        ):
            place.wait_until("wait_event_type = 'Lock' AND application_name = 'hubbub'")
            process.send_signal(signal.SIGINT)
            # not after the minute that it would wait for the lock
            _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in said
        assert {row["title"] for row in place.rows("users")} == {None}
        publish(settings, place.url)
        assert_right(settings, place)

    def test_a_ctrl_c_as_a_statement_begins_leaves_nothing_half_asked(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)

        def begin_and_be_interrupted(
            work: Callable[[], Any], name: str, future: Future[Any]
        ) -> None:
            begin(work, name, future)
            raise KeyboardInterrupt

        line = connection.Line(address_of(place.url))

        def ask() -> None:
            with (
                line.session() as session,
                session.transaction(),
                pytest.MonkeyPatch.context() as patched,
            ):
                patched.setattr(connection, "begin", begin_and_be_interrupted)
                session.run("SELECT pg_sleep(3600)")

        with pytest.raises(KeyboardInterrupt):
            ask()
        # it has left the server, and what comes next is answered as asked
        place.wait_until("application_name = 'hubbub'", is_so=False)
        with closing(line), line.session() as session, session.transaction():
            assert session.rows("SELECT 1, $1::text", ["a"]) == [(1, "a")]

    def test_an_error_of_a_late_row_is_told_as_it_is(
        self, settings: Settings, place: Place
    ) -> None:
        line = connection.Line(address_of(place.url))
        with (
            closing(line),
            pytest.raises(HubbubError, match="SQLSTATE 22012"),
            line.session() as session,
            session.transaction(),
        ):
            session.rows("SELECT 1 / (50000 - g) FROM generate_series(1, 100000) g")

    def test_two_machines_do_not_publish_at_once(self, settings: Settings, place: Place) -> None:
        publish(settings, place.url)
        lock = f"SELECT pg_advisory_lock(hashtext('{_identity(place)}'))"
        change(settings, "UPDATE store.users SET title = 'x'")
        with (
            place.somebody(lock),
            pytest.raises(TryAgain, match="Another hubbub publishes to postgres"),
        ):
            publish(settings, place.url)
        publish(settings, place.url)
        assert_right(settings, place)

    def test_workspaces_whose_names_differ_by_letters_that_sql_lacks_share_a_database(
        self, place: Place, tmp_path: Path
    ) -> None:
        for number, name in enumerate(("서울", "부산")):
            settings = community(tmp_path / str(number), name=name)
            publish(settings, place.url)
        (schemas,) = place.query(
            "SELECT count(DISTINCT schemaname) FROM pg_tables WHERE tablename = 'messages'"
        )
        assert schemas == {"count": 2}

    def test_what_a_workspace_has_published_stays_its_own_when_its_keys_change(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        rotate(settings)
        assert publish(settings, place.url).tables == ()
        destroy_old(settings)
        assert publish(settings, place.url).tables == ()
        lost(settings)
        change(settings, "UPDATE store.users SET title = 'x'")
        assert sent(publish(settings, place.url)) == {"users": (0, 3, 0)}
        assert_right(settings, place)

    def test_keys_lost_twice_and_a_refresh_broken_off_leave_it_its_own(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        lost(settings)
        with _server_away(), pytest.raises(TryAgain):
            publish(settings, place.url, Asked(is_whole=True))
        lost(settings)
        publish(settings, place.url)
        assert_right(settings, place)

    def test_with_keys_and_memory_lost_a_schema_has_to_be_dropped_by_hand(
        self, settings: Settings, place: Place
    ) -> None:
        publish(settings, place.url)
        lost(settings)
        for file in settings.publications.iterdir():
            file.unlink()
        with pytest.raises(HubbubError, match="another workspace") as caught:
            publish(settings, place.url, Asked(is_whole=True))
        assert "by hand" in caught.value.fix
        place.run("DROP SCHEMA grove CASCADE")
        publish(settings, place.url)
        assert_right(settings, place)

    def test_one_login_serves_a_publication(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logins = _counted_logins(monkeypatch)
        publish(settings, place.url)
        assert logins == [1]

    def test_a_connection_that_was_cut_while_the_store_was_read_is_made_anew(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logins = _counted_logins(monkeypatch)
        read = publishing.read_parts

        def cut(
            settings: Settings, engine: store.Engine, parts: Sequence[comparing.Part]
        ) -> set[str]:
            ended = place.query(
                "SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity "
                f"WHERE usename = '{place.user}'"
            )
            assert [each["ended"] for each in ended] == [True]
            return read(settings, engine, parts)

        monkeypatch.setattr(publishing, "read_parts", cut)
        publish(settings, place.url)
        assert_right(settings, place)
        assert logins == [2]

    def test_pages_have_room_for_changes_after_each_whole_load(
        self, settings: Settings, place: Place
    ) -> None:
        def options() -> list[dict[str, Any]]:
            return place.query(
                "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL "
                "AND relnamespace = 'grove'::regnamespace ORDER BY relname"
            )

        publish(settings, place.url)
        first = options()
        assert {"relname": "messages", "reloptions": ["fillfactor=90"]} in first
        place.run("ALTER TABLE grove.messages RESET (fillfactor)")  # as older publications were
        assert options() != first
        publish(settings, place.url, Asked(is_whole=True))
        assert options() == first

    def test_two_destinations_know_nothing_of_each_other(
        self, settings: Settings, place: Place, server: PostgresServer
    ) -> None:
        second = replace(place, database=f"{place.database}_b")
        server.run(f"CREATE DATABASE {second.database} OWNER {place.user} TEMPLATE template0")
        try:
            publish(settings, place.url)
            change(settings, "UPDATE store.users SET title = 'x'")
            assert sent(publish(settings, second.url))["messages"] == (4, 0, 0)
            receipt = forget(settings, "bram")
            assert len(receipt.destinations) == 2
            assert publish(settings, second.url).receipt is not None
            assert "U2" in place.everything()
            assert publish(settings, place.url).receipt is not None
            assert_right(settings, place)
            assert_right(settings, second)
        finally:
            server.run(f"DROP DATABASE {second.database} WITH (FORCE)")

    @given(
        history=st.lists(
            st.sampled_from(["edit", "react", "unreact", "new", "delete", "forget", "publish"]),
            min_size=3,
            max_size=8,
        )
    )
    @hypothesis_settings(
        max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_whatever_happens_in_between_the_destination_is_as_the_store(
        self, tmp_path_factory: pytest.TempPathFactory, place: Place, history: list[str]
    ) -> None:
        settings = community(tmp_path_factory.mktemp("history"))
        place.run("DROP SCHEMA IF EXISTS grove CASCADE")
        publish(settings, place.url)
        for number, act in enumerate(history):
            if act == "publish":
                publish(settings, place.url)
            elif act == "forget":
                forget(settings, "bram")
            else:
                change(settings, _ACTS[act].format(number=number))
        publish(settings, place.url)
        assert_right(settings, place)


def lost(settings: Settings) -> None:
    """Lose the keys, and begin anew without them."""
    settings.key.unlink()
    begin_after_loss(settings)


@contextmanager
def _server_away() -> Generator[None]:
    """A server that goes away before it has taken anything."""

    def away(*_: Any) -> None:
        raise TryAgain("It is away.", "")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Postgres, "bring", away)
        yield


_ACTS = {
    "edit": "UPDATE store.messages SET text = text || '{number}' WHERE user_id = 'U1'",
    "react": "INSERT INTO store.reactions BY NAME "
    "SELECT channel_id, ts, 'U3' AS user_id, 'n{number}' AS name FROM store.messages",
    "unreact": "DELETE FROM store.reactions WHERE name < 'o'",
    "new": "INSERT INTO store.messages (channel_id, ts, kind) VALUES ('C1', '9.{number}', 'post')",
    "delete": "UPDATE store.messages SET deleted_at = posted_at, text = NULL WHERE user_id = 'U3'",
}


class TestViews:
    """Metrics as views."""

    def test_metrics_are_views_that_show_what_hubbub_shows(
        self, place: Place, tmp_path: Path
    ) -> None:
        settings = community(tmp_path)
        done = publish(settings, place.url)
        assert done.views is not None
        views = {row["name"] for row in place.query(
            "SELECT viewname AS name FROM pg_views WHERE schemaname = 'grove'")}  # fmt: skip
        assert len(views) == done.views
        assert "metric_leaderboard" not in done.left_out
        (totals,) = place.rows("metric_totals")
        assert (totals["messages"], totals["channels"]) == (3, 2)
        (told,) = place.query("SELECT obj_description('grove.metric_totals'::regclass) AS doc")
        assert told["doc"]
        # a view follows the tables without being made anew; a metric as a table takes its place
        change(settings, "UPDATE store.messages SET deleted_at = posted_at WHERE user_id = 'U2'")
        again = publish(settings, place.url)
        assert again.views is None
        assert [row["messages"] for row in place.rows("metric_totals")] == [2]
        publish(settings, place.url, Asked(names=("totals",)))
        (kind,) = place.query("SELECT relkind FROM pg_class WHERE relname = 'metric_totals'")
        assert kind == {"relkind": "r"}
        assert [row["messages"] for row in place.rows("metric_totals")] == [2]

    def test_a_table_that_somebody_has_dropped_comes_back_with_the_views_that_read_it(
        self, place: Place, tmp_path: Path
    ) -> None:
        settings = community(tmp_path)
        first = publish(settings, place.url)
        place.drop("channels")
        done = publish(settings, place.url)
        assert done.views == first.views
        assert_right(settings, place)
        assert [row["channels"] for row in place.rows("metric_totals")] == [2]

    def test_a_backslash_is_one_whatever_the_database_takes_it_for(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = community(tmp_path)

        def translated(*_: Any, **named: Any) -> str:
            return f"SELECT 'a\\nb' AS said FROM {named['tables']('users')}"

        monkeypatch.setattr("hubbub.metrics.translation.translated", translated)
        place.run(f"ALTER DATABASE {place.database} SET standard_conforming_strings = off")
        publish(settings, place.url)
        assert place.rows("metric_totals")[0] == {"said": "a\\nb"}

    def test_a_view_that_the_database_does_not_take_is_told_of_and_stops_nothing(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = community(tmp_path)

        def translated(_catalog: Any, metric: Any, *_: Any, **named: Any) -> str:
            table = named["tables"]("users")
            wrong = metric.name == "totals"
            return f"SELECT {'nowhere' if wrong else 'user_id'} FROM {table}"

        monkeypatch.setattr("hubbub.metrics.translation.translated", translated)
        done = publish(settings, place.url)
        assert done.left_out == {"totals": 'column "nowhere" does not exist'}
        assert len(place.rows("metric_leaderboard")) == 3
        assert_right(settings, place)


def test_tables_of_others_are_refused_and_left(place: Place, tmp_path: Path) -> None:
    place.run("CREATE SCHEMA grove; CREATE TABLE grove.messages (note text); "
              "INSERT INTO grove.messages VALUES ('mine')")  # fmt: skip
    place.run(f"GRANT ALL ON SCHEMA grove TO {place.user}")
    with pytest.raises(HubbubError, match="holds messages, which Hubbub has not made"):
        publish(community(tmp_path), place.url)
    assert place.rows("messages") == [{"note": "mine"}]


class TestRefusals:
    """What goes wrong is said, with what can be done, and nothing is half done."""

    @pytest.fixture
    def settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setattr(choosing_tables, "views_wanted", _no_views)
        return community(tmp_path)

    def test_a_wrong_password(
        self, settings: Settings, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGPASSWORD", "a wrong password")
        with pytest.raises(HubbubError, match="does not let t_") as caught:
            publish(settings, place.url)
        assert "PGPASSWORD" in caught.value.fix
        assert "a wrong password" not in str(caught.value)
        assert not isinstance(caught.value, TryAgain)

    def test_no_right_to_make_a_schema(self, settings: Settings, place: Place) -> None:
        place.run(f"ALTER DATABASE {place.database} OWNER TO administrator")
        with pytest.raises(HubbubError, match="may not write to") as caught:
            publish(settings, place.url)
        assert 'CREATE SCHEMA IF NOT EXISTS "grove"' in caught.value.fix
        assert "GRANT USAGE, CREATE" in caught.value.fix
        assert not settings.publications.exists() or not list(settings.publications.glob("*.json"))
        # and with what the message asks for it works
        place.run(caught.value.fix.partition(": ")[2])
        publish(settings, place.url)
        assert_right(settings, place)

    def test_nobody_there(self, settings: Settings) -> None:
        with closing(socket.socket()) as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            with pytest.raises(TryAgain, match="cannot be reached"):
                publish(settings, f"postgres://olive@127.0.0.1:{port}/analytics")

    def test_no_such_database(self, settings: Settings, place: Place) -> None:
        with pytest.raises(HubbubError, match="does not exist"):
            publish(settings, f"{place.url}x")

    def test_a_server_that_goes_away_in_the_middle(self, settings: Settings, place: Place) -> None:
        def gone(what: str, _done: int, _total: int) -> None:
            if what.startswith("sent"):
                place.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                          "WHERE application_name = 'hubbub'")  # fmt: skip

        with pytest.raises(TryAgain, match="was lost"):
            publish(settings, place.url, progress=gone)
        publish(settings, place.url)
        assert_right(settings, place)

    def test_secrets_and_rows_are_in_no_error(self, settings: Settings, place: Place) -> None:
        publish(settings, place.url)
        place.run("ALTER TABLE grove.users ADD CHECK (title IS NULL)")
        change(settings, "UPDATE store.users SET title = 'a private title'")
        with pytest.raises(HubbubError, match="SQLSTATE 23514") as caught:
            publish(settings, place.url)
        assert "private" not in str(caught.value)


def _no_views(_warehouse: Any) -> bool:
    return False


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://olive:secret@db.example.org/analytics", "a password in the address"),
        ("postgres://db.example.org/analytics?password=secret", "a password in the address"),
        ("postgres://db.example.org", "names no database"),
        ("postgres://db.example.org/a/b", "names no database"),
        ("postgres://db.example.org:port/a", "is no address"),
        ("postgres://db.example.org/a?sslmode=prefer", "unencrypted"),
        ("postgres://db.example.org/a?sslmode=disable", "unencrypted"),
        ("postgres://db.example.org/a?options=-c", "cannot say options"),
    ],
)
def test_wrong_addresses_are_refused_without_being_quoted(url: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        address_of(url, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environment", "mode"),
    [
        ("postgres://db.example.org/a", {}, "verify-full"),
        ("postgres://10.0.0.7/a", {}, "verify-full"),
        ("postgres://db.example.org/a?sslmode=require", {}, "require"),
        ("postgres://127.0.0.1/a", {}, "prefer"),
        ("postgres://[::1]/a", {}, "prefer"),
        ("postgres:///a", {}, "prefer"),
        # the environment can lead elsewhere
        ("postgres:///a", {"PGHOST": "db.example.org"}, "verify-full"),
        ("postgres://localhost/a", {"PGHOSTADDR": "10.0.0.7"}, "verify-full"),
        ("postgres://localhost/a", {"PGSERVICE": "away"}, "verify-full"),
    ],
)
def test_what_leaves_this_machine_is_encrypted(
    url: str, environment: Mapping[str, str], mode: str
) -> None:
    assert f"sslmode={mode}" in address_of(url, environment).uri


def _identity(place: Place) -> str:
    return f"postgres://127.0.0.1:{place.server.port}/{place.database}#grove"
