"""Claims made by rule from abstracts, half of them still true and half made wrong in one known
way, so that the claim check's misses and false alarms can be counted by kind.

Deterministic for a given seed. The synonyms here are a list of their own, not the checker's.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rag.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class Case:
    """A claim, its evidence (title first) and what is known about it.

    Attributes:
        kind: how it was made; for corruptions what is wrong ("number", "entity", …).
        supported: the truth by construction.
        paper: 0-based index of the paper; even ones are for development, odd for reporting.
    """

    claim: str
    evidence: tuple[str, ...]
    kind: str
    supported: bool
    paper: int


Abstract = tuple[str, tuple[str, ...]]

_SWAPS = {
    "significantly": "substantially",
    "shows": "demonstrates",
    "show": "demonstrate",
    "achieves": "attains",
    "uses": "employs",
    "novel": "new",
    "introduce": "present",
    "propose": "introduce",
    "enhances": "improves",
    "enables": "allows",
    "numerous": "many",
    "obtain": "achieve",
    "challenging": "difficult",
    "crucial": "essential",
    "reduces": "lowers",
    "demonstrate": "show",
    "various": "different",
    "outperforms": "surpasses",
    "method": "approach",
    "approach": "method",
    "existing": "current",
    "capabilities": "abilities",
    "leverages": "uses",
    "requires": "needs",
    "enabling": "allowing",
}
_OPPOSITES = [
    ("increases", "decreases"), ("increase", "decrease"), ("higher", "lower"), ("more", "fewer"),
    ("better", "worse"), ("outperforms", "underperforms"), ("outperform", "underperform"),
    ("improves", "degrades"), ("improve", "degrade"), ("improving", "degrading"),
    ("faster", "slower"), ("larger", "smaller"), ("reduces", "increases"), ("reduce", "increase"),
    ("reducing", "increasing"), ("before", "after"), ("enhances", "worsens"), ("strong", "weak"),
    ("best", "worst"), ("less", "more"), ("surpassing", "falling below"), ("long", "short"),
    ("superior", "inferior"), ("enhance", "worsen"), ("high", "low"), ("efficient", "inefficient"),
]  # fmt: skip
_HEDGES = [
    (r"\bmay be\b", "is"), (r"\bmay\b ", ""), (r"\bmight\b ", ""), (r"\bcould\b ", "will "),
    (r"\boften\b ", ""), (r"\btypically\b ", ""), (r"\busually\b ", ""), (r"\bsometimes\b ", ""),
    (r"\bpotentially\b ", ""), (r"\bup to\b ", ""), (r"\bat least\b ", ""),
    (r"\bmost\b(?= [a-z]+s\b)", "all"),
    (r"\bsuggests? that\b", "proves that"), (r"\bgenerally\b ", ""),
    (r"\bmany\b(?= [a-z]+s\b)", "all"),
    (r"\bsome\b(?= [a-z]+s\b)", "all"), (r"\blargely\b ", ""), (r"\bpartially\b ", ""),
    (r"\btend to\b ", "always "),
]  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.,/-])\d[\d,]*(?:\.\d+)?(?![\w.,/]*[A-Za-z/])")
_UNIT = re.compile(
    r"(?<![\w.-])(\d[\d,.]*)(%|x\b| (?:hours?|days?|seconds|ms|GPUs?|points|parameters|tokens|"
    r"languages|tasks|datasets|images|samples|videos|questions|models|domains|frames|dialogs|"
    r"examples|pairs|annotators|benchmarks|instances|papers|problems|hours|steps|layers))"
)
_NAME = re.compile(r"(?<![\w-])(?:[A-Z][a-z]*[A-Z0-9][\w-]*|[A-Z]{2,}[\w-]*|[A-Z][a-z]+-\d[\w.]*)")
_DROP = re.compile(r",? (?:(?:thereby|thus|while) \w+ing|such as|including) [^;]*?(?=\.\Z)")
_LEAD = re.compile(
    r"^(?:To (?:address|tackle|overcome|solve|bridge|fill|this end)[^,]*|"
    r"In this (?:work|paper|study)|"
    r"However|Moreover|Furthermore|Additionally|Finally|Specifically|In addition|Here|Extensive "
    r"experiments[^,]{0,60}|In particular|Notably|Therefore|Thus|Consequently), "
)
_FIRST_PERSON = (
    (
        re.compile(
            r"\b[Ww]e (propose|introduce|present|show|find|demonstrate|develop|evaluate|study)\b"
        ),
        r"the authors \1",
    ),
    (re.compile(r"\bour\b"), "the"),
    (re.compile(r"\bOur\b"), "The"),
    (re.compile(r"\bWe\b"), "The authors"),
    (re.compile(r"\bwe\b"), "they"),
)  # fmt: skip


def read_trending(path: Path) -> list[Abstract]:
    """Title and sentences of the alternating lines of a listing of papers."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    out: list[Abstract] = []
    for title, body in pairwise(lines):
        if 10 < len(title) < 200 and len(body) > 300 and not title.endswith("."):
            spans = split_sentences(body)
            sentences = tuple(body[s.start : s.end] for s in spans if 40 < s.end - s.start < 400)
            if len(sentences) >= 3:
                out.append((title.removeprefix("Subscribe"), sentences))
    return out


