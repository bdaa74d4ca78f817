"""`hubbub access`, and what `hubbub doctor` and `hubbub privacy check` say of the login."""

import io
import json
import os
import pty
import sys
import termios
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from hubbub.cli.program import run
from hubbub.flows.auditing import audit_of
from hubbub.flows.checking import examine
from hubbub.flows.granting import make_token
from hubbub.flows.inspecting import inspect
from hubbub.privacy.credentials import ENVIRONMENT, CredentialFile
from hubbub.settings import Serving, Settings
from tests.privacy.home import holding
from tests.server.door import PASSWORD, Browser, give, served, until


@pytest.fixture(autouse=True)
def no_password_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", "default")


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str


def access(settings: Settings, *arguments: str, given: str = "") -> Done:
    out, complaints = io.StringIO(), io.StringIO()
    command = ["--home", str(settings.home), "access", *arguments]
    with patch("sys.stdin", io.StringIO(given)), redirect_stdout(out), redirect_stderr(complaints):
        code = run(command)
    return Done(code, out.getvalue(), complaints.getvalue())


def test_the_password_comes_from_the_input_and_is_kept_hashed(settings: Settings) -> None:
    done = access(settings, "password", given=f"{PASSWORD}\n")
    assert (done.code, done.stdout) == (0, "")
    assert settings.access.stat().st_mode & 0o777 == 0o600
    assert holding(settings.home, PASSWORD) == []
    written = json.loads(settings.access.read_text())["password"]
    # 32 MB and three lanes: one of the choices that OWASP's password storage page gives for scrypt
    assert (written["cost"], written["block"], written["lanes"]) == (2**15, 8, 3)
    assert len(bytes.fromhex(written["salt"])) == 16
    assert len(bytes.fromhex(written["digest"])) >= 32
    with served(settings, "0.0.0.0") as server:
        assert Browser(server).log_in(f"{PASSWORD}x").status == 401
        assert Browser(server).log_in(PASSWORD).status == 303
    done = access(settings, "password", "--remove")
    assert done.code == 0
    assert json.loads(settings.access.read_text())["password"] is None
    assert access(settings, "password", "--remove").code == 2
    noted = [entry.what for entry in audit_of(settings).entries() if entry.action == "keys"]
    assert noted == ["dashboard password", "dashboard password removed"]


@pytest.mark.parametrize(
    "given", ["", "short\n", "elevenchars\n", "x" * 1_025, "two\nlines of it\n"]
)
def test_what_is_no_password_is_refused(settings: Settings, given: str) -> None:
    done = access(settings, "password", given=given)
    assert done.code == 2
    assert not settings.access.exists()
    assert len(given) < 3 or given.strip() not in done.stderr


def test_no_argument_is_taken_for_a_password(settings: Settings) -> None:
    assert access(settings, "password", PASSWORD, given="").code == 2
    assert not settings.access.exists()


def test_on_a_terminal_it_is_asked_for_twice_and_not_shown(settings: Settings) -> None:
    process, terminal = pty.fork()
    if process == 0:
        command = ["-m", "hubbub", "--home", str(settings.home), "access", "password"]
        os.execv(sys.executable, [sys.executable, *command])
    shown = b""

    def answer(question: bytes, typed: str) -> None:
        nonlocal shown
        before = len(shown)
        while question not in shown[before:]:
            shown += os.read(terminal, 1_000)
        if typed:
            # the question stands before the echo is off, which drops what was typed till then
            until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO)
            os.write(terminal, f"{typed}\n".encode())

    other = "something else entirely"
    answer(b"Password: ", PASSWORD)
    answer(b"confirmation: ", other)
    answer(b"Password: ", PASSWORD)
    assert not settings.access.exists()
    answer(b"confirmation: ", PASSWORD)
    answer(b"The password is set.", "")
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert PASSWORD.encode() not in shown
    assert other.encode() not in shown
    assert settings.access.exists()


def test_tokens_are_made_listed_and_revoked(settings: Settings) -> None:
    token = access(settings, "token", "create", "prometheus").stdout.strip()
    other = json.loads(access(settings, "token", "create", "wall", "--json").stdout)
    assert other["name"] == "wall"
    assert len({token, other["token"]}) == 2
    assert all(len(each.removeprefix("hubbub_")) == 43 for each in (token, other["token"]))
    assert holding(settings.home, token, other["token"], "prometheus") == [
        ("default/access.json", "prometheus")
    ]
    listed = json.loads(access(settings, "token", "list", "--json").stdout)
    assert [each["name"] for each in listed] == ["prometheus", "wall"]
    assert "prometheus" in access(settings, "token", "list").stdout
    assert access(settings, "token", "create", "wall").code == 2
    assert access(settings, "token", "revoke", "wall").code == 0
    assert access(settings, "token", "revoke", "wall").code == 2
    assert [each.name for each in CredentialFile(settings.access).read().tokens] == ["prometheus"]


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\nb", "\x1b[31m"])
def test_what_is_no_name_is_refused(settings: Settings, name: str) -> None:
    assert access(settings, "token", "create", name).code == 2
    assert not settings.access.exists()


def test_nothing_is_made_where_there_is_nothing(settings: Settings) -> None:
    assert access(settings, "token", "list").code == 0
    assert access(settings, "token", "revoke", "wall").code == 2
    assert not settings.home.exists()


def test_a_password_of_the_environment_is_changed_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, PASSWORD)
    done = access(settings, "password", given=f"{PASSWORD}\n")
    assert done.code == 2
    assert ENVIRONMENT in done.stderr
    assert PASSWORD not in done.stderr
    assert not settings.access.exists()


def test_doctor_says_who_may_look(settings: Settings) -> None:
    def found(host: str) -> tuple[str, str]:
        asked = Settings(settings.home, "default", serve=Serving(host=host))
        (finding,) = [each for each in examine(asked) if each.check == "dashboard"]
        return finding.state, f"{finding.found} {finding.fix}"

    state, said = found("127.0.0.1")
    assert (state, "without a login" in said) == ("ok", True)
    state, said = found("0.0.0.0")
    assert (state, "hubbub access password" in said) == ("problem", True)
    give(settings)
    state, said = found("0.0.0.0")
    assert (state, "behind a login" in said) == ("ok", True)
    settings.access.chmod(0o640)
    assert found("127.0.0.1")[0] == "problem"


def test_privacy_check_finds_files_of_the_login_that_others_can_read(settings: Settings) -> None:
    make_token(settings, "wall")
    with served(settings) as server:
        Browser(server).log_in(make_token(settings, "mine"))
    checks = {each.check: each.state for each in inspect(settings)}
    assert checks["permissions"] == "ok"
    for file in (settings.access, settings.sessions):
        file.chmod(0o604)
        (finding,) = [each for each in inspect(settings) if each.check == "permissions"]
        assert (finding.state, finding.fix) == ("problem", f"Close it: chmod 600 {file}")
        file.chmod(0o600)
