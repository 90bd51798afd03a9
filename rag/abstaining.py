"""Whether the evidence holds an answer, as a probability from features that people can read.

A logistic model; weights and expected error rates stand in rag/data/weights.json.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from rag.asked import asked_for
from rag.claims import contradicts
from rag.claims.synonyms import key_of
from rag.evidence import Selection, bounded, fitted
from rag.followup import asks_nothing
from rag.linear import probability
from rag.matching import ASKING, content_words
from rag.records import Evidence, Hit
from rag.words import STOP_WORDS, content_stems

# Cosine of question and sentence from which on a refusal says what the sentence does state.
_CLOSE = 0.35

# "Match" is late interaction (rag.matching): how well words of the question are met, 0 to 1.
FEATURES = (
    "dense",            # cosine of question and the best paper
    "lead",             # match of the best paper over the next one's, times 10
    "weakest_paper",    # match in the best paper of the quarter of the words met worst
    "weakest_evidence", # the same in its title and best sentences
    "gap",              # match in the abstract less match in the title, times 10
    "gain",             # what the best sentence adds to the title's match, times 10
    "asked",            # match of what is asked for, in the best sentences
    "asked_weakest",    # the same of its word met worst, in the abstract
    "asked_gap",        # match of what is asked for in the abstract less in the title, times 10
    "figure",           # -1 when a number is asked for and the best sentence has none
    "premise",          # -1 when the evidence says the opposite of what is taken for granted
    "reader",           # the reader's log odds that the best paper, or one compared, answers
    "reader_best",      # its log odds of the best sentence against none of its paper's
    "certainty",        # how far the best sentence stands out, 0 to 1
    "named",            # 1 when the question says what it asks for
    "manner",           # 1 when it asks how or why
    "words",            # content words / 10: of more words, the worst are met worse
)  # fmt: skip
_FIGURE = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|third|quarter|"
    r"double|twice|dozen|hundred|thousand|million|billion|single|both|pair)\b",
    re.IGNORECASE,
)
# Cosine of question and best paper, and its match, together: below it the topic is another one.
# No answerable dev question is as low, and two in three on absent topics are.
_FAR = 0.56
# Words of asking, which no abstract has to mention.
_ASKING = ASKING | frozenset(
    [
        "explain", "explains", "explained", "summarize", "summarise", "summary", "describe",
        "elaborate", "mention", "mentions", "mentioned", "said", "state", "states", "stated",
        "works", "worked", "long", "percent", "percentage", "list", "define", "know", "please",
        "difference", "reason", "reasons",
    ]
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")
_SPELT = (
    (re.compile(r"(?<=\w)our"), "or"),
    (re.compile(r"(?<=[a-z])tre(?=s?\b)"), "ter"),
    (re.compile(r"(?<=[a-z])(i|y(?!ses))s(?=e|ing|ation)"), r"\1z"),
)
_POSSESSIVE = re.compile(r"'s\b", re.IGNORECASE)
_AUXILIARY = re.compile(
    r"\s+(?:do|does|did|is|are|was|were|has|have|had|can|could|should|will|would|may|might|must)\b",
    re.IGNORECASE,
)
_BEST = 3  # sentences of the best paper that count as evidence


def answer_features(
    question: str, hits: Sequence[Hit], selection: Selection, together: Sequence[str] = ()
) -> tuple[float, ...]:
    """The values of `FEATURES`; hits and evidence best first, both non-empty.

    Args:
        together: ids of papers that can only answer together, such as those compared.
    """
    import numpy as np

    evidence, words = selection.evidence, selection.words
    best = evidence[0]
    found = selection.matches[best.paper.id]
    n = len(words.spans)
    dense = next((h.dense for h in hits if h.paper.id == best.paper.id), hits[0].dense)
    asked = asked_for(question, words.spans)
    figure = -float(asked.want == "number" and not _FIGURE.search(best.text))
    manner = float(asked.want == "manner")
    own = [e for e in evidence if e.paper.id == best.paper.id][:_BEST]
    premise = -float(contradicts(question, [e.text for e in own]))
    top = [math.exp(e.score - best.score) for e in evidence]
    certainty = 1 / math.fsum(top)
    group = {best.paper.id, *together}
    read = _log_odds(selection, best, group)
    if n == 0:
        return (dense, *(0.0,) * 8, figure, premise, *read, certainty, 0.0, manner, 0.0)
    others = [float(m.paper.mean()) for id_, m in selection.matches.items() if id_ not in group]
    places = {id_: own_places for id_ in group if (own_places := _places(selection, id_))}
    first = found.sentences[places[best.paper.id][0]]
    title = np.max([selection.matches[id_].title for id_ in places], axis=0)
    abstract = np.max([selection.matches[id_].abstract for id_ in places], axis=0)
    said = np.max(
        [selection.matches[id_].sentences[p].max(axis=0) for id_, p in places.items()], axis=0
    )
    paper = np.maximum(title, abstract)
    mean = float(paper.mean())
    quarter = max(1, n // 4)
    chosen = list(asked.words) or list(np.argsort(said, kind="stable")[:quarter])
    return (
        dense,
        (mean - max(others, default=mean)) * 10,
        float(np.sort(paper)[:quarter].mean()),
        float(np.sort(np.maximum(title, said))[:quarter].mean()),
        float((abstract - title).mean()) * 10,
        float(np.maximum(first - found.title, 0).mean()) * 10,
        float(said[chosen].mean()),
        float(abstract[chosen].min()),
        float((abstract - title)[chosen].mean()) * 10,
        figure,
        premise,
        *read,
        certainty,
        float(bool(asked.words)),
        manner,
        n / 10,
    )


def _log_odds(selection: Selection, best: Evidence, papers: Iterable[str]) -> tuple[float, float]:
    """The reader's log odds that one of the papers answers, and of the best sentence; 0 without
    a reader."""
    if not selection.read:
        return 0.0, 0.0
    paper = max(found.paper for id_ in papers if (found := selection.read.get(id_)))
    place = selection.places[best.paper.id][best.span.start]
    return bounded(paper), bounded(float(selection.read[best.paper.id].sentences[place]))


def _places(selection: Selection, paper: str) -> list[int]:
    """Which sentences of a paper are its best, best first."""
    own = [e for e in selection.evidence if e.paper.id == paper][:_BEST]
    return [selection.places[paper][e.span.start] for e in own]


def answerable(
    question: str, hits: Sequence[Hit], selection: Selection, together: Sequence[str] = ()
) -> float:
    """Estimated probability, 0 to 1, that the evidence answers the question.

    Args:
        together: ids of papers that can only answer together, such as those compared.
    """
    if not hits or not selection.evidence or not content_stems(question):
        return 0.0
    values = answer_features(question, hits, selection, together)
    whole = selection.matches[selection.evidence[0].paper.id].paper
    if whole.size and values[0] + float(whole.mean()) < _FAR:
        return 0.0
    return probability(fitted("answerable", bool(selection.read)), FEATURES, values)


def refusal(
    question: str,
    hits: Sequence[Hit],
    evidence: Sequence[Evidence],
    together: Collection[str] = (),
) -> str:
    """Why there is no answer, for people: what the nearest abstract doesn't mention, and what it
    does say instead, word for word.

    Args:
        together: ids of papers that were looked at together, such as those compared.
    """
    if not hits:
        return "The abstracts hold no answer: no paper passes the filters."
    if asks_nothing(question):
        return "Nothing is asked that could be looked for: name a topic, a method or a paper."
    paper = evidence[0].paper if evidence else hits[0].paper
    for item in [e for e in evidence if e.paper.id == paper.id][:_BEST]:
        if contradicts(question, [item.text]):
            # Whether it contradicts the question is for the reader to say.
            return (
                "No sentence was found that answers this as it is asked. The nearest abstract, "
                f"“{paper.title}”, says: “{item.text}”"
            )
    said = evidence[0].text if evidence and evidence[0].similarity >= _CLOSE else ""
    near = [h.paper for h in hits if h.paper.id in together]
    near = near if len(near) > 1 and paper in near else [paper]
    missing = unknown_words(question, " ".join(f"{p.title} {p.abstract}" for p in near))
    wanted = _wanted(question, said)
    titles = " and ".join(f"“{p.title}”" for p in near)
    several = len(near) > 1
    does, was, they = ("do", "were", "they") if several else ("does", "was", "it")
    reason = f"No answer was found: the nearest abstract{'s' if several else ''}, {titles}, "
    if missing:
        reason += f"{does} not mention " + ", ".join(f"“{w}”" for w in missing[:4])
        # Who doesn't mention GPUs doesn't state their number either.
        new = wanted and len(missing) < 3 and not any(f"“{w}”" in wanted for w in missing)
        reason += f", nor {was} {they} found to state {wanted}." if new else "."
    elif wanted:
        reason += f"{was} not found to state {wanted}."
    else:
        touch, of = ("touch", "theirs") if several else ("touches", "it")
        reason += f"{touch} on it, but no sentence of {of} was found to answer."
    does_say = f"What “{paper.title}” does say" if several else "What it does say"
    return f"{reason} {does_say}: “{said}”" if said else reason


def unknown_words(question: str, text: str) -> list[str]:
    """The question's words that a text doesn't have in any spelling or form, as far as is known;
    numbers, and acronyms that it writes out, aside."""
    folded = _folded(text)
    stems = set(content_stems(folded))
    words = {word.lower() for word in _WORD.findall(folded)}
    keys = {key_of(word) for word in words | {word.removesuffix("s") for word in words}}
    letters = re.sub(r"[\W_]", "", folded.lower())
    initials = "".join(word[0].lower() for word in re.findall(r"[^\W\d_]+", folded))
    found = []
    for word in dict.fromkeys(_WORD.findall(_POSSESSIVE.sub("", question.replace("’", "'")))):
        plain = _folded(word)
        low, acronym = plain.lower(), plain.removesuffix("s")
        own = set(content_stems(plain))
        if (
            own
            and not own & stems
            and word.lower() not in STOP_WORDS | _ASKING
            and not _FIGURE.fullmatch(word)
            and not {key_of(low), key_of(low.removesuffix("s"))} & keys
            and re.sub(r"\W", "", low) not in letters  # "pretraining", "pre-training"
            and not (acronym.isupper() and len(acronym) > 1 and acronym.lower() in initials)
        ):
            found.append(word)
    return found


def _folded(text: str) -> str:
    """Without accents, subscripts and what British and American spelling differ in."""
    apart = unicodedata.normalize("NFKD", text.replace("’", "'"))
    plain = "".join(c for c in apart if not unicodedata.combining(c))
    for british, american in _SPELT:
        plain = british.sub(american, plain)
    return plain


def _wanted(question: str, said: str) -> str:
    """What the question wants to be told, in its own words; "" when it doesn't say, or when it is
    a number and what is said holds one, which it may be."""
    words = content_words(question)
    asked = asked_for(question, words)
    if asked.want == "terse" or not asked.words:
        return ""
    if asked.want == "number" and _FIGURE.search(said):
        return ""
    start, end = words[asked.words[0]].start, words[asked.words[-1]].end
    phrase = question[start:end]
    if asked.want == "thing" and not _AUXILIARY.match(question, end):
        return ""  # "which models outperform …": where the thing ends isn't told
    if asked.want == "thing":
        return f"the “{phrase}”"
    if re.search(r"\bhow many\b", question, re.IGNORECASE):
        return f"the number of “{phrase}”"
    return f"how much “{phrase}”" if "how much" in question.lower() else f"how {phrase}"
