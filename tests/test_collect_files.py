"""Files' bytes: on request, up to a size, from Slack's hosts only, under names that stay inside."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hubbub.errors import Exit, UsageError
from hubbub.flows.collecting import Report, collect
from hubbub.flows.keeping_files import safe_name
from hubbub.settings import Collecting, Settings
from hubbub.simulator.simulator import Simulator
from hubbub.slack.api import Refused, Slack, Token
from tests.simulator.local_slack import Client, empty


@pytest.fixture
def slack() -> Iterator[Simulator]:
    with empty().serve() as simulator:
        yield simulator


def upload(slack: Simulator, name: str, content: bytes) -> str:
    """Share a file in C1, by the API's three steps; returns its id."""
    client = Client(slack, slack.add_token("user", "U1"))
    asked = client("files.getUploadURLExternal", filename=name, length=len(content)).body
    path = urlsplit(str(asked["upload_url"])).path
    assert client.send("POST", path, content, "application/octet-stream").status == 200
    files = f'[{{"id":"{asked["file_id"]}","title":"a title"}}]'
    done = client("files.completeUploadExternal", files=files, channel_id="C1").body
    assert done["ok"], done
    client.close()
    slack.clock.advance(10)
    return asked["file_id"]


def fetch(
    slack: Simulator, home: Path, token: str = "", *, files: bool = True, file_limit_mb: int = 1
) -> Report:
    chosen = Collecting(files=files, file_limit_mb=file_limit_mb)
    settings = Settings(home, "default", privacy={"preset": "open"}, collect=chosen)
    given_token = Token("user", "the test", token or slack.add_token("user", "U1"))
    return collect(
        settings, connection=(Slack(given_token, slack.url), given_token), clock=slack.clock
    )


def test_a_file_is_fetched_once(slack: Simulator, tmp_path: Path) -> None:
    file_id = upload(slack, "notes.txt", b"what was said")
    assert fetch(slack, tmp_path).exit is Exit.DONE
    kept = tmp_path / "default" / "files" / file_id / "notes.txt"
    assert kept.read_bytes() == b"what was said"
    again = fetch(slack, tmp_path)
    assert "a file's bytes" not in again.calls


def test_nothing_is_fetched_that_nobody_asked_for(slack: Simulator, tmp_path: Path) -> None:
    upload(slack, "notes.txt", b"what was said")
    assert "a file's bytes" not in fetch(slack, tmp_path, files=False).calls
    assert not (tmp_path / "default" / "files").exists()


def test_large_files_stay_where_they_are(slack: Simulator, tmp_path: Path) -> None:
    file_id = upload(slack, "film.bin", b"x" * 1_000_001)
    assert "a file's bytes" not in fetch(slack, tmp_path).calls
    fetch(slack, tmp_path, file_limit_mb=2)
    kept = tmp_path / "default" / "files" / file_id / "film.bin"
    assert kept.stat().st_size == 1_000_001


def test_the_page_to_sign_in_is_no_file(slack: Simulator, tmp_path: Path) -> None:
    upload(slack, "notes.txt", b"what was said")
    poor = slack.add_token("user", "U1", ["channels:read", "channels:history", "users:read"])
    report = fetch(slack, tmp_path, poor)
    assert report.exit is Exit.FAILED
    assert [(each.where, each.code) for each in report.troubles] == [("#c1", "file_needs_login")]
    assert "files:read" in report.troubles[0].fix
    assert not list((tmp_path / "default" / "files").rglob("*.txt"))
    assert fetch(slack, tmp_path).calls["a file's bytes"] == 1  # it is still wanted


def test_the_token_goes_to_no_other_host(slack: Simulator) -> None:
    asked = Slack(Token("user", "the test", "xoxp-secret"), slack.url)
    for url in (
        "https://example.org/file.txt",
        "https://files.slack.com.example.org/file.txt",
        "https://evilslack.com/file.txt",
        "http://localhost:1/file.txt",
    ):
        with pytest.raises(Refused, match="file_is_not_at_slack"):
            asked.download(url, 10, "text/plain")


def test_a_policy_without_texts_keeps_no_files(slack: Simulator, tmp_path: Path) -> None:
    settings = Settings(tmp_path, "default", collect=Collecting(files=True))
    token = Token("user", "the test", slack.add_token("user", "U1"))
    with pytest.raises(UsageError, match="does not keep what members wrote"):
        collect(settings, connection=(Slack(token, slack.url), token), clock=slack.clock)
    assert replace(settings, privacy={"preset": "open"}).collect.files


@given(st.text())
def test_a_name_stays_in_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert safe not in {"", ".", ".."}
    assert len(safe.encode()) <= 120


def test_a_name_that_is_one_stays_as_it_is() -> None:
    assert safe_name("Rückblick 하나.pdf") == "Rückblick 하나.pdf"
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
