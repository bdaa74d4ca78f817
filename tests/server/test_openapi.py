"""The API against its own description: schemathesis asks what nobody thought of."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from hubbub.metrics.catalog import Catalog
from tests.parts import IS_SOAK
from tests.server.serving import COMMUNITY, Site

_checks: Any = checks
_openapi: Any = openapi_checks
_schemathesis: Any = schemathesis
"""schemathesis without its types, which are partly unknown."""

_EXAMPLES = 20 if IS_SOAK else 2
_CHECKS: Any = [
    _checks.not_a_server_error,
    _openapi.status_code_conformance,
    _openapi.content_type_conformance,
    _openapi.response_headers_conformance,
    _openapi.response_schema_conformance,
    _openapi.negative_data_rejection,
    _openapi.unsupported_method,
]
_SAMPLE = (
    "/api/v1/dashboard",
    "/api/v1/panels/all_messages",
    "/api/v1/panels/by_day",
    "/api/v1/panels/by_day.png",
    "/api/v1/panels/writers.csv",
    "/api/v1/metrics/totals",
    "/api/v1/metrics/leaderboard",
    "/api/v1/metrics/messages_per_week.csv",
)
"""What is asked for outside of `make soak`: one of each kind."""


def test_the_description_has_every_endpoint(site: Site) -> None:
    paths = site.json("/openapi.json")["paths"]
    for name in Catalog(COMMUNITY / "no-pack").files:
        assert {f"/api/v1/metrics/{name}", f"/api/v1/metrics/{name}.csv"} <= set(paths)
    assert {"/api/v1/panels/by_day.png", "/api/v1/panels/writers.csv"} <= set(paths)
    assert "/api/v1/panels/writers.png" not in paths
    board = paths["/api/v1/metrics/leaderboard"]["get"]
    assert [each["name"] for each in board["parameters"]] == ["since", "channel", "as_of", "limit"]
    rows = board["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["rows"]
    assert rows["description"].startswith("An array each: rank (integer): 1 + the number of")
    assert (rows["items"]["minItems"], rows["items"]["maxItems"]) == (6, 7)


def _ask(site: Site, paths: list[str]) -> None:
    whole: Any = site.json("/openapi.json")
    whole["paths"] = {path: whole["paths"][path] for path in paths}
    base = f"http://127.0.0.1:{site.port}"
    schema = _schemathesis.openapi.from_dict(whole)
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in _schemathesis.GenerationMode:
            if mode is _schemathesis.GenerationMode.NEGATIVE and not operation.query:
                continue

            @settings(
                max_examples=_EXAMPLES,
                deadline=None,
                derandomize=not IS_SOAK,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def answered(case: Any) -> None:
                case.call_and_validate(base_url=base, checks=_CHECKS, timeout=30)

            answered()


def test_what_is_answered_is_what_was_described(site: Site) -> None:
    paths: list[str] = [
        path for path in site.json("/openapi.json")["paths"] if path != "/api/v1/stream"
    ]
    _ask(site, paths if IS_SOAK else list(_SAMPLE))


def test_it_is_so_where_small_groups_are_suppressed(strict_site: Site) -> None:
    _ask(strict_site, [
        "/api/v1/panels/writers", "/api/v1/panels/by_day", "/api/v1/metrics/totals",
        "/api/v1/metrics/messages_per_day", "/api/v1/metrics/messages_by_channel.csv",
    ])  # fmt: skip
