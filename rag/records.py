"""The values that travel between stages: frozen, slotted, made of plain Python types only.

All offsets are character (code point) offsets into `Paper.abstract`, half open, so that
`abstract[start:end]` is the text meant. Scores are dimensionless floats, higher is better.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["answered", "abstained"]
ClaimKind = Literal["quote", "paraphrase"]


# ── papers and their parts ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as read from a file. `title` and `abstract` are never empty in an index.

    Attributes:
        id: stable name of the paper in an index ("" until the index gives it one).
        title: as written, white space folded, without markup.
        abstract: as written, white space folded, without markup.
        authors: "Given Family" or "Family, Given", as the file has them.
        year: of publication, 1000-2999; None when unknown.
        url: a web address for people to follow; "" when unknown.
        doi: bare and lower case ("10.1000/xyz"); "" when unknown.
        arxiv_id: without version ("2301.00001", "cs/0112017"); "" when unknown.
        source: the name of the file (or venue of the bundled corpus) that the record came from.
        updated: ISO 8601 date of this version of the record; "" when unknown.
        venue: journal or conference; "" when unknown.
    """

    id: str
    title: str
    abstract: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    url: str = ""
    doi: str = ""
    arxiv_id: str = ""
    source: str = ""
    updated: str = ""
    venue: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that was not taken, and why. Nothing is dropped without one.

    Attributes:
        source: the file's name as the user gave it, "-" for standard input.
        where: "line 12" or "record 3"; "" for the file as a whole.
        reason: one line for people.
    """

    source: str
    where: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.source}, {self.where}" if self.where else self.source
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets, 0 <= start < end."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences of one abstract: `abstract[start:end] == text`.

    Attributes:
        ordinal: 0-based place within the paper.
        tokens: length of `text` in tokens of the language model's vocabulary.
        sentences: the sentences inside, in order, as offsets into the abstract.
    """

    paper_id: str
    ordinal: int
    text: str
    start: int
    end: int
    tokens: int
    sentences: tuple[Span, ...]


# ── asking ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Filters:
    """Which papers may be used. Empty values let everything pass; text matches ignore case.

    Attributes:
        year_from: first year allowed, inclusive.
        year_to: last year allowed, inclusive.
        sources: at least one must be the paper's source or venue, or, if it is no paper's, occur in
            them.
        authors: at least one must occur in one of the authors' names.
        paper_ids: only these papers.
    """

    year_from: int | None = None
    year_to: int | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    paper_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked.

    Attributes:
        text: as typed, 1 to 2,000 characters once white space is folded.
        history: earlier questions of the same conversation, oldest first.
        filters: which papers may be used.
        cited: for each of `history`, ids of the papers that its answer cites, in the order of
            their numbers; empty for a refusal. Where it isn't known the whole may be empty: then
            what a question was about is looked for anew.
    """

    text: str
    history: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    cited: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved paper and how it scored.

    Attributes:
        dense: cosine similarity of question and best chunk, -1 to 1.
        lexical: BM25, >= 0; 0 when no term matched.
        sentence: cosine similarity of question and best sentence, -1 to 1.
        fused: what the ranking is by (see rag.fusion and rag.reranking); only differences count.
        best_sentence: the sentence behind `sentence`.
    """

    paper: Paper
    dense: float
    lexical: float
    sentence: float
    fused: float
    best_sentence: Span


@dataclass(frozen=True, slots=True)
class Evidence:
    """A candidate sentence that may answer.

    Attributes:
        label: name shown to the model, "S1", "S2", …; unique within an answer.
        rank: 0-based rank of the paper among the hits.
        likelihood: mean log P(question token | title, sentence) in nats, <= 0; the
            negative infinity when no model scored it.
        similarity: cosine of question and sentence, -1 to 1.
        score: what the ranking is by (see rag.evidence).
        words: those of it that answer, as offsets into the abstract; None when that is unsure.
    """

    label: str
    paper: Paper
    span: Span
    rank: int
    likelihood: float
    similarity: float
    score: float
    words: Span | None = None

    @property
    def text(self) -> str:
        """The sentence itself, verbatim."""
        return self.paper.abstract[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a language model wrote, unchecked. Never shown.

    Attributes:
        sentences: pairs of a sentence's text and the evidence labels it cites.
    """

    sentences: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a claim stands: `quote == abstract[start:end]` of the source numbered `source`.

    Attributes:
        words: those of the quote that answer, as offsets into it; None when that is unsure, or the
            whole of it does.
    """

    source: int
    start: int
    end: int
    quote: str
    words: Span | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer.

    Attributes:
        text: what is shown, without markers. For a quote, the citations' quotes verbatim.
        kind: "quote", or "paraphrase" (which passed the claim check).
        citations: at least one.
    """

    text: str
    kind: ClaimKind
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A cited paper, numbered from 1 in order of first citation."""

    n: int
    paper: Paper


@dataclass(frozen=True, slots=True)
class Nearest:
    """A paper close to the question, for people to look at."""

    paper_id: str
    title: str
    score: float


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall-clock milliseconds of each stage."""

    retrieve: float = 0.0
    evidence: float = 0.0
    generate: float = 0.0
    verify: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The language model that took part: its digest is of the file as distributed."""

    name: str
    sha256: str
    quantization: str

    @property
    def absent(self) -> bool:
        """Whether none took part."""
        return self.name in ("", "none")

    @property
    def shown(self) -> str:
        """Its name for people."""
        return "no language model" if self.absent else self.name


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole outcome of a question.

    Attributes:
        question: as asked.
        understood: the question as searched, when history changed it; else as asked.
        status: "answered" or "abstained".
        reason: why it abstained, for people; "" when answered.
        text: the answer with [n] markers; when abstained, the reason.
        fingerprint: digest of everything that shaped the answer (index generation, models,
            settings), so that equal fingerprints promise equal answers.
    """

    question: str
    understood: str
    status: Status
    reason: str
    text: str
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    nearest: tuple[Nearest, ...]
    timings: Timings
    model: ModelInfo
    fingerprint: str

    @property
    def cited(self) -> tuple[str, ...]:
        """Ids of the papers that it cites, in the order of their numbers."""
        return tuple(source.paper.id for source in self.sources)


# ── what an answer in the making shows, in this order ───────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The papers found; comes within milliseconds."""

    understood: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """The sentences that the answer will be made of, best first.

    Attributes:
        supported: estimated probability that they hold the answer, 0 to 1.
    """

    evidence: tuple[Evidence, ...]
    supported: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """One more checked claim, with the sources numbered so far."""

    claim: Claim
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The whole answer; nothing comes after it."""

    answer: Answer


Event = Retrieved | Selected | Claimed | Done
