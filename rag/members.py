"""Which papers of the whole index are about a topic: every one that passes the same bound, not the
first few of a ranking.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from rag.abbreviations import glossary
from rag.linear import probability
from rag.records import Filters, Hit, Paper, Span
from rag.retrieval import rank
from rag.words import content_stems, stem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

# Papers looked at: all that hold a word of the topic or are near it, up to so many.
DEPTH = 1000
# A paper that holds every term of the topic is about it at least so probably if one of its
# sentences is as close to it (cosine), or if there are too few papers to stand out from.
_SURE, _CLOSE, _FEW = 0.55, 0.45, 30
MEMBER = 0.4  # probability from which on a paper is listed

FEATURES = (
    "cover",        # share of the topic's terms in title and abstract, rare ones counting more
    "title_cover",  # the same in the title
    "near",         # fused score of the paper for the topic, divided by 5
    "sentence",     # cosine of topic and best sentence
    "whole",        # 1 when every term is there
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A paper with how surely it is about the topic, 0 to 1, and the sentence that shows it."""

    hit: Hit
    probability: float
    shown_by: Span
    features: tuple[float, ...]


def candidates(
    index: OpenIndex, topic: str, vector: NDArray[np.float32], filters: Filters | None = None
) -> list[Member]:
    """All papers near a topic, surest first, members or not.

    Args:
        vector: the topic's embedding, float32 (d,), length 1.
    """
    scored = rank(index, topic, vector, filters)[:DEPTH]
    papers = index.snapshot.by_rowid({s.paper for s in scored})
    spans = index.snapshot.sentences({s.paper for s in scored})
    parts = _alternatives(topic, list(papers.values()))
    total = max(index.snapshot.count(), 1)
    few = looked_at(index, filters) < _FEW
    rarity = [
        {
            forms: math.log1p(total / (1 + max(_frequency(index, form) for form in forms)))
            for forms in part
        }
        for part in parts
    ]
    found = []
    for s in scored:
        paper = papers[s.paper]
        title = _stems(paper.title)
        stems = title | _stems(paper.abstract)
        cover = _cover(rarity, stems)
        features = (
            cover, _cover(rarity, title), s.fused / 5, s.sentence, float(cover > 0.999)
        )  # fmt: skip
        sentences = dict(spans.get(s.paper, []))
        nearest = sentences.get(s.best) or next(iter(sentences.values()), Span(0, 1))
        hit = Hit(paper, s.dense, s.lexical, s.sentence, s.fused, nearest)
        sure = features[-1] > 0 and (s.sentence >= _CLOSE or few)
        surely = max(probability("member", FEATURES, features), _SURE if sure else 0.0)
        # Up to a thousand papers are looked at, few are shown.
        spoken = list(sentences.values()) if surely >= MEMBER else []
        shown_by = _showing(paper, spoken, rarity, nearest)
        found.append(Member(hit, surely, shown_by, features))
    return sorted(found, key=lambda m: (-m.probability, -m.hit.fused, m.hit.paper.id))


def looked_at(index: OpenIndex, filters: Filters | None = None) -> int:
    """How many papers there are to tell members from: those that pass the filters."""
    allowed = index.snapshot.allowed(filters) if filters else None
    return index.snapshot.count() if allowed is None else len(allowed)


def members(
    index: OpenIndex, topic: str, vector: NDArray[np.float32], filters: Filters | None = None
) -> list[Member]:
    """The papers about a topic, surest first; none when the index has none."""
    return [m for m in candidates(index, topic, vector, filters) if m.probability >= MEMBER]


