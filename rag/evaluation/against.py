"""Two runs are compared question by question: only questions that both asked, in the same words,
count, and whatever else differs between the runs is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from rag.errors import InputError
from rag.evaluation.figures import MEASURES, Measure
from rag.evaluation.judging import Outcome
from rag.evaluation.mistakes import mistakes
from rag.metrics import mean, paired_interval

# Of the file that --out writes: raised when outcomes change their fields.
FORMAT = 2
_NAN = float("nan")
# Of fewer questions that all change alike, chance makes more than one in twenty (sign test).
_FEW = 6
MACHINES = "machines"
SETTINGS = "other settings"  # those that shape answers and have no entry of their own
_SHAPING = ("embedder", "chunk_tokens", "papers", "candidates", "answer_words", "ability")
_REMEDY = "give a file that --out of this release wrote"


@dataclass(frozen=True, slots=True)
class Run:
    """What of a run decides whether it can be compared, and its outcomes.

    Attributes:
        facts: what shaped the run, by its name for people ("the questions' file", …).
        questions: words of each question by id; outcomes in the order asked.
    """

    facts: Mapping[str, str]
    questions: Mapping[str, str]
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of both runs over the questions in both; the interval is of new - old.

    Attributes:
        verdict: "better" or "worse" where the interval leaves out 0, else ""; also where too few
            questions count, and of speed where the machines aren't known to be alike.
        count: questions that count in either run.
    """

    key: str
    name: str
    group: str
    old: float
    new: float
    low: float
    high: float
    verdict: str
    count: int
    places: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run beside an older one.

    Attributes:
        old: the older run's file.
        common: how many questions are in both.
        warnings: what besides the program differs.
        right, wrong: (id, question, its faults in the wrong run) of those that became so.
    """

    old: str
    common: int
    warnings: tuple[str, ...]
    differences: tuple[Difference, ...]
    right: tuple[tuple[str, str, str], ...]
    wrong: tuple[tuple[str, str, str], ...]


def read_run(path: Path) -> Run:
    """A run as `--out` wrote it.

    Raises:
        InputError: the file is missing or not of that kind.
    """
    try:
        report: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        reason = (e.strerror or str(e)) if isinstance(e, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read {path}: {reason}", _REMEDY) from e
    except (ValueError, RecursionError) as e:
        raise InputError(f"{path} is not a JSON file ({e})", _REMEDY) from e
    if not isinstance(report, dict) or report.get("format") != FORMAT:
        raise InputError(f"{path} is not a run of this release (format {FORMAT})", _REMEDY)
    try:
        answers = report["answers"]
        outcomes = [_outcome(answer["judged"]) for answer in answers]
        questions = {str(answer["id"]): str(answer["question"]) for answer in answers}
        # Runs of before these were an entry have all settings nonetheless.
        facts = {SETTINGS: shaping(dict(report["settings"]))} if "settings" in report else {}
        return Run(facts | dict(report["shaped_by"]), questions, outcomes)
    except (KeyError, TypeError, ValueError) as e:
        raise InputError(f"{path} is no whole run ({type(e).__name__}: {e})", _REMEDY) from e


def shaping(settings: Mapping[str, Any]) -> str:
    """The settings that shape answers, for people."""
    return ", ".join(f"{name} {settings[name]}" for name in _SHAPING if settings.get(name))


def _outcome(values: Mapping[str, Any]) -> Outcome:
    """An outcome from its JSON values, null being NaN."""
    hints = get_type_hints(Outcome)
    read: dict[str, Any] = {}
    for field in fields(Outcome):
        value = values[field.name]
        if isinstance(value, list):
            read[field.name] = tuple(_number(v) for v in value)
        elif hints[field.name] is float:
            read[field.name] = _number(value)
        else:
            if not isinstance(value, hints[field.name]):
                raise ValueError(f'"{field.name}" is {value!r}')
            read[field.name] = value
    return Outcome(**read)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def in_both(name: str, old: Run, questions: Mapping[str, str]) -> set[str]:
    """Ids of the questions that an older run has too, in the same words.

    Args:
        name: of the older run's file.
        questions: the newer run's words by id.

    Raises:
        InputError: there is none.
    """
    found = {o.id for o in old.outcomes if old.questions[o.id] == questions.get(o.id)}
    if not found:
        raise InputError(f"{name} has no question of this run", "compare runs of one question set")
    return found


def compare(
    name: str, old: Run, new: Run, progress: Callable[[int, str], None] = lambda done, name: None
) -> Comparison:
    """The newer run beside the older one.

    Args:
        name: of the older run's file.
        progress: told how many figures are done, and which is next.

    Raises:
        InputError: no question is in both.
    """
    before = {o.id: o for o in old.outcomes}
    common = in_both(name, old, new.questions)
    pairs = [(before[o.id], o) for o in new.outcomes if o.id in common]
    warnings = [
        f"{fact} differ: {old.facts[fact]} then, {value} now"
        if fact in old.facts
        else f"{fact} may differ: not known of then, {value} now"
        for fact, value in new.facts.items()
        if old.facts.get(fact) != value
    ]
    if not len(pairs) == len(old.outcomes) == len(new.outcomes):
        warnings.append(
            f"{len(pairs)} questions are in both runs, of {len(old.outcomes)} then and "
            f"{len(new.outcomes)} now"
        )
    changed = [
        (a, b, new.questions[b.id]) for a, b in pairs if bool(mistakes(a)) != bool(mistakes(b))
    ]
    differences = []
    for done, measure in enumerate(MEASURES):
        progress(done, measure.name)
        told = measure.group != "Speed" or old.facts.get(MACHINES) == new.facts.get(MACHINES)
        differences.append(_difference(measure, pairs, told))
    return Comparison(
        name, len(pairs), tuple(warnings), tuple(d for d in differences if d is not None),
        tuple((b.id, text, ", ".join(mistakes(a))) for a, b, text in changed if mistakes(a)),
        tuple((b.id, text, ", ".join(mistakes(b))) for a, b, text in changed if mistakes(b)),
    )  # fmt: skip


def _known_mean(values: Sequence[float]) -> float:
    return mean([v for v in values if v == v])


def _difference(
    measure: Measure, pairs: Sequence[tuple[Outcome, Outcome]], told: bool
) -> Difference | None:
    """None where the measure counts nothing in either run.

    Args:
        told: whether a verdict can be given at all.
    """

    def statistic(outcomes: Sequence[Outcome]) -> float:
        return measure.statistic([o for o in outcomes if measure.counted(o)])

    counted = [(a, b) for a, b in pairs if measure.counted(a) or measure.counted(b)]
    if not counted:
        return None
    value = measure.value
    if value is not None:  # The same, much faster; NaN stands for what doesn't count.
        low, high = paired_interval(
            [
                (value(a) if measure.counted(a) else _NAN, value(b) if measure.counted(b) else _NAN)
                for a, b in counted
            ],
            _known_mean,
        )
    else:
        low, high = paired_interval(counted, statistic)
    verdict = ""
    if told and len(counted) >= _FEW and measure.better and (low > 0 or high < 0):
        verdict = "better" if (low > 0) == (measure.better > 0) else "worse"
    return Difference(
        measure.key, measure.name, measure.group, statistic([a for a, _ in counted]),
        statistic([b for _, b in counted]), low, high, verdict, len(counted), measure.places,
    )  # fmt: skip
