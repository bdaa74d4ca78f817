"""The unmodified official clients work against the simulator."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from local_slack import NOW, invented, named, public
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from hubbub.simulator.clock import Clock
from hubbub.simulator.simulator import Simulator
from hubbub.simulator.state import is_reply


@pytest.fixture(scope="module")
def slack() -> Iterator[Simulator]:
    simulator = Simulator(invented(), clock=Clock.manual(NOW), limits=False)
    with simulator.serve():
        yield simulator


def test_the_sync_client_reads_everything(slack: Simulator) -> None:
    channels = [channel["id"] for channel in public(slack.workspace)]
    client: Any = WebClient(slack.add_token("bot", channels=channels), base_url=slack.url)
    me = client.auth_test()
    assert me["bot_id"].startswith("B")
    assert me["user_id"].startswith("U")
    listed = [c["id"] for page in client.conversations_list(limit=7) for c in page["channels"]]
    assert sorted(listed) == sorted(channels)
    for channel_id in channels:
        said = slack.workspace.messages[channel_id]
        found: set[str] = set()
        for page in client.conversations_history(channel=channel_id, limit=50):
            for message in page["messages"]:
                found.add(message["ts"])
                if message.get("reply_count"):
                    thread = client.conversations_replies(channel=channel_id, ts=message["ts"])
                    found.update(each["ts"] for each in thread["messages"])
        assert found == {message["ts"] for message in said}


def test_the_async_client_reads_and_writes(slack: Simulator) -> None:
    general = named(slack.workspace, "general")
    token = slack.add_token("bot", channels=[general])

    async def talk() -> str:
        client: Any = AsyncWebClient(token, base_url=slack.url)
        users = [
            user async for page in await client.users_list(limit=20) for user in page["members"]
        ]
        assert len(users) > 40
        posted = await client.chat_postMessage(channel=general, text="from asyncio")
        await client.chat_update(channel=general, ts=posted["ts"], text="from asyncio, edited")
        return posted["ts"]

    ts = asyncio.run(talk())
    message = slack.workspace.find(general, ts)
    assert message is not None
    assert message["text"] == "from asyncio, edited"
    assert message["edited"]["user"] == message["user"]


def test_errors_are_the_clients_errors(slack: Simulator) -> None:
    client: Any = WebClient("xoxb-wrong", base_url=slack.url)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        client.conversations_list()


def test_the_retry_handler_obeys_retry_after(slack: Simulator) -> None:
    client: Any = WebClient(slack.add_token("user"), base_url=slack.url)
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    slack.faults.add("team.info", status=429, retry_after=0)
    assert client.team_info()["team"]["name"] == "Tidepool Commons"


def test_files_go_up_and_come_down(slack: Simulator) -> None:
    general = named(slack.workspace, "general")
    token = slack.add_token("bot", channels=[general])
    client: Any = WebClient(token, base_url=slack.url)
    sent = client.files_upload_v2(
        channel=general, content="tide tables", filename="tides.txt", initial_comment="as asked"
    )
    file = client.files_info(file=sent["file"]["id"])["file"]
    assert file["shares"]["public"][general][0]["ts"]
    request = Request(file["url_private_download"], headers={"Authorization": f"Bearer {token}"})
    with urlopen(request) as response:
        assert response.headers["content-type"].startswith("text/plain")
        assert response.read() == b"tide tables"
    with urlopen(file["url_private"]) as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/html")
    message = slack.sent(general)[-1]
    assert message["text"] == "as asked"
    assert message["files"][0]["id"] == file["id"]
    assert not is_reply(message)


def test_direct_messages_are_opened_once(slack: Simulator) -> None:
    client: Any = WebClient(slack.add_token("bot"), base_url=slack.url)
    people = [u["id"] for u in slack.workspace.users if not u["is_bot"] and not u["deleted"]]
    first = client.conversations_open(users=people[:1])
    again = client.conversations_open(users=people[:1], return_im=True)
    assert first["channel"] == {"id": again["channel"]["id"]}
    assert again["already_open"]
    assert again["channel"]["user"] == people[0]
    group = client.conversations_open(users=people[:3])["channel"]["id"]
    assert client.conversations_info(channel=group)["channel"]["is_mpim"]
    client.chat_postMessage(channel=people[0], text="psst")
    assert slack.sent(first["channel"]["id"])[-1]["text"] == "psst"
