"""Loaders of many workspaces on several machines, all from one topic."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.kafka.broker import Broker
from tests.kafka.feeding import Server, unlike

pytestmark = pytest.mark.long

OF_TWO = {"alder": 2, "birch": 2, "seoul": 1}
"""The shard of each: tests/scheduling/test_shards.py has them from sha256sum."""


def test_each_machine_loads_its_own_workspaces_whole(
    running: Broker, topic: str, tmp_path: Path
) -> None:
    machines = {number: tmp_path / f"machine-{number}" for number in (1, 2)}
    servers = {name: Server(tmp_path / name, workspace=name) for name in OF_TWO}
    for number, (name, server) in enumerate(servers.items(), 1):
        server.say("C1", *range(number))
        server.say("C2", *range(10))
        server.forward(running.address, topic)
        for home in machines.values():
            home.mkdir(exist_ok=True)
            folder = home / name
            folder.mkdir()
            (folder / "hubbub.toml").write_text('[privacy]\npreset = "open"\n', encoding="utf-8")
            key = home / "keys" / f"{name}.key"
            key.parent.mkdir(exist_ok=True)
            key.write_bytes(server.settings.key.read_bytes())
            key.chmod(0o600)
    for number, home in machines.items():
        words = ["--home", str(home), "--all-workspaces", "--shard", f"{number}/2", "--json"]
        words += ["load", "--kafka", running.address, "--topic", topic, "--once"]
        command = [sys.executable, "-m", "hubbub", *words]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        own = [name for name, shard in OF_TWO.items() if shard == number]
        assert [each["workspace"] for each in json.loads(done.stdout)] == own
        for name, server in servers.items():
            settings = replace(server.settings, home=home)
            if name in own:
                wanted = server.loaded_directly(tmp_path / f"direct-{name}")
                assert unlike(settings, wanted) == []
            else:
                assert not settings.store.exists()
