"""Runs the schedules of all workspaces on Modal: `modal deploy deploy/modal_app.py`.

Every ten minutes a container looks what is due, runs it and ends: the same schedule, the same locks
and the same catching up as everywhere. The workspaces lie in a Volume; the tokens come from a
Secret and never lie there. docs/schedule.md says how to fill both.
"""

import os
import subprocess
import sys
from pathlib import Path

import modal

LOOK = "*/10 * * * *"
"""How often to look what is due, by Modal's cron; when each thing is due says hubbub.toml."""
KEPT = Path("/kept")
"""Where the Volume is: a folder a workspace, and `keys`."""
HOME = Path("/root/hubbub-home")
"""The home that Hubbub sees, which is gone with the container."""
_ROOT = Path(__file__).resolve().parent.parent

app = modal.App("hubbub")
kept = modal.Volume.from_name("hubbub", create_if_missing=True)
image = (
    modal.Image.debian_slim(python_version="3.13")
    .apt_install("fonts-noto-cjk", "fonts-noto-color-emoji")
    .uv_sync(str(_ROOT), extra_options="--no-dev")
    .env({"PYTHONPATH": "/root/src"})
    .add_local_dir(str(_ROOT / "src"), "/root/src")
)


def prepare(home: Path, volume: Path, secrets: str) -> None:
    """Make a home whose workspaces and keys lie in the Volume, and whose tokens do not."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (volume / "keys").mkdir(mode=0o700, exist_ok=True)
    for folder in volume.iterdir():
        link = home / folder.name
        if folder.is_dir() and not link.exists():
            link.symlink_to(folder)
    file = home / "secrets.toml"
    file.touch(mode=0o600)
    file.write_text(secrets, encoding="utf-8")


@app.function(
    image=image,
    schedule=modal.Cron(LOOK),
    volumes={str(KEPT): kept},
    secrets=[modal.Secret.from_name("hubbub", required_keys=["SECRETS_TOML"])],
    max_containers=1,  # two at once would write over each other's files in the Volume
    single_use_containers=True,  # each sees what the one before has written
    timeout=24 * 60 * 60,
    cpu=2.0,
    memory=2048,
)
def run_due() -> None:
    """Run what is due in any workspace. Raises `RuntimeError` if something failed, which Modal
    shows; the reasons stand above it."""
    prepare(HOME, KEPT, os.environ["SECRETS_TOML"])
    surroundings = {name: value for name, value in os.environ.items() if name != "SECRETS_TOML"}
    words = ["--home", str(HOME), "--all-workspaces", "schedule", "run", "--due"]
    try:
        ended = subprocess.run(  # noqa: S603 -- this program, and these words
            [sys.executable, "-m", "hubbub", *words], check=False, env=surroundings
        )
    finally:
        kept.commit()
    if ended.returncode:
        raise RuntimeError(f"hubbub ended with exit code {ended.returncode}")
