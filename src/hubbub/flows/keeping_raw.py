"""Keeps what Slack said as JSON, a folder a run, where the policy permits it.

A file an envelope: the request that the body does not tell of, and the body as it came. `hubbub
import` reads such folders (sources/archives/responses.py).
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from hubbub.core.batch import Envelope
from hubbub.destinations.files import whole
from hubbub.privacy.policy import Policy
from hubbub.privacy.refusals import Refusals
from hubbub.settings import Settings
from hubbub.slack.directory import without_contacts
from hubbub.slack.normalize import records
from hubbub.slack.redaction import without_members
from hubbub.slack.values import is_record
from hubbub.sources.answers import Page
from hubbub.sources.archives.responses import Kept


class RawFolder(Struct):
    """The folder of a run; without a path nothing is kept."""

    path: Path | None
    keeps_contacts: bool
    number: int = 0

    @classmethod
    def of(cls, settings: Settings, policy: Policy, run_id: str) -> "RawFolder":
        """The folder that the settings ask for."""
        if not settings.collect.raw:
            return cls(None, keeps_contacts=False)
        assert policy.raw, "the settings were held against the policy"
        path = settings.raw / run_id
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(path, policy.contacts)

    def write(self, page: Page, refusals: Refusals) -> None:
        """Write the envelopes of a page, without members who are refused."""
        if self.path is None:
            return
        for envelope in page.envelopes:
            self.number += 1
            payload = envelope.payload
            if envelope.kind == "users" and not self.keeps_contacts:
                payload = _without_contacts(envelope)
            if refusals:
                told = without_members(msgspec.json.decode(payload), refusals.__contains__)
                payload = msgspec.json.encode(told)
            name = "-".join(filter(None, (f"{self.number:06}", envelope.kind, envelope.channel_id)))
            request = dict(page.answer.arguments) if page.answer else dict[str, str]()
            kept = Kept(
                kind=envelope.kind,
                origin=envelope.origin,
                channel_id=envelope.channel_id,
                observed_at=envelope.observed_at,
                method=page.answer.method if page.answer else "",
                arguments=request,
                response=msgspec.Raw(payload),
            )
            with whole(self.path / f"{name}.json") as unfinished:
                unfinished.write_bytes(msgspec.json.encode(kept))


def _without_contacts(envelope: Envelope) -> bytes:
    """Directory entries without what the policy drops of them."""
    found = [without_contacts(user) for user in records(envelope) if is_record(user)]
    return msgspec.json.encode(found)
