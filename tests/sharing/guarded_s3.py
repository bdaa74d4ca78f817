"""moto's S3 server, which heeds the policies of its users: a process, `python -m` this.

moto holds requests against actions and resources. It passes over the condition by which S3 lets
somebody list one prefix alone: that is added here.
"""

import json
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

import moto.iam.access_control
import moto.server
import werkzeug.serving

_ACCOUNT = "123456789012"
_control: Any = moto.iam.access_control
_server: Any = moto.server
_Start = Callable[[str, list[tuple[str, str]]], Any]


class _ListsOwnPrefixes:
    """Refuses to list what the condition `s3:prefix` of a user's policy does not name."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        bucket, _, key = environ["PATH_INFO"].strip("/").partition("/")
        is_list = bucket and not key and environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        login = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")[0]
        if (
            is_list
            and login.startswith(("AKIA", "LKIA"))
            and "/s3/" in environ["HTTP_AUTHORIZATION"]
        ):
            patterns = _patterns(login)
            prefix = query.get("prefix", [None])[0]
            if not any(prefix is not None and fnmatchcase(prefix, each) for each in patterns):
                start("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]
        return self._app(environ, start)


def _patterns(access_key: str) -> list[str]:
    """The prefixes that a user may list."""
    user = _control.IAMUserAccessKey(_ACCOUNT, "aws", access_key, {})
    policies = [json.loads(each["policy_document"]) for each in user.collect_policies()]
    return [
        pattern
        for policy in policies
        for statement in policy["Statement"]
        if "s3:ListBucket" in statement["Action"]
        for pattern in statement["Condition"]["StringLike"]["s3:prefix"]
    ]


def main() -> None:
    """Serve until killed; the port is the first line of stdout."""
    app = _server.DomainDispatcherApplication(_server.create_backend_app)
    serving = werkzeug.serving.make_server("127.0.0.1", 0, _ListsOwnPrefixes(app), threaded=True)
    print(serving.port, flush=True)  # noqa: T201
    serving.serve_forever()


if __name__ == "__main__":
    main()
