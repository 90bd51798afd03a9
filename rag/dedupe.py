"""One paper, one record: copies of a paper become one, different papers never do.

Two records are the same paper when they share an arXiv id, a DOI and most of their titles or
abstracts, or else a title that nothing contradicts. Chapters under the DOI of a book stay apart.
Which records end up together, and what is kept of them, depends on the records only; their order
decides which comes first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce

from rag.records import Paper

_ARXIV_DOI = "10.48550/arxiv."
# Preprint servers other than arXiv; 10.1101 is also that of Cold Spring Harbor's journals.
_PREPRINT = re.compile(
    r"10\.(?:1101/(?:\d{4}\.\d\d\.\d\d\.)?\d{5,8}(?:v\d+)?\Z|(?:21203|2139|26434|31234|31219|20944|36227)/)"
)
# "…/rs-123/v2", "….v1", "…_v1", "…123456v2"; the letters of "osf.io/abcv2" are its name.
_VERSION = re.compile(r"(?:[/._-]|(?<=\d{5}))v\d+\Z")
_CUT_OFF = ("\u2026", "...")
_ACCENT = re.compile(r"\\(?:[`'^~=.\"]\s*|[uvHcdbkr](?:\s+|(?=\{)))\{?\s*(?:\\(?=[ij]))?([A-Za-z])")
_FONT = re.compile(
    r"\\(?:emph|text(?:it|bf|sc|tt|rm|sf|sl|normal|up)?|math(?:rm|bf|it|cal|bb|sf|tt|frak)"
    r"|ensuremath|mbox|boldsymbol|operatorname|underline|url)(?![A-Za-z])"
)
_VARIANT = re.compile(r"\\var(?=(?:epsilon|theta|kappa|phi|rho|pi|sigma)(?![a-z]))")
_TAG = re.compile(r"</?[A-Za-z][\w:-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*/?>")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})
_SHORT = 4  # letters: shorter words ("of", "the") say nothing of what a title is about
_LONG = frozenset({"with", "from", "into", "onto", "over", "using", "their", "that", "this"})
_NAME = re.compile(r"[A-Z]\w*[A-Z]|\w*\d")  # "RNA", "GaN", "p53": short words that do say it
_NUMERAL = re.compile(r"\d+|[ivx]+")
_FEW = 8  # words: an abstract of fewer is the same as another only word for word
RIVALS = 50  # how many different papers of one title, or of one DOI, a record is compared with


def normalised_title(title: str) -> str:
    """A title by its letters and digits: case, accents, punctuation and markup do not count.

    Greek letters count as their names, so that "$\\alpha$-GAN" and its Unicode
    spelling are one title.
    """
    text = _VARIANT.sub(r"\\", title)
    text = _FONT.sub("", _ACCENT.sub(r"\1", _TAG.sub("", text)))
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(_letter(char) for char in unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", text)


def _letter(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else ""
    if "\u0370" <= char <= "\u03ff":
        words = unicodedata.name(char, "").split(" LETTER ")
        return words[1].removeprefix("FINAL ").split(" ")[0].lower() if len(words) == 2 else ""
    if "\u0300" <= char <= "\u036f":  # accents; other marks (Devanagari vowels) spell the word
        return ""
    return char if char.isalnum() or unicodedata.category(char)[0] == "M" else ""


def identity_keys(paper: Paper) -> tuple[str, ...]:
    """What names the paper, strongest first: "doi:…", "arxiv:…", "title:…", those it has.

    All versions of a preprint have one name.
    """
    title = normalised_title(paper.title) or " ".join(paper.title.split())
    doi = _own_doi(paper) or _preprint(paper)
    named = (("doi", doi), ("arxiv", _arxiv(paper)), ("title", title))
    return tuple(f"{kind}:{name}" for kind, name in named if name)


def same_paper(a: Paper, b: Paper) -> bool:
    """Whether two records are of one paper.

    With the same title, they are not when both have a DOI of a publisher and these differ, when
    both have arXiv ids and these differ, or when both have authors without a common family name.
    With the same DOI, they are when the titles are alike, or the abstracts: the chapters of a book
    often have one DOI, one author, and a word of their titles in common.
    """
    return Group.of(a).is_of(Group.of(b))


def merge(old: Paper, new: Paper, mended: bool = False) -> Paper:
    """One record of two of the same paper.

    The newer one (by `updated`, else by year, else the one whose abstract is whole and longer)
    gives title and abstract; whatever it lacks comes from the other; the longer list of authors and
    a publisher's DOI win. `old.id` stays, so that what an index calls the paper does not change.

    Args:
        mended: `new` is how the record that `old` was made of reads now. Then it is the newer one
            unless `updated` says otherwise: its year may be what was put right.
    """
    first = _dated(old, new, years=not mended)
    if first is None:
        # Of equal texts the old one stays: what it took from others must not turn the scale.
        first = not mended and _content(old)[:-1] >= _content(new)[:-1]
    later, earlier = (old, new) if first else (new, old)
    longest = later.authors if len(later.authors) >= len(earlier.authors) else earlier.authors
    return Paper(
        id=old.id or new.id,
        title=later.title or earlier.title,
        abstract=later.abstract or earlier.abstract,
        authors=longest,
        year=later.year if later.year is not None else earlier.year,
        url=later.url or earlier.url,
        doi=_own_doi(later) or _own_doi(earlier) or later.doi or earlier.doi,
        arxiv_id=_arxiv(later) or _arxiv(earlier),
        source=later.source or earlier.source,
        updated=max(later.updated, earlier.updated),
        venue=later.venue or earlier.venue,
    )


def merge_all(papers: Iterable[Paper]) -> tuple[list[Paper], list[tuple[Paper, Paper]]]:
    """Merge the copies within one batch, in time proportional to its size.

    Returns:
        The merged papers, each in the place of its first record; and for the report a pair
        (merged paper, record that went into it) for every record after the first.
    """
    batch = list(papers)
    groups = [Group.of(paper, place) for place, paper in enumerate(batch)]
    # A group that was joined by title may share more than its parts did.
    while (fewer := _by_title(_by_id(groups))) is not groups:
        groups = fewer
    kept: list[Paper] = []
    dropped: list[tuple[Paper, Paper]] = []
    for group in sorted(groups, key=lambda group: min(group.places)):
        places = sorted(group.places)
        # By content, since dates need not order three records as they order two.
        merged = reduce(merge, sorted((batch[place] for place in places), key=_content))
        if name := next((batch[place].id for place in places if batch[place].id), ""):
            merged = replace(merged, id=name)
        kept.append(merged)
        dropped += [(merged, batch[place]) for place in places[1:]]
    return kept, dropped


@dataclass(slots=True)
class Group:
    """Records of one paper: everything by which they can be recognised.

    Attributes:
        places: indices into the batch.
        content: orders groups by what they hold, whatever order they came in.
        ids: the identity keys other than titles, those of former records included.
        words: of each title, the words that say what it is about.
        texts: of each abstract, likewise.
    """

    places: list[int]
    content: tuple[str, ...]
    ids: set[str] = field(default_factory=set)
    dois: set[str] = field(default_factory=set)
    preprints: set[str] = field(default_factory=set)
    arxiv: set[str] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    words: set[frozenset[str]] = field(default_factory=set)
    texts: set[frozenset[str]] = field(default_factory=set)
    families: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, paper: Paper, place: int = 0, former: Iterable[str] = ()) -> Group:
        """The group of one record; `former` are keys of those that it was merged from."""
        own = identity_keys(paper)
        keys = dict(key.split(":", 1) for key in own)
        doi, preprint = _own_doi(paper), _preprint(paper)
        every = {*own, *former}
        return cls(
            places=[place],
            # Records that are named come first, so that unnamed ones join them.
            content=(
                "" if "doi" in keys else "~",
                "" if "arxiv" in keys else "~",
                "" if paper.authors else "~",
                *own,
                *paper.authors,
                paper.abstract,
            ),
            ids={key for key in every if key.startswith(("doi:", "arxiv:"))},
            dois={doi} if doi else set(),
            preprints={preprint} if preprint else set(),
            arxiv={keys["arxiv"]} if "arxiv" in keys else set(),
            titles={key.removeprefix("title:") for key in every if key.startswith("title:")},
            words={_words(paper.title)},
            texts={_text_words(paper.abstract)},
            families=_families(paper.authors),
        )

    def is_of(self, other: Group) -> bool:
        """Whether both are of one paper."""
        return self.shares_id(other) or (self.shares_title(other) and self.agrees(other))

    def shares_id(self, other: Group) -> bool:
        """Whether an id says that both are of one paper."""
        if not self.arxiv.isdisjoint(other.arxiv) or not self.preprints.isdisjoint(other.preprints):
            return True
        # A former id may have been a slip that was put right: like a DOI, it needs a second sign.
        return not self.ids.isdisjoint(other.ids) and self.is_like(other)

    def is_like(self, other: Group) -> bool:
        """Whether the titles or the abstracts say that a DOI means one paper, not a whole book."""
        titles = ((a, b) for a in self.words for b in other.words)
        if self.shares_title(other) or any(_titles_alike(a, b) for a, b in titles):
            return True
        # What is said of the whole book may stand as the abstract of each chapter.
        mine, others = set().union(*self.words), set().union(*other.words)
        if _apart(self.families, other.families) and _apart(mine, others):
            return False
        return any(_texts_alike(a, b) for a in self.texts for b in other.texts)

    def shares_title(self, other: Group) -> bool:
        """Whether a title is the same, but for its spelling."""
        return not self.titles.isdisjoint(other.titles)

    def agrees(self, other: Group) -> bool:
        """Whether nothing says that these are two papers."""
        if _apart(self.dois, other.dois) or _apart(self.arxiv, other.arxiv):
            return False
        # Two preprints are two papers, unless one of them is known to be published.
        published = self.dois or other.dois
        if not published and _apart(self.preprints, other.preprints):
            return False
        return not _apart(self.families, other.families)

    def absorb(self, other: Group) -> None:
        """Take in all that the other holds."""
        self.places += other.places
        self.content = min(self.content, other.content)
        self.ids |= other.ids
        self.dois |= other.dois
        self.preprints |= other.preprints
        self.words |= other.words
        self.texts |= other.texts
        self.arxiv |= other.arxiv
        self.titles |= other.titles
        self.families |= other.families


def _apart(a: set[str], b: set[str]) -> bool:
    """Whether both hold something and nothing of it in common."""
    return bool(a) and bool(b) and a.isdisjoint(b)


def _by_id(groups: list[Group]) -> list[Group]:
    """Join the groups that are linked by an arXiv id, or a DOI and likeness, also through others.

    Returns `groups` itself when none are.
    """
    parent = list(range(len(groups)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    seen: dict[tuple[str, ...], int] = {}
    shared: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        links: list[tuple[str, ...]] = [("preprint", doi) for doi in group.preprints]
        links += [("arxiv", name) for name in group.arxiv]
        for doi in group.dois:
            shared.setdefault(doi, []).append(index)
            links += [("title", doi, title) for title in group.titles]
        for link in links:
            parent[root(index)] = root(seen.setdefault(link, index))
    for members in shared.values():
        # In order of content, so that the bound does not make the order of the records count.
        members.sort(key=lambda index: groups[index].content)
        for n, one in enumerate(members):
            for other in members[max(0, n - RIVALS) : n]:
                if root(one) != root(other) and groups[one].is_like(groups[other]):
                    parent[root(one)] = root(other)
    joined: dict[int, Group] = {}
    for index, group in enumerate(groups):
        whole = joined.setdefault(root(index), group)
        if whole is not group:
            whole.absorb(group)
    return list(joined.values()) if len(joined) < len(groups) else groups


def _by_title(groups: list[Group]) -> list[Group]:
    """Join groups of one title that agree, once over; `groups` itself when none do."""
    buckets: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        for title in group.titles:
            buckets.setdefault(title, []).append(index)
    home = list(range(len(groups)))  # where a group that was joined went

    def find(index: int) -> int:
        while home[index] != index:
            index = home[index]
        return index

    changed = False
    for title in sorted(title for title, members in buckets.items() if len(members) > 1):
        rivals: list[int] = []
        members = {find(index) for index in buckets[title]}
        for index in sorted(members, key=lambda index: groups[index].content):
            for rival in rivals:
                if groups[rival].agrees(groups[index]):
                    groups[rival].absorb(groups[index])
                    home[index] = rival
                    changed = True
                    break
            else:
                if len(rivals) < RIVALS:
                    rivals.append(index)
    if not changed:
        return groups
    return [group for index, group in enumerate(groups) if home[index] == index]


def _dated(a: Paper, b: Paper, years: bool) -> bool | None:
    """Whether `a` is the newer version by the record's stamp or `years`; None: they don't tell."""
    if a.updated and b.updated and a.updated != b.updated:
        return a.updated > b.updated
    if years and a.year is not None and b.year is not None and a.year != b.year:
        return a.year > b.year
    return None


def _content(paper: Paper) -> tuple[bool, int, str, str, str]:
    """Orders records by what they hold: whole abstracts above those cut off, then the longer."""
    text = paper.abstract
    whole = not text.rstrip().endswith(_CUT_OFF)
    return whole, len(text), text, paper.title, repr(replace(paper, id=""))


def _own_doi(paper: Paper) -> str:
    """The DOI, unless a preprint server gave it: that one names the preprint, not the paper."""
    is_preprint = paper.doi.startswith(_ARXIV_DOI) or _PREPRINT.match(paper.doi)
    return "" if is_preprint else paper.doi


def _preprint(paper: Paper) -> str:
    """The DOI that a preprint server other than arXiv gave, without its version; else ""."""
    return _VERSION.sub("", paper.doi) if _PREPRINT.match(paper.doi) else ""


def _arxiv(paper: Paper) -> str:
    if paper.arxiv_id or not paper.doi.startswith(_ARXIV_DOI):
        return paper.arxiv_id
    return re.sub(r"v\d+$", "", paper.doi.removeprefix(_ARXIV_DOI))


def _families(authors: Iterable[str]) -> set[str]:
    """Family names, each in the readings that its writing allows."""
    found: set[str] = set()
    for author in authors:
        family, comma, _ = author.partition(",")
        words = [word for word in family.split() if _bare(word) not in _SUFFIXES]
        if not words:
            continue
        found.add(_bare(words[-1]))
        # PubMed writes "Smith JA": then the last word is the initials.
        if not comma and len(words) > 1 and words[-1].isupper() and len(_bare(words[-1])) <= 3:
            found.add(_bare(words[-2]))
    return {name for name in found if name}


def _bare(word: str) -> str:
    return normalised_title(word)


def _words(title: str) -> frozenset[str]:
    """The words of a title that say what it is about; all of it when there are none."""
    found = set()
    for word in re.split(r"[\s\-\u2010-\u2015/]+", title):
        bare = _bare(word)
        says = (len(bare) >= _SHORT and bare not in _LONG) or _NUMERAL.fullmatch(bare)
        if says or (bare and _NAME.match(word)):
            found.add(bare)
    return frozenset(found or {_bare(title) or title})


def _titles_alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether three in four words of the shorter title, two at least, are also in the other."""
    if {w for w in a if _NUMERAL.fullmatch(w)} != {w for w in b if _NUMERAL.fullmatch(w)}:
        return False  # "Moths, part I" and "Moths, part II"
    shared = len(a & b)
    return shared >= 2 and 4 * shared >= 3 * min(len(a), len(b))


def _text_words(text: str) -> frozenset[str]:
    words = {word for word in re.findall(r"\w+", text.casefold()) if len(word) >= _SHORT}
    return frozenset(words if len(words) >= _FEW else {text})


def _texts_alike(a: frozenset[str], b: frozenset[str]) -> bool:
    """Whether one abstract is the other, mended, shortened or cut off."""
    return 5 * len(a & b) >= 4 * min(len(a), len(b))
