"""MySQL's side of publishing, against a real MariaDB."""

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hubbub.core.warehouse import Change, Field, Kind, Shape
from hubbub.destinations.warehouses.mysql import MySQL, open_warehouse
from hubbub.errors import HubbubError, TryAgain, UsageError
from tests.changes_by_hand import EVERYTHING, REACTIONS, at, change, everything, whole
from tests.mysql.conftest import Place
from tests.mysql.mariadb_server import MariaDB

ONE = ("C1", "1.000001", "U1", "tada")
TWO = ("C1", "1.000001", "U2", "tada")
THREE = ("C1", "1.000002", "U2", "+1::skin-tone-3")


def _warehouse(place: Place, folder: Path) -> MySQL:
    return open_warehouse(place.url, "town", folder)


def _bring(warehouse: MySQL, *changes: Change, mark: str = "first") -> list[tuple[str, int]]:
    heard: list[tuple[str, int]] = []
    warehouse.bring(changes, (), mark, lambda name, rows: heard.append((name, rows)))
    return heard


def _reactions(place: Place) -> list[tuple[Any, ...]]:
    return place.run("SELECT * FROM reactions ORDER BY BINARY ts, BINARY user_id")


def test_the_first_publication_makes_database_tables_and_mark(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    assert warehouse.mark() is None
    heard = _bring(warehouse, whole(tmp_path, REACTIONS, [TWO, ONE, THREE]))
    assert heard == [("reactions", 3)]
    assert _reactions(place) == [ONE, TWO, THREE]
    assert _warehouse(place, tmp_path).mark() == "first"


def test_changes_are_merged_by_keys(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(
        warehouse,
        whole(tmp_path, EVERYTHING, [everything("a", words=1), everything("b", words=2)]),
    )
    _bring(
        warehouse,
        change(
            tmp_path,
            EVERYTHING,
            [everything("b", words=3), everything("c", words=4)],
            gone=[("a",), ("never there",)],
        ),
        mark="second",
    )
    assert place.run("SELECT name, words FROM everything ORDER BY name") == [("b", 3), ("c", 4)]
    assert warehouse.mark() == "second"


def test_the_same_changes_again_change_nothing(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    again = change(tmp_path, REACTIONS, [THREE], gone=[ONE[:4]])
    _bring(warehouse, again)
    _bring(warehouse, again)
    assert _reactions(place) == [TWO, THREE]


def test_an_emptied_table_is_empty(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    _bring(warehouse, whole(tmp_path, REACTIONS, []))
    assert _reactions(place) == []


def test_every_kind_of_value_arrives_as_it_is(place: Place, tmp_path: Path) -> None:
    text = "한글 'quoted' \"twice\" \\n \\ back\nnew\tline %s {0} 👩🏽‍🚀 \x00 end"
    row = everything(
        "모두",
        words=-(2**63),
        share=0.1 + 0.2,
        is_question=True,
        posted_at=at("2038-01-19 03:14:08.000001"),
        day=date(1969, 12, 31),
        words_of=["it's", "한", 'q"', "\\"],
        text=text,
    )
    _bring(_warehouse(place, tmp_path), whole(tmp_path, EVERYTHING, [row]))
    (found,) = place.run("SELECT * FROM everything")
    assert found[:6] == (
        "모두",
        -(2**63),
        0.1 + 0.2,
        1,
        at("2038-01-19 03:14:08.000001").replace(tzinfo=None),
        date(1969, 12, 31),
    )
    assert json.loads(found[6]) == ["it's", "한", 'q"', "\\"]
    assert found[7] == text


def test_what_a_type_cannot_hold_is_empty(place: Place, tmp_path: Path) -> None:
    rows = [
        everything("infinite", share=math.inf),
        everything("nan", share=math.nan),
        everything("none"),
        everything("small", share=5e-324),
    ]
    _bring(_warehouse(place, tmp_path), whole(tmp_path, EVERYTHING, rows))
    assert place.run("SELECT name, share, words, posted_at FROM everything ORDER BY name") == [
        ("infinite", None, None, None),
        ("nan", None, None, None),
        ("none", None, None, None),
        ("small", 5e-324, None, None),
    ]


def test_keys_that_differ_in_case_accents_or_blanks_are_different(
    place: Place, tmp_path: Path
) -> None:
    names = ["a", "A", "á", "a ", "ａ", "😀", "😃", "가", "각"]
    _bring(
        _warehouse(place, tmp_path),
        whole(tmp_path, EVERYTHING, [everything(name) for name in names]),
    )
    _bring(
        _warehouse(place, tmp_path),
        change(tmp_path, EVERYTHING, [everything("A", words=1)], gone=[("a ",)]),
    )
    found = dict(place.run("SELECT name, words FROM everything"))
    assert found == {"a": None, "A": 1, "á": None, "ａ": None, "😀": None, "😃": None, "가": None,
                     "각": None}  # fmt: skip


def test_the_longest_text_of_slack_arrives(place: Place, tmp_path: Path) -> None:
    text = "😀" * 40_000
    _bring(
        _warehouse(place, tmp_path), whole(tmp_path, EVERYTHING, [everything("long", text=text)])
    )
    assert place.run("SELECT char_length(text), text FROM everything") == [(40_000, text)]


def test_a_key_that_is_too_long_is_told_without_it(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    with pytest.raises(HubbubError, match="too long") as caught:
        _bring(warehouse, change(tmp_path, REACTIONS, [("C1", "2.000001", "U1", "secret" * 40)]))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert _reactions(place) == [ONE]


def test_columns_have_their_types_keys_indexes_and_meaning(place: Place, tmp_path: Path) -> None:
    _bring(
        _warehouse(place, tmp_path),
        whole(tmp_path, REACTIONS, [ONE]),
        whole(tmp_path, EVERYTHING, [everything("a")]),
    )
    columns = place.run(
        "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_COMMENT FROM "
        f"information_schema.COLUMNS WHERE TABLE_SCHEMA = '{place.database}' "
        "AND TABLE_NAME = 'everything' ORDER BY ORDINAL_POSITION"
    )
    assert columns == [
        ("name", "varchar(191)", "NO", "what it is called"),
        ("words", "bigint(20)", "YES", "how many"),
        ("share", "double", "YES", "how much"),
        ("is_question", "tinyint(1)", "YES", "whether it asks"),
        ("posted_at", "datetime(6)", "YES", "when (UTC)"),
        ("day", "date", "YES", "which day"),
        ("words_of", "longtext", "YES", "its words"),
        ("text", "mediumtext", "YES", "as it is written; 'quoted' \\ not"),
    ]
    keys = place.run(
        "SELECT INDEX_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX) FROM "
        f"information_schema.STATISTICS WHERE TABLE_SCHEMA = '{place.database}' "
        "AND TABLE_NAME = 'reactions' GROUP BY INDEX_NAME ORDER BY INDEX_NAME"
    )
    assert keys == [("by_user_id", "user_id"), ("PRIMARY", "channel_id,ts,user_id,name")]
    assert place.run(
        f"SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_NAME = 'reactions' "
        f"AND TABLE_SCHEMA = '{place.database}'"
    ) == [("A row per reaction; it's by one member.",)]


def test_a_column_that_is_no_more_goes(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    place.run("ALTER TABLE reactions ADD COLUMN phone TEXT")
    _bring(warehouse, change(tmp_path, REACTIONS, [THREE]))
    assert _reactions(place) == [ONE, TWO, THREE]


def test_a_table_that_somebody_has_dropped_is_not_made_of_the_rest(
    place: Place, tmp_path: Path
) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    place.run("DROP TABLE reactions")
    with pytest.raises(HubbubError, match="has lost its table reactions") as caught:
        _bring(warehouse, change(tmp_path, REACTIONS, [THREE]), mark="second")
    assert "Publish again" in caught.value.fix
    assert warehouse.mark() == "first-", "all is to be sent anew"
    warehouse.bring((), (), "third", lambda _name, _rows: None)
    assert warehouse.mark() == "third", "and nothing is missed that is not sent any more"


def test_a_new_column_is_added_and_the_others_stay(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    wider = Shape(
        REACTIONS.name,
        REACTIONS.doc,
        REACTIONS.key,
        (*REACTIONS.fields, Field("given_at", Kind.INSTANT, "when")),
        indexes=REACTIONS.indexes,
    )
    _bring(warehouse, change(tmp_path, wider, [(*TWO, at("2026-01-31 12:00:00"))]))
    assert _reactions(place) == [
        (*ONE, None),
        (*TWO, at("2026-01-31 12:00:00").replace(tzinfo=None)),
    ]


def test_rows_of_a_metric_are_replaced(place: Place, tmp_path: Path) -> None:
    shape = Shape("metric_talk", "Who talks.", (), (Field("name", Kind.TEXT, "who"),))
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, shape, [("a",), ("a",), ("b",)]))
    _bring(warehouse, whole(tmp_path, shape, [("b",), ("c",)]))
    assert place.run("SELECT name FROM metric_talk ORDER BY name") == [("b",), ("c",)]


def test_a_change_that_fails_is_undone(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    place.run(
        "CREATE TRIGGER no BEFORE INSERT ON reactions FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'secret'"
    )
    with pytest.raises(HubbubError) as caught:
        _bring(warehouse, change(tmp_path, REACTIONS, [THREE], gone=[ONE]), mark="second")
    assert "secret" not in str(caught.value)
    assert _reactions(place) == [ONE, TWO]
    assert warehouse.mark() == "first"
    place.run("DROP TRIGGER no")
    _bring(warehouse, change(tmp_path, REACTIONS, [THREE], gone=[ONE]), mark="second")
    assert _reactions(place) == [TWO, THREE]


def test_nothing_of_a_publication_is_left_lying(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE, TWO]))
    place.run("CREATE TABLE _hubbub_new AS SELECT * FROM reactions")
    place.run("CREATE TABLE _hubbub_old AS SELECT * FROM reactions")
    _bring(warehouse, change(tmp_path, REACTIONS, gone=[ONE]))
    assert sorted(place.run("SHOW TABLES")) == [("_hubbub",), ("reactions",)]


def test_tables_of_others_are_left_alone(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    place.server.run(f"CREATE DATABASE {place.database}")
    place.run("CREATE TABLE payroll (name TEXT)")
    with pytest.raises(HubbubError, match="payroll"):
        warehouse.mark()
    with pytest.raises(HubbubError, match="payroll"):
        _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    assert place.run("SHOW TABLES") == [("payroll",)]


def test_a_table_of_others_that_came_later_is_left_alone(place: Place, tmp_path: Path) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    place.run("CREATE TABLE everything (name TEXT)")
    with pytest.raises(HubbubError, match="everything"):
        _bring(warehouse, whole(tmp_path, EVERYTHING, [everything("a")]), mark="second")
    assert place.run("SELECT * FROM everything") == []
    assert warehouse.mark() == "first"


def test_a_database_is_named_after_the_workspace_where_none_is_named(tmp_path: Path) -> None:
    named = open_warehouse("mysql://u@db.example.org", "my-Town", tmp_path)
    assert named.title == "mysql://db.example.org:3306/my_town_4563ce82"
    other = open_warehouse("mysql://v@db.example.org/my_town_4563ce82", "x", tmp_path)
    assert named.identity == other.identity


def test_a_second_publication_at_once_is_told_to_wait(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hubbub.destinations.mysql.connection._LOCK_SECONDS", 0)
    warehouse = _warehouse(place, tmp_path)

    def meanwhile(name: str, rows: int) -> None:
        with pytest.raises(TryAgain, match="Somebody else"):
            _bring(_warehouse(place, tmp_path), whole(tmp_path, REACTIONS, [TWO]))

    warehouse.bring([whole(tmp_path, REACTIONS, [ONE])], (), "first", meanwhile)
    assert _reactions(place) == [ONE]


def test_a_wrong_password_is_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYSQL_PWD", "guessed")
    with pytest.raises(HubbubError, match="does not let") as caught:
        _warehouse(place, tmp_path).mark()
    assert "MYSQL_PWD" in caught.value.fix
    assert "guessed" not in str(caught.value)


@pytest.mark.parametrize("lacking", ["CREATE", "DROP", "ALTER", "INDEX", "INSERT", "DELETE",
                                     "CREATE TEMPORARY TABLES"])  # fmt: skip
def test_missing_rights_are_told_before_anything_is_changed(
    place: Place, tmp_path: Path, lacking: str
) -> None:
    warehouse = _warehouse(place, tmp_path)
    _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    place.server.run(f"REVOKE {lacking} ON {place.database}.* FROM {place.user}@'127.0.0.1'")
    with pytest.raises(HubbubError, match="lacks rights") as caught:
        _bring(warehouse, change(tmp_path, REACTIONS, [TWO], gone=[ONE]), mark="second")
    assert lacking in caught.value.fix
    assert _reactions(place) == [ONE]
    assert warehouse.mark() == "first"


def test_a_database_that_may_not_be_made_is_told(
    server: MariaDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.person("guest", "right", "SELECT ON nothing.*")
    monkeypatch.setenv("MYSQL_PWD", "right")
    warehouse = open_warehouse(f"mysql://guest@127.0.0.1:{server.port}/hers", "town", tmp_path)
    with pytest.raises(HubbubError, match="lacks rights"):
        _bring(warehouse, whole(tmp_path, REACTIONS, [ONE]))
    assert ("hers",) not in server.run("SHOW DATABASES")


def test_a_host_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match="cannot be reached"):
        open_warehouse("mysql://u@127.0.0.1:1/d", "town", tmp_path).mark()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://me:secret@host/d", "password"),
        ("mysql://host/d", "a host or a user"),
        ("mysql:///d", "a host or a user"),
        ("mysql://me@host:many/d", "cannot be read"),
        ("mysql://me@host/d?ssl=off", "ssl is no option"),
        ("mysql://me@host/d?ssl_ca=/no/such/file", None),
    ],
)
def test_an_address_that_cannot_be_is_refused(tmp_path: Path, url: str, reason: str | None) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        open_warehouse(url, "town", tmp_path).mark()
    assert "secret" not in str(caught.value)
