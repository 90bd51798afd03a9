"""A misspelt word of a question becomes the corpus's own word, or stays as it is.

Only plain words are looked at that neither the corpus nor the embedder's vocabulary of common
words knows; names, acronyms, figures and anything with capitals inside are left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.words import FUNCTION_WORDS, stem

if TYPE_CHECKING:
    from rag.index import OpenIndex

_WORD = re.compile(r"(?<![\w'’.@/-])[A-Za-z]?[a-z]{3,}(?![\w'’@/-])")
_SHORTEST = 4  # letters; shorter words have too many neighbours
_LONG = 11  # letters from which on two slips are allowed
_INFLECTED = 9  # letters from which on an ending may hide the stem
# Words of the field that a small corpus may lack, and whose neighbours mean something else.
_FIELD = frozenset(
    [
        "adsorption", "adapters", "ablate", "aleatoric", "amortise", "annealed", "attentive",
        "autoregressive", "backdoor", "backdoors", "causal", "coders", "collate", "convex",
        "copula", "decoders", "denoise", "diluted", "discretise", "epistemic", "ergodic",
        "finetune", "foveated", "gated", "gating", "geodesic", "hinge", "hysteresis", "imputed",
        "infill", "inpaint", "inpainting", "jailbreak", "jitter", "kernels", "latents", "logit",
        "logits", "lossless", "lossy", "masked", "meshes", "moded", "motif", "motifs", "nerfs",
        "octree", "outpainting", "parsing", "patching", "pooled", "pooling", "priors", "probing",
        "pruned", "quantile", "quantiles", "reranker", "resampling", "rollout", "rollouts",
        "routed", "saliency", "shapley", "skolem", "sketching", "softmax", "sparsify", "spiking",
        "splat", "splats", "splatting", "splicing", "stitching", "stride", "strided", "surrogate",
        "tensor", "tiling", "tokens", "unlearn", "unlearning", "upsample", "voxel", "voxels",
        "whitening",
    ]
)  # fmt: skip
_ENDINGS = ("s", "es", "d", "ed", "ing", "er", "ers", "or", "ors", "ly", "able", "ment")
# A short vowel before a doubled letter: "splatt" of "splat", but not "trainn" of "train".
_DOUBLED = re.compile(r"(?:^|[^aeiou])[aeiou]([bdgklmnprt])\1$")
_PREFIXES = (
    "hyper", "hypo", "inter", "intra", "macro", "micro", "over", "under", "pre", "post", "anti",
    "mono", "multi", "homo", "hetero", "exo", "endo", "ab", "ad", "un", "in", "im", "dis", "de",
    "re", "non", "sub", "super",
)  # fmt: skip
_TRIED = 20  # neighbouring stems looked up
_PAPERS = 8  # papers in which a stem's words are looked up


def corrected(text: str, index: OpenIndex) -> str:
    """The question with misspelt words mended from the corpus's vocabulary.

    A word is taken for the nearest one by restricted Damerau-Levenshtein distance (Damerau 1964,
    "A technique for computer detection and correction of spelling errors"): one slip, or two from
    eleven letters on; among equals the one in more papers.
    """
    unknown = {
        found.group(): found.start()
        for found in _WORD.finditer(text)
        if len(found.group()) >= _SHORTEST and _unknown(found.group(), index, found.start() == 0)
    }
    out = text
    for word in unknown:
        better = _nearest(word.lower(), index)
        if better:
            better = better.capitalize() if word[0].isupper() else better
            out = re.sub(rf"(?<![\w'’.@/-]){word}(?![\w'’@/-])", better, out)
    return out


def _unknown(word: str, index: OpenIndex, first: bool) -> bool:
    if word[0].isupper() and not first:
        return False  # a name
    low = word.lower()
    if low in _FIELD or index.embedder.is_word(low) or index.snapshot.document_frequency(low):
        return False
    return not any(index.embedder.is_word(base) for base in _bases(low))


def _bases(word: str) -> list[str]:
    """Words that this one may be a form of: "splicing" of "splice", "splatting" of "splat"."""
    found = []
    for ending in _ENDINGS:
        base = word.removesuffix(ending)
        if base == word or len(base) < _SHORTEST - 1:
            continue
        found += [base, f"{base}e"] + ([f"{base[:-1]}y"] if base.endswith("i") else [])
        if _DOUBLED.search(base):
            found.append(base[:-1])
    return found


def _opposed(word: str, other: str) -> bool:
    """Whether two words begin in ways that change what they mean: "hypotension" is no slip of
    "hypertension"."""
    own, theirs = (next((p for p in _PREFIXES if w.startswith(p)), "") for w in (word, other))
    return own != theirs


def _nearest(word: str, index: OpenIndex) -> str | None:
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    most = 2 if len(word) >= _LONG else 1
    if any(OSA.distance(word, common) <= 1 for common in FUNCTION_WORDS):
        return None  # "wich" is no word to search for, whatever it is
    terms = index.snapshot.terms()
    # A slip in the ending may change the stem by more than itself.
    near = extract(
        stem(word), terms.keys(), scorer=OSA.distance, score_cutoff=most + 1, limit=_TRIED
    )
    found = [term for term, _, _ in near]
    if len(word) >= _INFLECTED:
        # "segmentaton" is far from "segment", the stem of what was meant.
        found += [t for t in terms if t[:4] == word[:4] and t not in found][:_TRIED]
    best: tuple[int, int, str] | None = None
    for term in found:
        if not term.isalpha() or term[0] != word[0]:
            continue  # People rarely miss the first letter.
        for surface in _spelled(term, index):
            distance = OSA.distance(word, surface)
            if _opposed(word, surface):
                continue
            key = (distance, -terms[term], surface)
            if 0 < distance <= most and (best is None or key < best):
                best = key
    return best[2] if best else None


def _spelled(term: str, index: OpenIndex) -> set[str]:
    """The words behind a stem, from the papers that hold it."""
    # A stem is no word: "multipl" finds "multiple" only through the full text's own stemming.
    rows = index.snapshot.lexical([term], _PAPERS)
    words: set[str] = set()
    for paper in index.snapshot.by_rowid({rowid for rowid, _ in rows}).values():
        for word in re.findall(r"[a-z]+", f"{paper.title} {paper.abstract}".lower()):
            if stem(word) == term:
                words.add(word)
    return words