def read_handwritten(path: Path) -> tuple[list[Abstract], list[Case]]:
    """The invented abstracts of eval/claims/handwritten.txt and the claims written about them."""
    abstracts: list[tuple[str, dict[int, str]]] = []
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            abstracts.append((line[2:], {}))
        elif line[:1].isdigit():
            number, text = line.split(" ", 1)
            abstracts[-1][1][int(number)] = text
        elif line.startswith(("+ ", "- ")):
            head, claim = line.split(" | ", 1)
            parts = head.split()
            title, sentences = abstracts[-1]
            cited = [sentences[int(n)] for n in parts[-1].split(",")]
            kind = parts[1] if parts[0] == "-" else "paraphrase"
            cases.append(Case(claim, (title, *cited), kind, parts[0] == "+", len(abstracts) - 1))
    return [(title, tuple(s.values())) for title, s in abstracts], cases


def read_starter(path: Path) -> list[Abstract]:
    """Title and sentences of each paper of a corpus of JSON lines."""
    out: list[Abstract] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        paper = json.loads(line)
        body = paper["abstract"]
        spans = split_sentences(body)
        sentences = tuple(body[s.start : s.end] for s in spans if s.end - s.start > 40)
        if len(sentences) >= 3:
            out.append((paper["title"], sentences))
    return out


def read_claims(path: Path) -> list[Case]:
    """The claims of eval/claims/handwritten.jsonl; the half held back has odd papers."""
    out: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        evidence = (row["paper"], *row["evidence"])
        held = row["split"] == "held"
        out.append(Case(row["claim"], evidence, row["kind"], row["label"] == "supported", held))
    return out


# ── still true ──────────────────────────────────────────────────────────────────────────────────


def third_person(text: str) -> str:
    for pattern, put in _FIRST_PERSON:
        text = pattern.sub(put, text)
    return text[0].upper() + text[1:]


def trimmed(text: str) -> str:
    text = _LEAD.sub("", text)
    text = _DROP.sub("", text)
    text = re.sub(r" \([^()]*\)(?=[ .,;])", "", text)
    return text[0].upper() + text[1:]


def swapped(text: str) -> str:
    done = 0
    words = text.split(" ")
    for i, word in enumerate(words):
        if word in _SWAPS and done < 3:
            words[i], done = _SWAPS[word], done + 1
    return " ".join(words)


