"""People use the program while the server runs under load, and start the server while they do."""

import json
from pathlib import Path

import pytest
from program import CHANNEL, FUTURE, Load, Program, wait_for

from hubbub.errors import Exit
from receiving import grove

pytestmark = pytest.mark.long

COMMUNITY = Path(__file__).parents[1] / "golden" / "community"
SAID = 3
"""What somebody said before anybody listened."""


def test_all_verbs_work_beside_a_server_under_load(tmp_path: Path) -> None:
    simulator = grove()
    for _ in range(SAID):
        simulator.clock.advance(1)
        simulator.acts.post("C2", "U1", "who waters?")
    simulator.clock.advance(60)
    token = simulator.add_token("bot", channels=["C1", "C2"])
    with simulator.serve():
        slack = {"SLACK_API_URL": simulator.url, "SLACK_BOT_TOKEN": token}
        with Program(tmp_path, slack) as program:
            first = program.command("collect")
            wait_for((tmp_path / "grove" / "collect.lock").exists)
            program.start()
            _, said = first.communicate()
            assert first.returncode == 0, said
            with Load(program.port) as load:
                load.wait_for(100)
                done_in_turn(program, "collect")
                collected = (
                    "SELECT count(*) FROM messages WHERE channel_id = 'C2' AND kind = 'post'"
                )
                assert program.rows(collected) == [(SAID,)]

                before = posts(program)
                [shown] = json.loads(
                    program.done("show", "totals", "--as-of", "latest", "--format", "json")
                )
                assert before <= shown["posts"] <= SAID + len(load.acknowledged) + 4

                before = posts(program)
                program.done("export", "messages_per_day", "-o", str(tmp_path / "out"))
                [file] = (tmp_path / "out").rglob("messages_per_day.csv")
                assert file.read_text().count("\n") > 1

                program.done("import", str(COMMUNITY))
                load.wait_for(100)
            program.stop()
            assert load.statuses == {200}
            imported = done_alone(tmp_path / "alone")
            assert program.rows(OF_OTHERS) == imported
            keys = program.rows(
                f"SELECT channel_id, ts FROM messages WHERE channel_id = '{CHANNEL}'"
            )
            lost = {key for key in load.acknowledged if len(key) == 2} - {*keys}
            assert not lost


OF_OTHERS = (
    "SELECT channel_id, count(*) FROM messages WHERE length(channel_id) > 2 GROUP BY 1 ORDER BY 1"
)
"""Of the imported channels, whose ids are longer."""


def done_in_turn(program: Program, *verb: str) -> None:
    """Do what the server may be doing itself: as long as it does, others are asked to wait."""
    codes: list[int] = []

    def is_done() -> bool:
        process = program.command(*verb)
        process.communicate()
        codes.append(process.returncode)
        return process.returncode != Exit.TRY_AGAIN

    wait_for(is_done)
    assert codes[-1] == Exit.DONE


def done_alone(home: Path) -> list[tuple[object, ...]]:
    """What an import brings where nothing else happens."""
    alone = Program(home, {})
    alone.done("import", str(COMMUNITY))
    return alone.rows(OF_OTHERS)


def posts(program: Program) -> int:
    """How many there are."""
    return program.rows("SELECT count(*) FROM messages WHERE kind = 'post'")[0][0]


def test_members_are_refused_beside_a_server(tmp_path: Path) -> None:
    simulator = grove()
    token = simulator.add_token("bot", channels=["C1", "C2"])
    refused, kept = "U1", "U2"
    ts_of = {member: str(FUTURE + int(member[1:])).encode() for member in (refused, kept)}
    with simulator.serve():
        slack = {"SLACK_API_URL": simulator.url, "SLACK_BOT_TOKEN": token}
        with Program(tmp_path, slack) as program:
            (tmp_path / "grove").mkdir()
            (tmp_path / "grove" / "hubbub.toml").write_text("[privacy]\nrow_days = 30\n")
            program.start()
            with Load(program.port) as load:
                load.wait_for(100)
                wait_for(lambda: bool(program.rows(BY.format(refused))[0][0]))
                done_in_turn(program, "privacy", "opt-out", refused)
                load.wait_for(100)
                done_in_turn(program, "privacy", "retain")
                load.wait_for(100)
            program.stop()
            # until it is read whose names to take out of texts, Slack is asked to come again
            assert load.statuses <= {200, 503}
            assert program.rows(BY.format(refused)) == [(0,)]
            # one that was on its way when the other command began is on its way to nowhere too
            log = b"".join(
                each.read_bytes() for each in (tmp_path / "grove").glob("events.sqlite*")
            )
            assert ts_of[refused] not in log
            said = {key for key in load.acknowledged if key[1].startswith(ts_of[kept].decode())}
            stored = program.rows(f"SELECT channel_id, ts FROM messages WHERE user_id = '{kept}'")
            assert {key for key in said if len(key) == 2} <= {*stored}


BY = "SELECT count(*) FROM messages WHERE user_id = '{}'"
