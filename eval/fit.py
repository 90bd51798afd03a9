"""Fit the linear models of rag/data/weights.json on the dev split, and show them on the test split.

    python eval/fit.py --corpus ../shared/corpus/trending-papers.txt

Features are those of rag.evidence and rag.abstaining. The models are logistic regressions
(scikit-learn, L2), grouped by question where a choice among sentences is learnt; what is written
is names and numbers that people can read. The likelihoods are computed once and kept beside the
cache, since they take minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import abstaining, evidence
from rag.config import Settings, cache_dir
from rag.embedding import open_embedder
from rag.evidence import Candidate
from rag.fusion import standardise
from rag.index import OpenIndex, add_papers
from rag.llm import open_model
from rag.models import data_file
from rag.readers import read_paths
from rag.records import Evidence, Hit
from rag.retrieval import retrieve
from rag.session import token_counter

WEIGHTS = Path(__file__).parent.parent / "rag" / "data" / "weights.json"
_PENALTY = 0.3


@dataclass(slots=True)
class Asked:
    entry: dict[str, Any]
    hits: list[Hit]
    found: list[Candidate]
    likelihood: dict[int, float]

    @property
    def dev(self) -> bool:
        return bool(self.entry["split"] == "dev")

    def holds(self, candidate: Candidate) -> bool:
        """Whether a sentence is one of the gold sentences."""
        title = self.entry["papers"][0] if self.entry["papers"] else ""
        return candidate.hit.paper.title == title and any(
            min(candidate.span.end, end) - max(candidate.span.start, start) > 5
            for start, end in self.entry["spans"]
        )


def facts_found(entry: dict[str, Any], text: str) -> float:
    hits = [any(re.search(p, text, re.IGNORECASE) for p in fact) for fact in entry["facts"]]
    return sum(hits) / len(hits)


def gather(corpus: Path, limit: int) -> list[Asked]:
    settings = Settings()
    embedder = open_embedder(settings)
    place = cache_dir() / f"fit-{hashlib.sha256(corpus.read_bytes()).hexdigest()[:12]}"
    add_papers(place, read_paths([str(corpus)]), embedder, token_counter(), settings)
    index = OpenIndex(place, embedder)
    lines = (data_file("eval", "questions.jsonl")).read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    entries = [e for e in entries if not e.get("history")]
    asked = []
    for entry in entries:
        vector = embedder.encode([entry["question"]])[0]
        hits = retrieve(index, entry["question"], vector, settings.papers)
        found = evidence.candidates(index, entry["question"], vector, hits)
        asked.append(Asked(entry, hits, found, {}))
    kept = cache_dir() / f"{place.name}-likelihoods-{limit}.json"
    known: dict[str, float] = json.loads(kept.read_text()) if kept.is_file() else {}
    model = None
    asked.sort(key=lambda a: not a.dev)
    for n, item in enumerate(asked):
        order = sorted(
            range(len(item.found)),
            key=lambda i: -evidence.combine(item.found[i].features, "prefilter"),
        )[:limit]
        order.sort()
        keys = {
            i: f"{item.entry['question']}|{item.found[i].hit.paper.id}|{item.found[i].span.start}"
            for i in order
        }
        missing = [i for i in order if keys[i] not in known]
        if missing:
            model = model or open_model(settings)
            chosen = [item.found[i] for i in missing]
            scores = model.engine.likelihoods(evidence.readings(item.entry["question"], chosen))
            known |= {keys[i]: float(s) for i, s in zip(missing, scores, strict=True)}
            if n % 5 == 0:
                print(f"read {n}/{len(asked)}", flush=True)
                kept.write_text(json.dumps(known))
        item.likelihood = {i: known[keys[i]] for i in order}
    kept.write_text(json.dumps(known))
    return asked


def sentence_model(asked: list[Asked], names: list[str], read: bool) -> dict[str, float]:
    """Listwise: the gold sentences against the question's others (softmax over a question)."""
    columns = [evidence.FEATURES.index(name) for name in names]
    groups = []
    for item in asked:
        if not (item.dev and item.entry["answerable"]):
            continue
        rows, gold = matrix(item, read)
        if 0 < gold.sum() < len(gold):
            groups.append((rows[:, columns], gold))
    w = np.zeros(len(columns))
    # Full-batch gradient descent with momentum on a convex loss: deterministic and enough.
    speed = np.zeros_like(w)
    for _ in range(3000):
        gradient = _PENALTY * w / len(groups)
        for rows, gold in groups:
            p = softmax(rows @ w)
            q = p * gold / max(float((p * gold).sum()), 1e-12)
            gradient += rows.T @ (p - q) / len(groups)
        speed = 0.9 * speed - 0.1 * gradient
        w = w + speed
    return {name: round(float(v), 4) for name, v in zip(names, w, strict=True)}


def softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    e = np.exp(x - x.max())
    return np.asarray(e / e.sum())


