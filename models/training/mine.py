"""Find with the product's own search and a trained reader the wrong abstracts that questions are
read beside: prints JSON lines for `train.py --wrong`.

    python -m models.training.mine --index FOLDER [--reader RUN] [--skip skip.txt] > wrong.jsonl

All abstracts that are learnt from go into an index in FOLDER (kept for the next time). The first
papers that it finds for a question are read with it, and those that the reader takes most for an
answer come first. One that it takes for a better answer than the right abstract's is left out: too
many of these do answer (Moreira et al. 2024, "NV-Retriever", call this positive-aware mining).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from models.training.batches import batch_of
from models.training.data import Abstract, Item, read_abstracts, read_items
from models.training.examples import Pieces, asked_of, searchable
from models.training.train import Learner
from models.training.weights import encoder_folder, trained
from rag.config import Settings
from rag.embedding import open_embedder
from rag.index import OpenIndex, add_papers
from rag.records import Paper
from rag.retrieval import retrieve
from rag.session import token_counter

_FOUND = 6  # papers found that are read
_KEPT = 4  # of them that a question may be read beside
_TOLD = 100  # questions between two words on how far it is


class Judge:
    """A trained reader's log odds that an abstract answers a question."""

    def __init__(self, run: Path) -> None:
        self._learner = Learner(encoder_folder()).eval()
        self._learner.network.load_state_dict(trained(run), strict=False)
        self._pieces = Pieces(encoder_folder() / "tokenizer.json")

    def odds(self, item: Item, abstracts: Sequence[Abstract]) -> list[float]:
        """Of each abstract, read whole, in parts as in use."""
        parts = [(n, e) for n, a in enumerate(abstracts) for e in self._pieces.whole(item, a)]
        batch = batch_of([(e,) for _, e in parts], "cpu")
        with torch.no_grad():
            scores, _ = self._learner.network(batch.ids, batch.mask, batch.types, batch.pool)
        of_part = torch.logsumexp(batch.odds(scores), dim=1)
        owner = torch.tensor([n for n, _ in parts])
        return [float(torch.logsumexp(of_part[owner == n], 0)) for n in range(len(abstracts))]


def indexed(folder: Path, abstracts: Sequence[Abstract]) -> tuple[OpenIndex, dict[str, str]]:
    """The index of these abstracts, and their ids by their texts."""
    settings = Settings()
    embedder = open_embedder(settings)
    papers = [Paper("", a.title, a.text) for a in abstracts]
    report = add_papers(
        folder, papers, embedder, token_counter(), settings,
        lambda done, _: print(f"{done} papers", file=sys.stderr, flush=True),
    )  # fmt: skip
    print(f"{report.total} papers, {len(report.merged)} merged", file=sys.stderr)
    return OpenIndex(folder, embedder), {a.text: a.id for a in abstracts}


def mined(
    items: Sequence[Item],
    among: Sequence[Item],
    abstracts: Mapping[str, Abstract],
    index: OpenIndex,
    names: Mapping[str, str],
    judge: Judge,
) -> Iterator[tuple[Item, list[tuple[str, float]]]]:
    """Each question that tells its paper with the wrong abstracts found for it and the reader's log
    odds of these, likeliest to be taken for an answer first."""
    right = asked_of(among)
    for item in filter(searchable, items):
        vector = index.embedder.encode([item.question])[0]
        hits = retrieve(index, item.question, vector, _FOUND)
        found = [names[hit.paper.abstract] for hit in hits]
        wrong = [id_ for id_ in found if id_ not in right[item.question]]
        own, *others = judge.odds(item, [abstracts[id_] for id_ in (item.abstract, *wrong)])
        # Of a question that its abstract doesn't answer any abstract may be taken for an answer.
        most = own if item.answerable else 0.0
        scored = sorted(zip(wrong, others, strict=True), key=lambda pair: -pair[1])
        yield item, [pair for pair in scored if pair[1] < most][:_KEPT]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--reader", type=Path, default=Path("models"), metavar="RUN",
        help="folder of a run or an adapter (the shipped one)",
    )  # fmt: skip
    parser.add_argument("--skip", type=Path, help="file of ids of questions that are left out")
    args = parser.parse_args()
    skipped = set(args.skip.read_text(encoding="utf-8").split()) if args.skip else set()
    abstracts = dict(read_abstracts())
    seen = [i for i in read_items() if i.abstract in abstracts and not i.validates]
    ids = sorted({item.abstract for item in seen})
    index, names = indexed(args.index, [abstracts[id_] for id_ in ids])
    wanted = [item for item in seen if item.id not in skipped]
    found = mined(wanted, seen, abstracts, index, names, Judge(args.reader))
    for n, (item, wrong) in enumerate(found, 1):
        entry = {"id": item.id, "wrong": {id_: round(odds, 2) for id_, odds in wrong}}
        print(json.dumps(entry), flush=True)
        if n % _TOLD == 0:
            print(f"{n} questions", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
