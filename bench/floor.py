"""The least that an importer of an export must do: unzip each day file, decode each message.

usage: python floor.py EXPORT.zip
"""

import sys
import zipfile

import msgspec


class Message(msgspec.Struct):
    """The fields that no importer can do without."""

    ts: str
    text: str = ""
    user: str | None = None
    thread_ts: str | None = None
    subtype: str | None = None


def main(path: str) -> None:
    """Read the whole export."""
    decode = msgspec.json.Decoder(list[Message]).decode
    with zipfile.ZipFile(path) as archive:
        days = [name for name in archive.namelist() if "/" in name and name.endswith(".json")]
        print(sum(len(decode(archive.read(name))) for name in days), "messages")


if __name__ == "__main__":
    main(sys.argv[1])
