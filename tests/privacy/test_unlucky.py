"""What happens at once, stops half way, runs out of room, or departs from the presets."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hubbub.errors import HubbubError, TryAgain
from hubbub.flows import erasing, importing, rotating
from hubbub.flows.erasing import forget, opt_out
from hubbub.flows.importing import import_archive
from hubbub.flows.journaling import alone
from hubbub.flows.outputs import Outputs
from hubbub.flows.rotating import rotate
from hubbub.flows.workspace import keys_of
from hubbub.privacy.refusals import Entry, RefusalFile, now
from hubbub.settings import Settings
from hubbub.stores.staging import joined
from tests.invented import DAYS, message, write_export
from tests.privacy.home import ask, column, holding, imported, said, settings_of

PSEUDONYMS = (
    "SELECT DISTINCT left(user_id, 3) FROM users UNION SELECT left(user_id, 3) FROM messages"
)


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """Let something happen in the next import, after its reading and before its merge."""

    def first(*given: Any) -> Any:
        monkeypatch.setattr(importing, "joined", joined)
        happens()
        return joined(*given)

    monkeypatch.setattr(importing, "joined", first)


def test_two_rotations_at_once_make_two_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, "strict")
    imported(settings, tmp_path)

    @contextmanager
    def after_another(of: Settings) -> Any:
        monkeypatch.setattr(rotating, "alone", alone)
        rotate(of)
        with alone(of):
            yield

    monkeypatch.setattr(rotating, "alone", after_another)
    assert rotate(settings).version == 3
    assert column(settings, PSEUDONYMS) == ["m3_"]
    before = ask(settings, "SELECT * FROM users ORDER BY ALL")
    imported(settings, tmp_path)
    assert ask(settings, "SELECT * FROM users ORDER BY ALL") == before


def test_an_import_with_keys_of_before_a_rotation_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path, "strict")
    imported(settings, tmp_path)
    meanwhile(monkeypatch, lambda: rotate(settings))
    with pytest.raises(TryAgain, match="keys of this workspace were changed"):
        imported(settings, tmp_path)
    assert column(settings, PSEUDONYMS) == ["m2_"]
    assert imported(settings, tmp_path).added == 0
    assert column(settings, "SELECT count(*) FROM users") == [3]


@pytest.mark.parametrize("preset", ["open", "standard", "strict"])
def test_a_member_who_opts_out_while_an_import_runs_is_not_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    settings = settings_of(tmp_path, preset)
    keys_of(settings)
    meanwhile(monkeypatch, lambda: opt_out(settings, "U1"))
    imported(settings, tmp_path)
    assert column(settings, "SELECT count(*) FROM users") == [2]
    hidden = keys_of(settings).pseudonym("member", "U1")
    assert not {"U1", hidden} & {*column(settings, "SELECT user_id FROM messages")}


def test_members_who_opt_out_at_once_are_all_remembered(tmp_path: Path) -> None:
    path = tmp_path / "refused.json"
    tokens = [f"token-{number}" for number in range(24)]

    def add(token: str) -> None:
        RefusalFile(path).add(Entry(token, "opted out", now()))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, tokens))
    assert {each.token for each in RefusalFile(path).entries()} == {*tokens}


def test_files_that_are_written_at_once_are_all_remembered(tmp_path: Path) -> None:
    written = [tmp_path / f"{number}.csv" for number in range(24)]
    for path in written:
        path.write_text("a\n")

    def note(path: Path) -> None:
        Outputs(tmp_path / "outputs.json").note([path])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, written))
    assert {each.path for each in Outputs(tmp_path / "outputs.json").naming(lambda _: True)} == {
        *written
    }


@pytest.mark.parametrize("where", ["_without_member", "take_over", "erase_members", "_unnamed"])
def test_what_is_stopped_while_it_forgets_is_finished_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    settings = settings_of(tmp_path)
    files = [{"id": "F1", "user": "U1", "name": "plan.txt", "created": 1772618400}]
    imported(settings, tmp_path, **{"2026_03_04": [message("1772618400.000100", "U1", "see",
                                                           files=files)]})  # fmt: skip
    (settings.files / "F1").mkdir(parents=True)
    (settings.files / "F1" / "plan.txt").write_text("the plan")
    # a picture shows the name and no id
    chart = tmp_path / "chart.svg"
    chart.write_text("<text>Olive Example</text>")
    Outputs(settings.outputs).note([chart])

    def stopped(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(erasing, where, stopped)
        with pytest.raises(KeyboardInterrupt):
            forget(settings, "olive")
    forget(settings, "olive")
    assert not chart.exists()
    assert not (settings.files / "F1").exists()
    assert holding(settings.home, "olive", "Olive Example", "private word", '"U1"') == []


def test_a_disk_without_room_for_a_second_copy_leaves_the_store_readable(
    tmp_path: Path, mount: Callable[[str], Path]
) -> None:
    settings = settings_of(mount("size=64m"))
    words = [message(f"{1772618400 + number}.000100", "U2", f"{number:x} {hash(str(number)):x}" * 9)
             for number in range(12_000)]  # fmt: skip
    imported(settings, tmp_path, **{"2026_03_04": words})
    kept = column(settings, "SELECT count(*) FROM messages WHERE user_id = 'U2'")
    used = sum(path.stat().st_blocks * 512 for path in settings.home.rglob("*"))
    mount(f"size={used + 400_000}")
    with pytest.raises(HubbubError):
        forget(settings, "U1")
    mount("size=64m")
    assert column(settings, "SELECT count(*) FROM messages WHERE user_id = 'U2'") == kept
    assert not [*settings.folder.glob("*.new")]
    forget(settings, "U1")
    assert holding(settings.home, "a private word") == []


NAMED = said("Olive Example, see <https://example.org/~olive?token=1|here>")


def test_without_a_directory_nothing_passes_that_could_name_a_member(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "standard", names=False)
    export = write_export(tmp_path / "export", days=DAYS | {"general/2026-03-04.json": NAMED})
    (export / "users.json").write_text(json.dumps([]))
    import_archive(settings, export)
    assert {*column(settings, "SELECT text FROM messages")} == {None}
    assert {*column(settings, "SELECT url FROM links")} == {None}


@pytest.mark.parametrize(
    ("preset", "choices"),
    [("standard", {"names": False}), ("standard", {"names": False, "text": "dropped"}),
     ("strict", {"text": "scrubbed"}), ("strict", {"links": "trimmed"}),
     ("strict", {"text": "scrubbed", "links": "whole"})],
)  # fmt: skip
def test_where_names_are_dropped_nothing_that_is_kept_says_them(
    tmp_path: Path, preset: str, choices: dict[str, Any]
) -> None:
    settings = settings_of(tmp_path, preset, **choices)
    imported(settings, tmp_path, **{"2026_03_04": NAMED})
    assert holding(settings.home, "olive", "Olive Example") == []
    told = ask(settings, "SELECT url, text FROM links JOIN messages USING (ts)")
    assert not [row for row in told if "olive" in str(row).lower()]
    links = [url for url, _ in told if url]
    assert bool(links) is (choices.get("links", "trimmed") != "domain" and
                           (preset == "standard" or "links" in choices))  # fmt: skip


@pytest.mark.parametrize("choices", [{}, {"pseudonyms": True}])
def test_a_link_says_no_more_of_members_than_a_text(
    tmp_path: Path, choices: dict[str, Any]
) -> None:
    settings = settings_of(tmp_path, "open", **choices)
    opt_out(settings, "U0QUIET001")
    link = said(
        "see <https://x.slack.com/team/U0QUIET001> and <https://x.slack.com/team/U0LOUD0001>"
    )
    imported(settings, tmp_path, **{"2026_03_04": link})
    quiet, loud = column(
        settings, "SELECT url FROM links WHERE contains(url, 'team') ORDER BY 1 DESC"
    )
    shown = keys_of(settings).pseudonym("member", "U0LOUD0001") if choices else "U0LOUD0001"
    assert {quiet, loud} == {"https://x.slack.com/team/[MEMBER]",
                             f"https://x.slack.com/team/{shown}"}  # fmt: skip
