"""Several workspaces in one bucket, each with a login that sees its own part alone."""

import re
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet
import pytest
import urllib3

from hubbub.core.warehouse import Change, Field, Kind, Shape
from hubbub.destinations.warehouses.lake import Lake, open_warehouse
from hubbub.errors import HubbubError

ROOT = Path(__file__).parents[2]
FORMS = ("parquet", "delta")
NAMES = ("alder", "alder-north", "birch")
TABLE = Shape("members", "Who is there.", ("user_id",), (Field("user_id", Kind.TEXT, "their id"),))
_boto3: Any = boto3
_pa: Any = pa
_fs: Any = pyarrow.fs
_parquet: Any = pyarrow.parquet


def policy_of(workspace: str, prefix: str) -> str:
    """The policy that docs/lake.md gives for one workspace."""
    text = (ROOT / "docs" / "lake.md").read_text(encoding="utf-8")
    [policy] = re.findall(r"```json policy\n(.*?)```", text, re.DOTALL)
    named = {"BUCKET": "lake", "PREFIX": prefix, "WORKSPACE": workspace}
    for placeholder, name in named.items():
        policy = policy.replace(placeholder, name)
    return policy


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    """The address of an S3 server with the bucket `lake`."""
    command = [sys.executable, "-m", "tests.sharing.guarded_s3"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        address = f"http://127.0.0.1:{int(process.stdout.readline())}"
        yield address
        process.kill()


@pytest.fixture(scope="module")
def logins(server: str) -> dict[str, dict[str, str]]:
    """A login for each workspace, with the rights of its own and no others."""
    own = {"endpoint_url": server, "region_name": "us-east-1"}
    own |= {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    _boto3.client("s3", **own).create_bucket(Bucket="lake")
    iam = _boto3.client("iam", **own)
    found: dict[str, dict[str, str]] = {}
    for name in NAMES:
        iam.create_user(UserName=name)
        for form in FORMS:
            own_policy = policy_of(name, form)
            iam.put_user_policy(UserName=name, PolicyName=form, PolicyDocument=own_policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        found[name] = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    urllib3.request("POST", f"{server}/moto-api/reset-auth", body=b"0")  # from now on it looks
    return found


def lake_of(
    name: str,
    login: dict[str, str],
    folder: Path,
    patch: pytest.MonkeyPatch,
    server: str,
    form: str,
) -> Lake:
    """A workspace's part of the lake, by a login."""
    patch.setenv("AWS_ENDPOINT_URL", server)
    patch.setenv("AWS_ACCESS_KEY_ID", login["access_key"])
    patch.setenv("AWS_SECRET_ACCESS_KEY", login["secret_key"])
    folder.mkdir(exist_ok=True)
    return open_warehouse(f"s3://lake/{form}?format={form}", name, folder)


def publish(lake: Lake, folder: Path, *members: str) -> None:
    """Bring members to a lake."""
    file = folder / "rows.parquet"
    _parquet.write_table(_pa.table({"user_id": [*members]}), file)
    change = Change(TABLE, True, (file,), len(members), (), 0)
    assert lake.mark() is None
    lake.bring([change], [], "mark-1", lambda table, rows: None)
    assert lake.mark() == "mark-1"


def deeds(files: Any, place: str) -> list[Callable[[], object]]:
    """What a workspace may do in its own part alone; copying is not among it, for moto does not
    look whether a copy's source may be read."""
    return [
        lambda: files.open_input_file(f"{place}/_hubbub.json").read(),
        lambda: files.get_file_info(_fs.FileSelector(place)),
        lambda: files.delete_file(f"{place}/_hubbub.json"),
        lambda: files.open_output_stream(f"{place}/planted").close(),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_each_workspace_publishes_and_sees_its_own_part_alone(
    server: str, logins: dict[str, dict[str, str]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, form: str,
) -> None:  # fmt: skip
    for name in NAMES:
        lake = lake_of(name, logins[name], tmp_path / name, monkeypatch, server, form)
        publish(lake, tmp_path / name, f"U-{name}")
    for name in NAMES:
        files: Any = _fs.S3FileSystem(
            endpoint_override=server.removeprefix("http://"), scheme="http", region="us-east-1",
            **logins[name],
        )  # fmt: skip
        for other in NAMES:
            place = f"lake/{form}/{other}"
            if other == name:
                found = _parquet.read_table(f"{place}/members", filesystem=files)
                assert found["user_id"].to_pylist() == [f"U-{name}"]
                continue
            for deed in deeds(files, place):
                with pytest.raises(OSError, match="ACCESS_DENIED"):
                    deed()
        with pytest.raises(OSError, match="ACCESS_DENIED"):
            files.get_file_info(_fs.FileSelector(f"lake/{form}"))


@pytest.mark.parametrize("form", FORMS)
def test_whose_login_is_anothers_is_told_so(
    server: str, logins: dict[str, dict[str, str]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, form: str,
) -> None:  # fmt: skip
    lake = lake_of("birch", logins["alder"], tmp_path, monkeypatch, server, form)
    with pytest.raises(HubbubError, match=f"does not permit .* in s3://lake/{form}/birch") as told:
        publish(lake, tmp_path, "U1")
    assert logins["alder"]["secret_key"] not in str(told.value)
