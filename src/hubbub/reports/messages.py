"""A message file: Slack's mrkdwn with Jinja in it, a file a language.

Whatever a template puts in with `{{ … }}` is made harmless: `&`, `<` and `>` are escaped, and
nothing in it can call people, begin a heading or turn the text around. Marks such as mentions come
from the filters alone. Nothing that a template asks for and does not get is left empty: it is an
error with file and line.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from traceback import extract_tb
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.nodes import ScopedEvalContextModifier
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from hubbub.content import ContentFile, find
from hubbub.errors import BadContent
from hubbub.reports import languages
from hubbub.reports.catalog import Part
from hubbub.reports.filters import Voice, filters_of, shown
from hubbub.reports.mrkdwn import JOINER, without_calls

_OUR_OWN = frozenset({"safe", "e", "escape", "forceescape", "xmlattr", "tojson", "urlize",
                      "striptags", "pprint"})  # fmt: skip
"""Jinja's filters that make HTML, or undo what makes values harmless."""

_FAULTS = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError,
           RecursionError)  # fmt: skip
"""What a template can raise, whatever it does."""


class Said(SimpleNamespace):
    """Something that a message sees, with what it knows as attributes."""

    def __getitem__(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError as error:
            raise KeyError(name) from error


class Row(Said):
    """A row of a metric or list, with its columns as attributes."""


class Messages:
    """The message files that a workspace has: those of the packs, and its own."""

    def __init__(self, own_pack: Path) -> None:
        self._own_pack = own_pack
        self._spoken: dict[Voice, ImmutableSandboxedEnvironment] = {}

    @cached_property
    def files(self) -> dict[str, ContentFile]:
        """The files, by `name.language`."""
        return find("messages", [".j2"], self._own_pack)

    def languages(self, name: str) -> list[str]:
        """The languages that a message has."""
        named = (file.rpartition(".") for file in self.files)
        return [language for message, _, language in named if message == name]

    def best(self, name: str, wanted: str) -> str:
        """The language that a reader of another gets a message in: dates in it are in that too."""
        return languages.best(wanted, self.languages(name)) or languages.FALLBACK

    def check(self, name: str, part: Part) -> None:
        """Raise `BadContent` if there is no such message, or it is none in some language."""
        there = self.languages(name)
        if not there:
            fix = f"Write messages/{name}.en.j2 beside the folder of the report."
            raise part.wrong("file", f"there is no message {name!r}", fix)
        for language in there:
            if not languages.is_language(language):
                file = self.files[f"{name}.{language}"]
                raise file.wrong(1, f"{language!r} is no language", "Name it .en.j2 or .ko.j2.")
            self.template(name, Voice(language, ZoneInfo("UTC")))

    def template(self, name: str, voice: Voice) -> Template:
        """A message in the best language that it has. Raises `BadContent`."""
        environment = self._environment(voice)
        try:
            return environment.get_template(name)
        except TemplateSyntaxError as error:
            raise self._wrong(
                error.name or name, voice, error.lineno, str(error.message)
            ) from error

    def render(self, name: str, voice: Voice, said: Mapping[str, Any]) -> str:
        """The text of a message. Raises `BadContent` for whatever goes wrong in it."""
        template = self.template(name, voice)
        try:
            text = template.render(said)
        except _FAULTS as error:
            where, line = _place(error, {str(file.path) for file in self.files.values()})
            file = next((each for each in self.files.values() if str(each.path) == where), None)
            if isinstance(error, TemplateSyntaxError):  # of a file that it includes
                raise self._syntax(name, voice, error) from error
            if file is None:
                raise self._wrong(name, voice, 1, _reason(error)) from error
            raise file.wrong(line, _reason(error), _fix(error, said)) from error
        return _as_slack_has_it(text)

    def phrase(
        self, part: Part, key: str, source: str, voice: Voice, said: Mapping[str, Any]
    ) -> str:
        """A short text of a report's own file, without marks: a title. Raises `BadContent`."""
        try:
            environment = self._environment(voice)
            text = environment.from_string(source).render(said)
        except TemplateSyntaxError as error:
            raise part.wrong(key, str(error.message), "Correct the Jinja in it.") from error
        except _FAULTS as error:
            raise part.wrong(key, _reason(error), _fix(error, said)) from error
        plain = Markup(text).unescape()  # noqa: S704 -- nothing reads it as markup any more
        return " ".join(plain.replace(JOINER, "").split())

    def written_in(
        self, file: ContentFile, source: str, voice: Voice, said: Mapping[str, Any]
    ) -> str:
        """The text of a message that stands in a file of another kind. Raises `BadContent`."""
        try:
            text = self._environment(voice).from_string(source).render(said)
        except _FAULTS as error:
            line = file.line_of(next(iter(source.strip().splitlines()), ""))
            raise file.wrong(line, _reason(error), _fix(error, said)) from error
        return _as_slack_has_it(text)

    def _environment(self, voice: Voice) -> ImmutableSandboxedEnvironment:
        if voice not in self._spoken:
            self._spoken[voice] = _environment(voice, partial(self._source, voice))
        return self._spoken[voice]

    def _source(self, voice: Voice, name: str) -> tuple[str, str, Callable[[], bool]]:
        file = self._file(name, voice)
        if file is None:
            raise TemplateNotFound(name)
        return file.text, str(file.path), lambda: True

    def _file(self, name: str, voice: Voice) -> ContentFile | None:
        return self.files.get(f"{name}.{self.best(name, voice.language)}")

    def _syntax(self, name: str, voice: Voice, error: TemplateSyntaxError) -> BadContent:
        return self._wrong(error.name or name, voice, error.lineno, str(error.message))

    def _wrong(self, name: str, voice: Voice, line: int, reason: str) -> BadContent:
        file = self._file(name, voice)
        assert file is not None, "only files are templates"
        return file.wrong(line, reason, "Correct the template. Try it with: hubbub send --dry-run")


class _Environment(ImmutableSandboxedEnvironment):
    """Templates that cannot switch off what makes values harmless."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> Any:
        parsed = super()._parse(source, name, filename)
        for node in parsed.find_all(ScopedEvalContextModifier):
            raise TemplateSyntaxError(
                "autoescape is not to be changed", node.lineno, name, filename
            )
        return parsed


def _environment(voice: Voice, source: Callable[[str], Any]) -> ImmutableSandboxedEnvironment:
    environment = _Environment(
        loader=FunctionLoader(source),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in _OUR_OWN:
        environment.filters.pop(name, None)
    environment.filters |= filters_of(voice)
    return environment


def _as_slack_has_it(text: str) -> str:
    """Slack knows three entities; Jinja escapes quotation marks too."""
    said = without_calls(text).replace("&#39;", "'").replace("&#34;", '"')
    return "\n".join(line.rstrip() for line in said.strip().splitlines())


def _place(error: BaseException, paths: set[str]) -> tuple[str, int]:
    """The file and line of a template in which an error came up."""
    for frame in reversed(extract_tb(error.__traceback__)):
        if frame.filename in paths:
            return frame.filename, frame.lineno or 1
    return "", 1


def _reason(error: BaseException) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    lacking = re.search(r"has no attribute '(\w+)'", said)
    return f"there is no {lacking[1]!r} here" if lacking else said


def _fix(error: BaseException, said: Mapping[str, Any]) -> str:
    """What there is in place of what there is not."""
    lacking = re.search(r"'([\w.]+) object' has no attribute|'(\w+)' is undefined", str(error))
    if lacking is None:
        return "Correct the template. Try it with: hubbub send --dry-run"
    return f"A message sees: {', '.join(sorted(_seen(said)))}."


def _seen(said: Mapping[str, Any]) -> list[str]:
    """Everything that a message can name, as it names it."""
    found: list[str] = []
    for name, value in said.items():
        if isinstance(value, Said):
            for key, inner in vars(value).items():
                first = cast("list[Any]", inner)[:1] if isinstance(inner, list) else []
                columns = vars(first[0]) if first and isinstance(first[0], Row) else ()
                found.append(f"{name}.{key}" + (f" ({', '.join(columns)})" if columns else ""))
        else:
            found.append(name)
    return found
