"""Our sentence splitter beside pysbd, on texts of ours with marked boundaries; speed on abstracts.

python eval/sentences/bench.py [--corpus FILE]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from rag.readers import read_paths
from rag.records import Paper
from rag.sentences import split_sentences
from rag.starter import starter_papers

MARKED = Path(__file__).parent / "marked.txt"
Splitter = Callable[[str], list[int]]


def marked() -> list[tuple[str, set[int]]]:
    """Texts and the offsets at which a sentence ends inside them (the last end left out)."""
    found = []
    for line in MARKED.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        parts = line.split(" | ")
        ends, length = set(), 0
        for part in parts[:-1]:
            length += len(part)
            ends.add(length)
            length += 1
        found.append((" ".join(parts), ends))
    return found


def ours(text: str) -> list[int]:
    return [span.end for span in split_sentences(text)][:-1]


def pysbd_splitter() -> Splitter:
    import pysbd

    segmenter = pysbd.Segmenter(language="en", clean=False)

    def split(text: str) -> list[int]:
        # Its spans' offsets are not reliable: the pieces are found again in order.
        ends, at = [], 0
        for piece in segmenter.segment(text):
            body = piece.strip()
            start = text.find(body, at)
            if body and start >= 0:
                at = start + len(body)
                ends.append(at)
        return ends[:-1]

    return split


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", help="abstracts for the timing (default: the starter corpus)")
    options = parser.parse_args()
    records = read_paths([options.corpus]) if options.corpus else starter_papers()
    abstracts = [r.abstract for r in records if isinstance(r, Paper)]
    cases = marked()
    print("| splitter | texts wholly right | precision | recall | ms an abstract |")
    print("| --- | --- | --- | --- | --- |")
    for name, split in (("ours", ours), ("pysbd 0.3.4", pysbd_splitter())):
        right = hits = made = wanted = 0
        for text, ends in cases:
            got = set(split(text))
            right += got == ends
            hits, made, wanted = hits + len(got & ends), made + len(got), wanted + len(ends)
            if got != ends and name == "ours":
                print(f"<!-- differs: {text} -->")
        start = time.perf_counter()
        for abstract in abstracts:
            split(abstract)
        each = (time.perf_counter() - start) * 1000 / len(abstracts)
        scores = f"{hits / made:.3f} | {hits / wanted:.3f} | {each:.2f}"
        print(f"| {name} | {right}/{len(cases)} | {scores} |")


if __name__ == "__main__":
    main()