def fronted(text: str) -> str:
    """ "A, while B." becomes "While B, A."; a trailing "by …ing" phrase goes to the front."""
    m = re.fullmatch(r"([A-Z][^,;:]{20,}) (by \w+ing [^,;:]{10,})\.", text)
    if m:
        first = m[1][0].lower() if m[1][:3] in ("We ", "Our", "The") else m[1][0]
        return f"{m[2][0].upper()}{m[2][1:]}, {first}{m[1][1:]}."
    return text


def supported_of(index: int, title: str, sentences: Sequence[str]) -> Iterator[Case]:
    """Claims that restate one sentence, or two, of a paper."""
    for sentence in sentences:
        seen = {sentence}
        for kind, make in (
            ("third person", third_person),
            ("trimmed", lambda s: third_person(trimmed(s))),
            ("synonyms", lambda s: third_person(swapped(s))),
            ("trimmed, synonyms", lambda s: third_person(swapped(trimmed(s)))),
            ("fronted", fronted),
        ):
            claim = make(sentence)
            if claim not in seen and len(claim) > 30:
                seen.add(claim)
                yield Case(claim, (title, sentence), kind, True, index)
                if kind in ("synonyms", "trimmed"):
                    whole = f"{kind}, whole abstract cited"
                    yield Case(claim, (title, *sentences), whole, True, index)
    for a, b in pairwise(sentences):
        if len(a) + len(b) < 320 and a.endswith("."):
            joined = f"{third_person(trimmed(a))[:-1]}, and {_lower(third_person(trimmed(b)))}"
            yield Case(joined, (title, a, b), "joined", True, index)


def _lower(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text[0].lower() + text[1:] if first.lower() in _OPENERS else text


_OPENERS = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "these",
        "it",
        "they",
        "in",
        "our",
        "we",
        "to",
        "by",
        "with",
        "on",
        "for",
        "each",
        "all",
        "such",
        "while",
        "both",
    ]
)


# ── made wrong ──────────────────────────────────────────────────────────────────────────────────


def wrong_number(claim: str, rng: random.Random, other: str) -> str | None:
    found = list(_NUMBER.finditer(claim))
    if not found:
        return None
    m = rng.choice(found)
    digits = m.group()
    for _ in range(20):
        k = rng.randrange(len(digits))
        if digits[k].isdigit():
            new = digits[:k] + str(rng.randrange(1, 10)) + digits[k + 1 :]
            if new != digits:
                return claim[: m.start()] + new + claim[m.end() :]
    return None


def wrong_unit(claim: str, rng: random.Random, other: str) -> str | None:
    found = list(_UNIT.finditer(claim))
    if not found:
        return None
    m = rng.choice(found)
    unit = m.group(2)
    if unit == "%":
        new = "x"
    elif unit == "x":
        new = "%"
    else:
        pool = ("hours", "days", "GPUs", "parameters", "languages", "datasets", "images", "videos")
        new = " " + rng.choice([u for u in pool if u.rstrip("s") != unit.strip().rstrip("s")])
    return claim[: m.start(2)] + new + claim[m.end(2) :]


def wrong_entity(claim: str, rng: random.Random, other: str) -> str | None:
    """A name is replaced by one of another paper."""
    found = list(_NAME.finditer(claim))
    pool: list[str] = [n for n in _NAME.findall(other) if n.lower() not in claim.lower()]
    if not found or not pool:
        return None
    m = rng.choice(found)
    new = rng.choice(pool)
    if new.lower().rstrip("s") == m.group().lower().rstrip("s"):
        return None
    return claim[: m.start()] + new + claim[m.end() :]


def wrong_negation(claim: str, rng: random.Random, other: str) -> str | None:
    removed = re.sub(r"\b(?:not|no|without|never)\b ", "", claim, count=1)
    if removed != claim:
        return removed.replace("cannot", "can")
    for pattern, put in (
        (r"\b(is|are|was|were|can|could|may|will|has|have)\b (?!not)", r"\1 not "),
        (
            r"\b(achiev|improv|reduc|requir|enabl|us|provid|outperform|leverag|include)es\b",
            r"does not \1e",
        ),
        (r"\bauthors (propose|introduce|present|show|find|develop)\b", r"authors do not \1"),
    ):  # fmt: skip
        changed = re.sub(pattern, put, claim, count=1)
        if changed != claim:
            return changed
    return None


