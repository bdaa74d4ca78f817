"""What is in deploy/: checked by those who will read it, as far as they are here."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.parts import missing
from timetable import schedule

from hubbub.cli.command_lines import check_command_line
from hubbub.core.cron import Cron
from hubbub.flows.schedule_state import ScheduleState
from hubbub.settings import load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def own_words(command: str) -> list[str]:
    """The words of a command line of Hubbub's that name a verb, without what stands before it."""
    words = shlex.split(command)
    [place] = [number for number, word in enumerate(words) if word.endswith("hubbub")][-1:]
    rest = words[place + 1 :]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] == "--home" else rest[1:]
    return rest


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "hubbub.service").read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    check_command_line(own_words(command))
    assert "--all-workspaces" in command
    # the main process asks its children to end; systemd's own SIGTERM to them would kill them
    assert "KillMode=mixed" in text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        missing("systemd-analyze is not here")
    unit = tmp_path / "hubbub.service"
    unit.write_text(text.replace("/opt/hubbub/.venv/bin/hubbub", sys.executable), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(unit) not in done.stderr, "a warning about the unit"


def test_cron_takes_the_line() -> None:
    lines = (DEPLOY / "hubbub.cron").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if line and not line.startswith("#")]
    *fields, user, command = line.split(" ", 6)
    assert Cron(" ".join(fields), "UTC").words == "Every 10th minute of every hour"
    assert user == "hubbub"
    assert "%" not in command, "cron takes it for a new line"
    check_command_line(own_words(command))


def test_the_container_runs_commands_that_there_are() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    [command] = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    words = re.findall(r'"([^"]+)"', command)
    assert words[0] == "--all-workspaces"
    check_command_line(words[1:])
    for copied in re.findall(r"^COPY (.*)$", text, re.MULTILINE):
        for name in copied.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    for shown in re.findall(r"hubbub (serve[^\n]*|[a-z]+ start)", text):
        check_command_line(shlex.split(shown))


@pytest.fixture
def modal_app(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, dict[str, Any]]:
    """The app as Modal's own library takes it, and what its function asks for."""
    try:
        import modal
    except ImportError:
        missing("modal is not here")
    asked: dict[str, Any] = {}
    function = modal.App.function

    def noted(self: modal.App, **options: Any) -> Any:
        asked.update(options)
        return function(self, **options)

    monkeypatch.setattr(modal.App, "function", noted)
    spec = importlib.util.spec_from_file_location("modal_app", DEPLOY / "modal_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "modal_app", module)
    spec.loader.exec_module(module)
    return module, asked


def test_modal_takes_the_app(modal_app: tuple[ModuleType, dict[str, Any]]) -> None:
    import modal

    module, asked = modal_app
    assert isinstance(module.app, modal.App)
    assert isinstance(asked["schedule"], modal.Cron)
    assert isinstance(asked["image"], modal.Image)
    assert asked["volumes"] == {str(module.KEPT): module.kept}
    assert asked["max_containers"] == 1
    Cron(module.LOOK, "UTC")


class _Volume:
    """Counts what is written to it."""

    commits = 0

    def commit(self) -> None:
        self.commits += 1


def test_on_modal_the_same_schedule_runs_and_tokens_stay_out_of_the_volume(
    modal_app: tuple[ModuleType, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, _ = modal_app
    volume, home, kept = tmp_path / "kept", tmp_path / "root" / "home", _Volume()
    settings = schedule(volume, "grove", x="* * * * * audit verify")
    for name, value in (("KEPT", volume), ("HOME", home), ("kept", kept)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setenv("SECRETS_TOML", '[grove]\nbot_token = "xoxb-of-grove"\n')
    monkeypatch.delenv("HUBBUB_HOME", raising=False)
    with pytest.warns(UserWarning, match="executing locally"):  # so says Modal, rightly
        module.run_due.local()
    assert kept.commits == 1
    assert "x" in ScheduleState(settings.schedule_state).read(), "its schedule has been looked at"
    assert load(str(home), "grove").schedule
    assert (home / "secrets.toml").stat().st_mode & 0o077 == 0
    for file in volume.rglob("*"):
        assert file.is_dir() or "xoxb" not in file.read_text(encoding="utf-8")

    (volume / "grove" / "hubbub.toml").write_text("[schedule]\nx = 1\n", encoding="utf-8")
    with (
        pytest.raises(RuntimeError, match="exit code 1"),
        pytest.warns(UserWarning, match="executing locally"),
    ):
        module.run_due.local()
    assert kept.commits == 2
