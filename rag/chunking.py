"""Chunks are runs of whole sentences, in order, that cover every sentence of an abstract once.

An abstract of ordinary length is one or two chunks; only a sentence longer than a whole chunk
(text without full stops) is cut, at white space, so that nothing is ever out of the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.records import Chunk, Span
from rag.sentences import split_sentences

TokenCounter = Callable[[str], int]


def chunk_abstract(
    paper_id: str, abstract: str, count: TokenCounter, max_tokens: int
) -> tuple[Chunk, ...]:
    """Cut an abstract into chunks of at most `max_tokens` tokens.

    Args:
        count: tokens in a text, by the language model's vocabulary.
        max_tokens: bound of a chunk, >= 16. Sentences are packed greedily; when several chunks
            are needed they are evened out, so that the last is no stub.

    Returns:
        Chunks in order; none for blank text.
    """
    spans = [
        piece
        for sentence in split_sentences(abstract)
        for piece in bounded(abstract, sentence, count, max_tokens)
    ]
    if not spans:
        return ()
    groups = _pack(abstract, spans, count, max_tokens)
    if len(groups) > 1:
        # The same number of chunks, as equal as greedy packing makes them.
        sizes = [count(abstract[s.start : s.end]) for s in spans]
        target = max(-(-sum(sizes) // len(groups)), max(sizes))
        evened = _pack(abstract, spans, count, min(max_tokens, target + max(sizes) // 2))
        groups = evened if len(evened) == len(groups) else groups
    chunks = []
    for ordinal, (first, last) in enumerate(groups):
        start, end = spans[first].start, spans[last - 1].end
        text = abstract[start:end]
        chunks.append(
            Chunk(paper_id, ordinal, text, start, end, count(text), tuple(spans[first:last]))
        )
    return tuple(chunks)


def bounded(text: str, span: Span, count: TokenCounter, max_tokens: int) -> list[Span]:
    """The span itself, or pieces of it cut at white space when it is over `max_tokens`."""
    if count(text[span.start : span.end]) <= max_tokens:
        return [span]
    pieces, start = [], span.start
    while start < span.end:
        end = min(start + max_tokens, span.end)
        # One character can be several tokens (up to its four bytes), as in Chinese or emoji.
        while end - start > 1 and count(text[start:end]) > max_tokens:
            end = start + (end - start) // 2
        if end < span.end:
            blank = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
            end = blank if blank > start else end
        body = text[start:end]
        if body.strip():
            begin = start + len(body) - len(body.lstrip())
            pieces.append(Span(begin, start + len(body.rstrip())))
        start = end
    return pieces


def _pack(
    text: str, spans: Sequence[Span], count: TokenCounter, limit: int
) -> list[tuple[int, int]]:
    """Greedy half-open ranges of `spans` whose text, gaps included, has at most `limit` tokens.

    The text of a range is counted as a whole: token counts of parts don't add up exactly.
    """
    groups: list[tuple[int, int]] = []
    first = 0
    for i, span in enumerate(spans):
        if i > first and count(text[spans[first].start : span.end]) > limit:
            groups.append((first, i))
            first = i
    groups.append((first, len(spans)))
    return groups