def wrong_direction(claim: str, rng: random.Random, other: str) -> str | None:
    pairs = [*_OPPOSITES, *((b, a) for a, b in _OPPOSITES if " " not in b)]
    found = [(a, b) for a, b in pairs if re.search(rf"\b{a}\b", claim)]
    if not found:
        return None
    a, b = rng.choice(found)
    changed: str = re.sub(rf"\b{a}\b", b, claim, count=1)
    return changed


def lost_hedge(claim: str, rng: random.Random, other: str) -> str | None:
    found = [(p, put) for p, put in _HEDGES if re.search(p, claim)]
    if not found:
        return None
    pattern, put = rng.choice(found)
    changed: str = re.sub(pattern, put, claim, count=1)
    return changed


def inner_entity(claim: str, rng: random.Random, other: str) -> str | None:
    """A name is replaced by another name of the SAME abstract (`other` is the abstract)."""
    return wrong_entity(claim, rng, other)


def inner_number(claim: str, rng: random.Random, other: str) -> str | None:
    """A number is replaced by another number of the same abstract."""
    found = list(_NUMBER.finditer(claim))
    pool: list[str] = sorted(set(_NUMBER.findall(other)) - {m.group() for m in found})
    if not found or not pool:
        return None
    m = rng.choice(found)
    return claim[: m.start()] + rng.choice(pool) + claim[m.end() :]


def merged(claim: str, rng: random.Random, other: str) -> str | None:
    """The first half of this claim with the second half of another paper's."""
    cut = re.search(
        r"(?:, (?:and|which|while|that) | (?:that|by|which|to|using|with) )", claim[20:]
    )
    tail = re.search(r" (?:that|by|which|to|using|with) ", other[20:])
    if cut is None or tail is None:
        return None
    return claim[: 20 + cut.start()] + other[20 + tail.start() :]


CORRUPTIONS: dict[str, Callable[[str, random.Random, str], str | None]] = {
    "number": wrong_number,
    "unit": wrong_unit,
    "entity": wrong_entity,
    "negation": wrong_negation,
    "direction": wrong_direction,
    "hedge": lost_hedge,
    "merged": merged,
}
# The harder ones: the wrong word is in the evidence too, elsewhere.
INNER: dict[str, Callable[[str, random.Random, str], str | None]] = {
    "entity of the same evidence": inner_entity,
    "number of the same evidence": inner_number,
    "merged, both cited": merged,
}


def cases_of(abstracts: Sequence[Abstract], seed: int = 7, per_paper: int = 6) -> list[Case]:
    """Supported claims and corruptions of them.

    Args:
        per_paper: at most that many of each kind of corruption for one paper.
    """
    rng = random.Random(seed)
    out: list[Case] = []
    for index, (title, sentences) in enumerate(abstracts):
        good = list(supported_of(index, title, sentences))
        out += good
        sources = [*good, *(Case(s, (title, s), "verbatim", True, index) for s in sentences)]
        rng.shuffle(sources)
        for kind, corrupt in {**CORRUPTIONS, **INNER}.items():
            made: set[str] = set()
            for case in sources:
                stranger = rng.randrange(len(abstracts) - 1)
                stranger += stranger >= index
                other = rng.choice(abstracts[stranger][1])
                evidence = case.evidence
                if kind == "merged, both cited":
                    evidence = (*evidence, other)
                elif kind in INNER:
                    other = " ".join(sentences)
                    evidence = (title, *sentences)
                claim = corrupt(case.claim, rng, other)
                if claim is None or claim == case.claim or claim in evidence or claim in made:
                    continue
                made.add(claim)
                out.append(Case(claim, evidence, kind, False, index))
                if len(made) == per_paper:
                    break
    return out
