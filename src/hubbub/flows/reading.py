"""The step before the gate: Slack's JSON becomes rows, and structured posts records."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec import Struct

from hubbub.core.batch import Batch, Envelope
from hubbub.privacy.gate import Gate
from hubbub.records.rows import add_records
from hubbub.records.templates import Templates
from hubbub.settings import Settings
from hubbub.slack.normalize import normalize


class Reader(Struct, frozen=True):
    """Reads envelopes for a workspace, with the record templates that it has."""

    templates: Templates
    zone: ZoneInfo

    def read(self, envelopes: Iterable[Envelope], gate: Gate, *, copies: int = 0) -> Batch:
        """All rows of some envelopes, copies numbered from `copies`; records only of channels that
        the gate admits."""
        batch = normalize(envelopes, raw=gate.policy.raw, copies=copies)
        if "messages" in batch.columns:
            self.add_records(batch, gate)
        return batch

    def add_records(self, batch: Batch, gate: Gate) -> None:
        """Add the records of a batch's messages, of channels that the gate admits."""
        found = {*batch.columns["messages"]["channel_id"]}
        names = {each: gate.channels[each].name for each in found if gate.admits(each)}
        add_records(batch, self.templates, self.zone, names)


def reader_of(settings: Settings) -> Reader:
    """What reads for a workspace. Raises `BadContent` if a template is wrong."""
    return Reader(Templates(settings.pack), ZoneInfo(settings.timezone))