# A term is met by any of its forms, and a form by all of its stems.
_Forms = frozenset[tuple[str, ...]]
_Rarity = list[dict[_Forms, float]]  # how much each term counts, for each alternative
# Words of asking for papers, which tell nothing about the topic.
_ASKING = frozenset(
    [
        "address", "anything", "based", "build", "combine", "concern", "consider", "contain",
        "cover", "deal", "describe", "develop", "discuss", "employ", "evaluate", "explore", "focus",
        "include", "introduce", "investigate", "involve", "look", "mainly", "mention", "present",
        "primarily", "relate", "report", "something", "sth", "stuff", "such", "test", "themselves",
        "topic", "try", "work",
    ]
)  # fmt: skip
_OR = re.compile(
    r",? (?:and/or|i\.e\.|e\.g\.|such as|for example|for instance|namely|including),? |"
    r",? \(|,(?= )(?=.*\bor\b)|(?<=,)(?P<last>[^,]*?) or ",
    re.IGNORECASE,
)
_EITHER = re.compile(r"([\w-]+) or (?:on |in |of |for |other |ways of )*([\w-]+)", re.IGNORECASE)


def _alternatives(topic: str, papers: Sequence[Paper]) -> list[list[_Forms]]:
    """The topic's terms, apart for each thing named with "or" or as an example: a word by its
    stem, an acronym also by what it stands for."""
    long_forms = glossary(f"{p.title}. {p.abstract}" for p in papers)
    asking = {stem(word) for word in _ASKING}
    found = []
    for part in _OR.split(topic):
        terms: dict[_Forms, None] = {}
        rest = f" {(part or '').strip('() ')} "
        for either in _EITHER.finditer(rest):
            # "A or B" between two words: one term with two forms.
            forms = [tuple(content_stems(word)) for word in either.groups()]
            if all(forms):
                terms[frozenset(forms)] = None
                rest = rest.replace(either.group(), " ")
        for short, long in long_forms.items():
            for form in (long, short.lower()):
                low = rest.lower()
                place = low.find(f" {form}")
                if place >= 0 and not low[place + 1 + len(form) :][:1].isalnum():
                    rest = rest[:place] + " " + rest[place + 1 + len(form) :]
                    # An abbreviation may be a stop word: leukemia's "ALL".
                    both = (tuple(content_stems(long)), tuple(content_stems(short)))
                    if known := frozenset(filter(None, both)):
                        terms[known] = None
        for compound in re.findall(r"\w+(?:-\w+)+", rest):
            # Written as one word by others.
            both = (tuple(content_stems(compound)), tuple(content_stems(compound.replace("-", ""))))
            if all(both):
                terms[frozenset(both)] = None
                rest = rest.replace(compound, " ")
        for one in content_stems(rest):
            if one not in asking:
                terms[frozenset(((one,),))] = None
        if terms and all(all(forms) for forms in terms):
            found.append(list(terms))
    return found


def _stems(text: str) -> set[str]:
    """The stems of a text; compounds also as one word, as some write them."""
    joined = " ".join(word.replace("-", "") for word in re.findall(r"\w+(?:-\w+)+", text))
    return set(content_stems(f"{text} {joined}"))


def _frequency(index: OpenIndex, form: tuple[str, ...]) -> int:
    return min((index.snapshot.terms().get(stem, 0) for stem in form), default=0)


def _cover(rarity: _Rarity, stems: set[str]) -> float:
    """Share of the terms that are met, of the alternative that is met best."""
    return max((_part_cover(part, stems) for part in rarity), default=0.0)


def _part_cover(part: dict[_Forms, float], stems: set[str]) -> float:
    met = fsum(w for forms, w in part.items() if any(stems.issuperset(f) for f in forms))
    return met / (fsum(part.values()) or 1.0)


def _showing(paper: Paper, sentences: list[Span], rarity: _Rarity, nearest: Span) -> Span:
    """The sentence that holds most of the topic's terms; among equals the nearest one."""

    def key(span: Span) -> tuple[float, bool, int]:
        stems = _stems(paper.abstract[span.start : span.end])
        return (-round(_cover(rarity, stems), 6), span != nearest, span.start)

    return min(sentences, key=key, default=nearest)
