"""Names for groups of papers: the words and short phrases that one group's papers use and the
other groups' don't, in the form in which the papers mostly write them.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.abbreviations import glossary
from rag.mapping.commonplaces import DEPENDENT, GENERIC
from rag.words import FUNCTION_WORDS, stem

_READ = 150  # papers of a group at most; more would say the same
_TERMS = 3  # in a label at most
_LONGEST = 4  # words of a phrase
_LETTERS = 32  # of a term at most
_LABEL = 46  # letters of a label beyond which it gets no further term
_SHARED = 2 / 3  # times the root of a group's papers: how many must hold a term that names it
_PART_OF = 0.5  # share of a term's papers in which it stands inside one same longer term
_PHRASE = 1.35  # how much more a phrase of two words says than one word
_WORD = re.compile(r"[^\W_]+(?:[-'’+][^\W_]+)*\+*")
_LETTER = re.compile(r"[^\W\d_]")
_AMOUNT = re.compile(r"\d+(?!d$)[^\W\d_]?", re.IGNORECASE)  # "10x" and "1B", but not "3D"


@dataclass(frozen=True, slots=True)
class _Term:
    """A run of words by their stems, as one group uses it.

    Attributes:
        stems: of all its words' parts, function words left out, and of what it stands for.
        papers: of the group that hold it.
    """

    words: tuple[str, ...]
    shown: str
    stems: frozenset[str]
    papers: int
    score: float


def labels(texts: Sequence[str], assignment: Sequence[int]) -> tuple[str, ...]:
    """A readable name for each group: up to three terms, "speech recognition, audio, TTS".

    Terms are ranked by class-based TF-IDF (Grootendorst 2022, "BERTopic", section 3.3), tf(t, c)
    log(1 + A / f(t)), with two changes: tf and f count papers, not occurrences, so that no single
    paper's pet word names its group; and A is twice the groups' mean number of papers, so that
    what all groups say is worth little. Of a large group, 150 papers are read.

    Args:
        texts: an abstract (with its title) for each paper.
        assignment: each paper's group, from 0 without gaps.

    Returns:
        One label for each group, all different.
    """
    if len(texts) != len(assignment):
        raise ValueError(f"{len(texts)} texts but {len(assignment)} groups")
    number = max(assignment, default=-1) + 1
    members: list[list[int]] = [[] for _ in range(number)]
    for paper, group in enumerate(assignment):
        members[group].append(paper)
    read = [_thinned(papers) for papers in members]
    reading = _Reading([texts[paper] for papers in read for paper in papers])
    groups: list[Counter[tuple[str, ...]]] = []
    everywhere: Counter[tuple[str, ...]] = Counter()
    held = iter(reading.held)
    for papers in read:
        groups.append(Counter(term for _ in papers for term in next(held)))
        everywhere.update(groups[-1])
    usual = 2 * sum(map(len, read)) / max(number, 1)
    found: list[str] = []
    leading: set[frozenset[str]] = set()
    for counts, papers in zip(groups, read, strict=True):
        ranked = _ranked(counts, everywhere, len(papers), usual, reading)
        chosen = _chosen(ranked, leading)
        if chosen:
            leading.add(chosen[0].stems)
        name = ", ".join(term.shown for term in chosen) or "other papers"
        found.append(_different(name, found))
    return tuple(found)


def _thinned(papers: Sequence[int]) -> Sequence[int]:
    """So many of a group's papers as are read, evenly taken."""
    if len(papers) <= _READ:
        return papers
    return [papers[n * len(papers) // _READ] for n in range(_READ)]


def _different(name: str, taken: Iterable[str]) -> str:
    """The name, numbered when another group has it."""
    names = {other.casefold() for other in taken}
    for n in range(1, len(names) + 2):
        numbered = name if n == 1 else f"{name} ({n})"
        if numbered.casefold() not in names:
            return numbered
    raise AssertionError("one of n + 1 names differs from n others")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


class _Reading:
    """All texts, read once.

    Attributes:
        held: for each text, the terms that it holds, as stems of their words.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._forms: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self._cases: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._stems: dict[str, str] = {}
        self._long = {
            self._stem(short.lower()): frozenset(self._parts(long))
            for short, long in glossary(texts).items()
        }
        self.held = [set(self._terms(text)) for text in texts]

    def _stem(self, word: str) -> str:
        if word not in self._stems:
            # Hyphens or none: "fine-tuning" and "finetuning" are the same.
            self._stems[word] = stem(word.replace("-", "").replace("’", "'"))
        return self._stems[word]

    def _parts(self, shown: str) -> Iterator[str]:
        for part in re.findall(r"[^\W_]+", shown.lower()):
            if part not in FUNCTION_WORDS:
                yield self._stem(part)

    def _terms(self, text: str) -> Iterator[tuple[str, ...]]:
        run: list[str] = []
        at = 0
        for match in _WORD.finditer(text):
            # A phrase doesn't go on over a comma, a bracket or a word that says nothing.
            if text[at : match.start()].strip():
                yield from self._phrases(run)
                run = []
            at, word = match.end(), match.group().removesuffix("'s").removesuffix("’s")
            self._cases[word.lower()][word] += 1
            if self._says(word):
                run.append(word)
            else:
                yield from self._phrases(run)
                run = []
        yield from self._phrases(run)

    def _says(self, word: str) -> bool:
        lower = word.lower()
        return (
            len(word) > 1
            and bool(_LETTER.search(word))
            and not _AMOUNT.fullmatch(word)
            and lower not in GENERIC
        )

    def _phrases(self, run: Sequence[str]) -> Iterator[tuple[str, ...]]:
        for start in range(len(run)):
            for end in range(start + 1, min(start + _LONGEST, len(run)) + 1):
                words = run[start:end]
                key = tuple(self._stem(word.lower()) for word in words)
                self._forms[key][" ".join(words)] += 1
                yield key

    @staticmethod
    def alone(shown: str) -> bool:
        """Whether a term says something by itself: any phrase, or a word of some content."""
        return shown.lower() not in DEPENDENT

    def shown(self, key: tuple[str, ...]) -> str:
        """The form in which a term is written most, capitals only where they belong to a word."""
        forms: Counter[str] = Counter()
        for form, count in self._forms[key].items():
            forms[" ".join(self._cased(word) for word in form.split(" "))] += count
        return max(forms, key=lambda form: (forms[form], form))

    def _cased(self, word: str) -> str:
        cases = self._cases[word.lower()]
        if word[1:] != word[1:].lower():
            # Titles are written in all manners; a word set in capitals once isn't an acronym.
            usual = max(cases, key=lambda case: (cases[case], case))
            return word if usual[1:] != usual[1:].lower() else self._cased(usual)
        lower = word.lower()
        return lower if 5 * cases[lower] >= cases[word] else word

    def stems(self, key: tuple[str, ...], shown: str) -> frozenset[str]:
        """What a term is about, for comparing it with others: "LLMs" is about language models."""
        long = [self._long[word] for word in key if word in self._long]
        return frozenset(self._parts(shown)).union(key, *long)


# ── choosing ────────────────────────────────────────────────────────────────────────────────────


def _ranked(
    counts: Counter[tuple[str, ...]],
    everywhere: Counter[tuple[str, ...]],
    papers: int,
    usual: float,
    reading: _Reading,
) -> list[_Term]:
    """The group's terms, best first; one that mostly stands inside a longer one gives way to it."""
    least = 1 if papers < 4 else max(2, math.ceil(math.sqrt(papers) * _SHARED))
    longer: dict[tuple[str, ...], tuple[str, ...]] = {}
    for key in counts:
        for part in {key[:-1], key[1:]} if len(key) > 1 else ():
            rival = longer.get(part)
            if rival is None or (-counts[key], key) < (-counts[rival], rival):
                longer[part] = key
    best: dict[tuple[str, ...], _Term] = {}
    for key, count in counts.items():
        if count < least:
            continue
        whole = key
        while whole in longer and counts[longer[whole]] >= max(least - 1, _PART_OF * counts[whole]):
            if len(reading.shown(longer[whole])) > _LETTERS:
                break
            whole = longer[whole]
        shown = reading.shown(whole)
        if len(shown) > _LETTERS or not reading.alone(shown):
            continue
        score = counts[whole] / papers * math.log1p(usual / everywhere[whole])
        score *= _PHRASE if len(whole) > 1 or "-" in shown else 1.0
        best[whole] = _Term(whole, shown, reading.stems(whole, shown), counts[whole], score)
    return sorted(best.values(), key=lambda term: (-term.score, term.shown))


def _chosen(ranked: Sequence[_Term], leading: set[frozenset[str]]) -> list[_Term]:
    """The best terms that share no word's stem; the first is first in no other label."""
    chosen: list[_Term] = []
    for term in ranked:
        if not chosen and term.stems in leading:
            continue
        if any(term.stems & other.stems for other in chosen):
            continue
        if chosen and len(", ".join([*(t.shown for t in chosen), term.shown])) > _LABEL:
            continue
        chosen.append(term)
        if len(chosen) == _TERMS:
            break
    return chosen