def matrix(item: Asked, read: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    indices = sorted(item.likelihood) if read else range(len(item.found))
    rows = [list(item.found[i].features) for i in indices]
    if read:
        values = [item.likelihood[i] for i in indices]
        for row, z, value in zip(rows, standardise(values), values, strict=True):
            row[-2:] = [z, value]
    gold = [item.holds(item.found[i]) for i in indices]
    return np.array(rows), np.array(gold)


def ranked(item: Asked, w: dict[str, float], read: bool) -> list[Evidence]:
    indices = sorted(item.likelihood) if read else list(range(len(item.found)))
    rows, _ = matrix(item, read)
    weights = np.array([w.get(name, 0.0) for name in evidence.FEATURES])
    scores = rows @ weights
    order = np.argsort(-scores, kind="stable")
    out = []
    for n, k in enumerate(order, 1):
        c = item.found[indices[int(k)]]
        likelihood = item.likelihood[indices[int(k)]] if read else float("-inf")
        out.append(
            Evidence(
                f"S{n}", c.hit.paper, c.span, c.rank, likelihood, c.similarity, float(scores[k])
            )
        )
    return out


def report(asked: list[Asked], w: dict[str, float], read: bool, name: str) -> None:
    for split in ("dev", "test"):
        items = [a for a in asked if a.entry["answerable"] and a.entry["split"] == split]
        covered = []
        first = 0
        for item in items:
            evidences = ranked(item, w, read)
            covered.append(
                [
                    facts_found(item.entry, " ".join(e.text for e in evidences[:k]))
                    for k in (1, 2, 3, 4)
                ]
            )
            first += evidences[0].paper.title in item.entry["papers"]
        shown = " / ".join(f"{x:.3f}" for x in np.mean(covered, axis=0))
        print(f"{name:<16} {split:<5} facts in top 1/2/3/4: {shown}  P@1 {first / len(items):.3f}")


def answerable_model(
    asked: list[Asked], w: dict[str, float], read: bool
) -> tuple[dict[str, float], dict[str, float]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    x, y, dev = [], [], []
    for item in asked:
        evidences = ranked(item, w, read)
        if not evidences:
            continue
        x.append(abstaining.answer_features(item.entry["question"], item.hits, evidences))
        y.append(bool(item.entry["answerable"]))
        dev.append(item.dev)
    rows, labels, mine = np.array(x), np.array(y), np.array(dev)
    mean, spread = rows[mine].mean(0), rows[mine].std(0) + 1e-9
    scaled = (rows - mean) / spread
    model = LogisticRegression(C=0.3, class_weight="balanced")
    # A weight of the wrong sign has learnt how our questions happen to be put, not whether the
    # abstracts answer them: such features are left out one by one.
    kept = list(range(len(abstaining.FEATURES)))
    while True:
        model.fit(scaled[mine][:, kept], labels[mine])
        wrong = [
            (abs(v), k)
            for k, v in zip(kept, model.coef_[0], strict=True)
            if v * (-1 if abstaining.FEATURES[k] == "missing" else 1) < 0
        ]
        if not wrong:
            break
        kept.remove(max(wrong)[1])
    scaled = scaled[:, kept]
    out = cross_val_predict(model, scaled[mine], labels[mine], cv=5, method="predict_proba")[:, 1]
    test = model.predict_proba(scaled[~mine])[:, 1]
    figures = {
        "auc_dev_cross_validated": round(float(roc_auc_score(labels[mine], out)), 4),
        "auc_test": round(float(roc_auc_score(labels[~mine], test)), 4),
    }
    for name, column in zip(abstaining.FEATURES, rows.T, strict=True):
        alone = roc_auc_score(labels, column)
        print(f"  {name:<16} AUC alone {alone:.3f}")
    weights = model.coef_[0] / spread[kept]
    bias = float(model.intercept_[0] - (weights * mean[kept]).sum())
    # Where 0.96 of the answerable dev questions are answered (out of fold): shifted to 0.5.
    threshold = float(np.quantile(out[labels[mine]], 0.04))
    bias -= math.log(threshold / (1 - threshold))
    figures["dev_refused_at_half"] = round(float((out[~labels[mine]] < threshold).mean()), 4)
    figures["test_answered_at_half"] = round(float((test[labels[~mine]] >= threshold).mean()), 4)
    figures["test_refused_at_half"] = round(float((test[~labels[~mine]] < threshold).mean()), 4)
    names = [abstaining.FEATURES[k] for k in kept]
    named = {n: round(float(v), 4) for n, v in zip(names, weights, strict=True)}
    return {"bias": round(bias, 4), **named}, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=16, help="sentences read a question")
    parser.add_argument("--write", action="store_true", help="write rag/data/weights.json")
    args = parser.parse_args()
    asked = gather(args.corpus, args.limit)
    cheap = [n for n in evidence.FEATURES if not n.startswith("likelihood")]
    models: dict[str, dict[str, float]] = {}
    models["prefilter"] = sentence_model(asked, cheap, read=False)
    models["rank"] = sentence_model(asked, [*cheap, "likelihood_z"], read=True)
    report(asked, {"similarity_z": 1.0}, False, "similarity")
    report(asked, {"likelihood_z": 1.0}, True, "likelihood")
    report(asked, models["prefilter"], False, "prefilter")
    report(asked, models["rank"], True, "rank")
    figures: dict[str, dict[str, float]] = {}
    models["answerable"], figures["answerable"] = answerable_model(asked, models["rank"], True)
    models["answerable_unread"], figures["answerable_unread"] = answerable_model(
        asked, models["prefilter"], False
    )
    note = {
        "how": "eval/fit.py on the dev split of eval/questions.jsonl over the listing's abstracts",
        "figures": figures,
        "models": models,
    }
    print(json.dumps(note, indent=1))
    if args.write:
        WEIGHTS.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
