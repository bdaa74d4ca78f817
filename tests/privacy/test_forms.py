"""Each detector knows the forms of its kind, and leaves what only looks like them."""

import pytest

from hubbub.privacy.scrub import Scrubber
from tests.privacy.forms import FORMS, marked

SCRUBBER = Scrubber()
FOUND = [
    pytest.param(kind, form, id=f"{kind}: {form[:60]!a}")
    for kind, (forms, _) in FORMS.items()
    for form in forms
]
LEFT = [
    pytest.param(text, id=f"{kind}: {text[:60]!a}")
    for kind, (_, texts) in FORMS.items()
    for text in texts
]


@pytest.mark.parametrize(("kind", "form"), FOUND)
def test_a_form_is_found_whole_and_nothing_else(kind: str, form: str) -> None:
    text, start, end = marked(form)
    scrubbed = SCRUBBER.scrub(text)
    assert [(span.start, span.end) for span in scrubbed.spans] == [(start, end)]
    assert scrubbed.spans[0].kind == kind
    assert scrubbed.text == f"{text[:start]}[{kind}]{text[end:]}"


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert SCRUBBER.scrub(text) == (text, [])
