"""What authors are told of their posts, through a local Slack: once for each state, of new posts
alone, and only those who want it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hubbub.cli.records.answer import command
from hubbub.core.letters import MANY
from hubbub.errors import BadContent, HubbubError, UsageError
from hubbub.flows.choosing_letters import choose
from hubbub.flows.erasing import opt_out
from hubbub.flows.rotating import rotate
from hubbub.metrics.small_groups import TooFewMembers
from hubbub.settings import Answering
from tests.answers.region import DOUBTFUL, GOOD, REFUSED, Region, region

STRICT = (("preset", "strict"), ("only_channels", ["ao-the-mine"]))


def test_the_whole_life_of_a_post(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        message = here.post(DOUBTFUL)
        here.run()
        [told] = here.letters()
        assert "not sure" in told
        assert "archives/C1/p" + message["ts"].replace(".", "") in told
        # what it came from, what was understood, how it is written, and what it was held against
        count = told[told.index("*Count*") :].splitlines()
        assert count[0].endswith("I count 3 in your list.")
        assert count[1:4] == ["> 7", "I understood: 7", "Write it like this: `Count: 5`"]
        assert "*Q*" not in told  # nothing is wrong with it
        assert here.run().letters == []
        assert len(here.letters()) == 1

        here.wait(0.5)
        here.simulator.acts.edit("C1", message["ts"], GOOD)
        here.run()
        assert len(here.letters()) == 2
        assert "is updated" in here.letters()[1]
        assert "• *Count*: 3" in here.letters()[1]
        assert "• *PAX*: <@U1>, <@U2>, <@U3>" in here.letters()[1]
        here.run()
        here.wait(1)
        here.run()
        assert len(here.letters()) == 2

        here.simulator.acts.edit("C1", message["ts"], REFUSED)
        here.run()
        assert "could not read" in here.letters()[2]
        assert "Backblast! Legs for days\nDate: 11/20/2026" in here.letters()[2]  # a whole example
        here.simulator.acts.edit("C1", message["ts"], GOOD)  # as it was before: told once more
        here.run()
        here.run()
        assert len(here.letters()) == 4
        assert "is updated" in here.letters()[3]

        here.simulator.acts.delete("C1", message["ts"])
        assert here.run().posts == 0
        assert len(here.letters()) == 4
        assert here.letters("U2") == []


def test_a_post_that_is_well_written_is_acknowledged(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        text = GOOD.replace("<@U3>", "<@U3> Duke, Skip").replace("Count: 3", "FNGs: Skip\nCount: 5")
        here.post(text)
        here.run()
        [told] = here.letters()
        assert "is in, <@U1>" in told
        assert "by name alone: Duke. If" in told  # Skip is new, and cannot be in Slack


def test_a_change_that_no_field_shows_is_told_of_nothing(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        message = here.post(GOOD)
        here.run()
        here.simulator.acts.edit("C1", message["ts"], GOOD.replace("Count: 3", "*Count:*  3"))
        here.simulator.acts.reply("C1", message["ts"], "U2", "great")
        assert here.run().letters == []


def test_the_first_run_answers_nobody_and_old_posts_stay_unanswered(tmp_path: Path) -> None:
    with region(tmp_path, begun=False) as here:
        old = here.post(GOOD)
        here.collected()
        shown = here.answered(is_rehearsal=True)
        assert len(shown.letters) == 1  # what they would be told
        choose(here.settings, "U1", None, wanted=False)
        unwanted = here.answered(is_rehearsal=True)
        assert (unwanted.letters, unwanted.unwanted) == ([], 1)
        choose(here.settings, "U1", None, wanted=True)
        assert not here.settings.answers.exists()
        assert not here.settings.ledger.exists()
        first = here.answered()
        assert (first.letters, first.fresh) == ([], ["backblast"])
        here.wait(0.01)
        here.simulator.acts.edit("C1", old["ts"], DOUBTFUL)
        fresh = here.post(GOOD, "U2")
        second = here.run()
        assert (second.fresh, here.letters("U1")) == ([], [])
        assert len(here.letters("U2")) == 1
        here.wait(7.1)
        here.simulator.acts.edit("C1", fresh["ts"], DOUBTFUL)
        assert here.run().posts == 0
        assert len(here.letters("U2")) == 1


def test_how_old_a_post_may_be_is_a_setting(tmp_path: Path) -> None:
    with region(tmp_path, records=Answering(answer_days=20)) as here:
        here.post(GOOD)
        here.wait(19)
        here.run()
        assert len(here.letters()) == 1


def test_so_many_authors_are_not_written_to_unasked(tmp_path: Path) -> None:
    with region(tmp_path, members=MANY + 1) as here:
        for number in range(1, MANY + 2):
            here.post(GOOD, f"U{number}")
        here.post(GOOD, "U1", "C2")  # a second one by the same
        done = here.run()
        assert done.is_too_many
        assert done.recipients == MANY + 1
        assert here.simulator.sent() == []
        done = here.answered(is_sure=True)
        assert done.delivered
        assert done.delivered.sent == MANY + 2
        here.post(DOUBTFUL)
        assert not here.run().is_too_many  # those who were told are not counted again


def test_only_those_who_want_it_are_told(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        choose(here.settings, "U1", "backblast-answers", wanted=False)
        choose(here.settings, "U2", None, wanted=False)
        for user_id in ("U1", "U2", "U3"):
            here.post(GOOD, user_id)
        done = here.run().delivered
        assert done
        assert done.sent == 1
        assert sum(done.count("skipped").values()) == 2
        assert [len(here.letters(each)) for each in ("U1", "U2", "U3")] == [0, 0, 1]
        choose(here.settings, "U2", None, wanted=True)
        here.answered()
        assert [len(here.letters(each)) for each in ("U1", "U2", "U3")] == [0, 1, 1]
        here.post(DOUBTFUL, "U3")
        here.collected()
        opt_out(here.settings, "U3")
        assert here.answered().letters[0].to.id == "U1"
        assert len(here.letters("U3")) == 1


def test_a_channel_is_told_how_many_were_read(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        here.simulator.acts.create_channel("ao-hidden", "U1", id="C9", private=True)
        here.simulator.acts.join("C9", here.simulator.workspace.users[-1]["id"])
        here.post(GOOD)
        wrong = here.post(REFUSED, "U2")
        here.post(DOUBTFUL, "U3")
        here.run(log_to="#backblast-log")
        [log] = [said["text"] for said in here.simulator.sent("C2")]
        assert "3 read, 1 good, 1 doubtful, 1 refused" in log
        assert "p" + wrong["ts"].replace(".", "") in log
        assert "by <@U2>, refused: Q (missing)" in log
        assert "<@U1>" not in log
        here.run(log_to="#backblast-log")
        assert len(here.simulator.sent("C2")) == 1
        here.simulator.acts.edit("C1", wrong["ts"], GOOD.replace("Legs", "Arms"))
        here.run()  # authors are told without the log, which catches up
        here.run(log_to="backblast-log")
        assert "1 read, 1 good" in here.simulator.sent("C2")[1]["text"]
        with pytest.raises(UsageError, match="no channel"):
            here.run(log_to="#nowhere")


def test_the_log_names_no_post_of_a_channel_that_not_everybody_can_read(tmp_path: Path) -> None:
    privacy = (("preset", "open"), ("private_channels", ["C9"]))
    with region(tmp_path, privacy=privacy) as here:
        here.simulator.acts.create_channel("ao-hidden", "U1", id="C9", private=True)
        bot = next(user["id"] for user in here.simulator.workspace.users if user["is_bot"])
        here.simulator.acts.join("C9", bot)
        here.post(REFUSED, "U2", "C9")
        here.run(log_to="#backblast-log")
        [log] = [said["text"] for said in here.simulator.sent("C2")]
        assert "1 read, 1 refused" in log
        assert "C9" not in log
        assert "U2" not in log
        assert len(here.letters("U2")) == 1  # the author knows the channel


def test_under_pseudonyms_authors_are_told_and_a_new_key_tells_nobody_anew(tmp_path: Path) -> None:
    with region(tmp_path, privacy=STRICT) as here:
        message = here.post(DOUBTFUL, "U2")
        here.run()
        [told] = here.letters("U2")
        assert "<@U2>" in told
        assert "*Count*" in told
        rotate(here.settings)
        here.collected()
        assert here.answered().letters == []
        here.simulator.acts.edit("C1", message["ts"], GOOD.replace("<@U3>", "<@U4>"))
        here.run()
        assert len(here.letters("U2")) == 2
        assert "<@U4>" in here.letters("U2")[1]
        kept = [path for path in here.settings.folder.rglob("*") if path.is_file()]
        assert not any(b"U2" in path.read_bytes() for path in kept if path.suffix == ".json")
        with pytest.raises(TooFewMembers, match="run log"):
            here.run(log_to="#backblast-log")


def add_template(here: Region, author: str) -> None:
    folder = here.settings.pack / "records"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "standup.toml").write_text(
        'title = "Standup"\ndoc = "A day."\nopenings = ["Standup"]\n'
        f'example = "Standup\\nTasks: 3\\nMood: fine"\n{author}\n'
        '[fields.tasks]\ntype = "count"\nlabels = ["Tasks"]\nrequired = true\nrange = [0, 9]\n'
        '[fields.mood]\ntype = "text"\nlabels = ["Mood"]\n',
        encoding="utf-8",
    )


USUAL = '[author]\nimported = { file = "record-imported" }\nwrong = { file = "standup-wrong" }'


def test_templates_without_words_of_their_own_have_the_usual_ones(tmp_path: Path) -> None:
    with region(tmp_path, begun=False) as here:
        add_template(here, USUAL)
        here.simulator.workspace.users[1]["locale"] = "ko-KR"
        here.collected()
        here.answered("standup")
        here.wait(0.01)
        here.post("Standup\nTasks: 2\nMood: <!channel> up")
        here.post("Standup\nTasks: 44\nMood: down", "U2")
        here.run(template=None)
        assert "• *Tasks*: 2" in here.letters()[0]
        assert "<!channel>" not in here.letters()[0]
        assert "이렇게 써 주세요: `Tasks: 3`" in here.letters("U2")[0]
        assert "있을 수 있는 범위를" in here.letters("U2")[0]


def test_a_template_can_hold_its_own_words(tmp_path: Path) -> None:
    with region(tmp_path, begun=False) as here:
        add_template(
            here,
            '[author]\nimported = "Thank you, {{ recipient.mention }}:\\n{{ status }}"\n'
            'updated = "{{ nothing.here }}"',
        )
        here.collected()
        here.answered("standup")
        here.wait(0.01)
        message = here.post("Standup\nTasks: 2\nMood: up")
        here.run(template="standup")
        assert here.letters() == ["Thank you, <@U1>:\ngood"]
        here.simulator.acts.edit("C1", message["ts"], "Standup\nTasks: 20\nMood: up")
        here.run(template="standup")  # it has no words for what is wrong
        assert len(here.letters()) == 1
        here.simulator.acts.edit("C1", message["ts"], "Standup\nTasks: 3\nMood: up")
        with pytest.raises(BadContent, match="nothing"):
            here.run(template="standup")


def test_a_template_that_tells_nothing_or_is_not_there_is_refused(tmp_path: Path) -> None:
    with region(tmp_path, begun=False) as here:
        add_template(here, "")
        with pytest.raises(UsageError, match="tells its authors nothing"):
            here.answered("standup")
        with pytest.raises(UsageError, match="no template"):
            here.answered("sitdown")


def test_without_the_memory_of_the_first_run_nobody_is_told(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        here.post(GOOD)
        here.collected()
        here.settings.answers.write_text("{", encoding="utf-8")
        with pytest.raises(HubbubError, match="damaged"):
            here.answered()
        assert here.letters() == []


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path) -> None:
    with region(tmp_path) as here:
        for user_id in ("U1", "U2", "U3"):
            here.post(GOOD, user_id)
        here.collected()

        def tired(status: object) -> None:
            del status
            if here.simulator.sent():
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            here.answered(on_delivery=tired)
        assert 0 < len(here.simulator.sent()) < 3
        here.answered()
        assert [len(here.letters(each)) for each in ("U1", "U2", "U3")] == [1, 1, 1]


def test_the_command(tmp_path: Path) -> None:
    with region(tmp_path, begun=False) as here:
        here.post(DOUBTFUL)
        here.collected()
        here.settings.written.write_text("records.answer_days = 36500\n", encoding="utf-8")

        def said(*words: str) -> tuple[str, str]:
            slack, token = here.connection
            done = CliRunner().invoke(
                command, [*words, "--home", str(tmp_path), "--workspace", "grove",
                          "--privacy", "open"],
                env={"SLACK_API_URL": slack.url, "SLACK_BOT_TOKEN": token.value},
                catch_exceptions=False,
            )  # fmt: skip
            assert done.exit_code == 0, done.output
            return done.stdout, done.stderr

        shown, noted = said("backblast", "--dry-run")
        assert shown.startswith("backblast-answers to @pax1\n:eyes: @pax1, your backblast")
        assert "nothing was sent" in noted
        assert json.loads(said("--json")[0])["fresh"] == ["backblast", "pass", "submission"]
