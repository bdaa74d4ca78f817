"""What a workspace's schema, database or dataset is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbub.core.warehouse import namespace_of


@pytest.mark.parametrize(
    ("workspace", "name"),
    [
        ("grove", "grove"),
        ("grove_2", "grove_2"),
        # the digits are the first of `printf %s NAME | sha256sum`
        ("my-team", "my_team_a193ce37"),
        ("Houston", "houston_00cc7d9b"),
        ("서울", "___ca6c4193"),
        ("부산", "___6c9db53b"),
    ],
)
def test_a_name_that_would_lose_something_gets_a_digest(workspace: str, name: str) -> None:
    assert namespace_of(workspace) == name


def test_long_names_that_begin_alike_stay_apart() -> None:
    first, second = (namespace_of("a" * 63 + last) for last in "bc")
    assert first != second
    assert len(first) == len(second) == 63
    assert namespace_of("a" * 63) == "a" * 63


@given(st.lists(st.text(st.sampled_from("aAbB-_.é서 1"), min_size=1), unique=True, max_size=9))
def test_no_two_workspaces_are_called_alike(workspaces: list[str]) -> None:
    names = {namespace_of(each) for each in workspaces}
    assert len(names) == len(workspaces)
    assert all(name.isascii() and name == name.lower() for name in names)
