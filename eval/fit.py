"""Fit the linear models of rag/data/weights.json on the dev split, and show them on the test split.

    python eval/fit.py --corpus ../shared/corpus/trending-papers.txt

Features are those of rag.evidence, rag.abstaining and rag.members. Sentences are ranked by a
listwise softmax, answerability and membership are logistic regressions (scikit-learn, L2); what is
written is names and numbers that people can read. The likelihoods are computed once and kept in
the cache, since they take minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import abstaining, evidence, members
from rag.config import Settings, cache_dir
from rag.embedding import open_embedder
from rag.evidence import Candidate, Found, Selection, fitted
from rag.fusion import standardise
from rag.index import OpenIndex, add_papers
from rag.llm import open_model
from rag.models import data_file, file_digest
from rag.reader import Reader, open_reader, reader_digest
from rag.readers import read_paths
from rag.records import Evidence, Hit
from rag.session import token_counter
from rag.understanding import found_for, understand

WEIGHTS = Path(__file__).parent.parent / "rag" / "data" / "weights.json"
QUESTIONS = data_file("eval", "questions.jsonl")
_PENALTY = 0.3
# Share of the answerable dev questions that are to be answered, asked as if they were unseen; the
# bound is put there.
_ANSWERED = 0.92
_FREE = ("named", "manner", "words")  # features whose weights may have either sign
_LIST = ("list", "count")
_READER = ("reader", "reader_paper")  # features that the reader gives
_NEAR = 60  # papers near a topic that membership is learnt from

Matrix = NDArray[np.float64]


@dataclass(slots=True)
class Asked:
    """A question with what was read for it."""

    entry: dict[str, Any]
    focus: str
    hits: list[Hit]
    whole: Found
    together: list[str]
    general: bool  # several papers may be expected to answer
    chosen: list[int] = field(default_factory=list)
    likelihood: dict[int, float] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Candidate, ...]:
        return self.whole.candidates

    @property
    def dev(self) -> bool:
        return bool(self.entry["split"] == "dev")

    def holds(self, candidate: Candidate) -> bool:
        """Whether a sentence is one of the gold sentences."""
        titles = self.entry["papers"]
        return any(
            candidate.hit.paper.title == titles[span[2] if len(span) > 2 else 0]
            and min(candidate.span.end, span[1]) - max(candidate.span.start, span[0]) > 5
            for span in self.entry["spans"]
        )


def facts_found(entry: dict[str, Any], text: str) -> float:
    hits = [any(re.search(p, text, re.IGNORECASE) for p in fact) for fact in entry["facts"]]
    return sum(hits) / len(hits)


def opened(corpus: Path) -> OpenIndex:
    settings = Settings()
    embedder = open_embedder(settings)
    place = cache_dir() / f"fit-{hashlib.sha256(corpus.read_bytes()).hexdigest()[:12]}"
    add_papers(place, read_paths([str(corpus)]), embedder, token_counter(), settings)
    return OpenIndex(place, embedder)


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def gather(index: OpenIndex, papers: int, reader: Reader | None) -> list[Asked]:
    asked = []
    for entry in entries():
        if entry["style"] in _LIST:
            continue
        understood = understand(index, entry["question"], entry.get("history", []))
        vector = index.embedder.encode([understood.search])[0]
        hits, sides = found_for(index, understood, vector, papers)
        if understood.focus != understood.search:
            vector = index.embedder.encode([understood.focus])[0]
        hits = hits[: understood.meant] if understood.certain else hits
        whole = evidence.candidates(index, understood.focus, vector, hits, reader)
        general = understood.general and not sides
        asked.append(Asked(entry, understood.focus, hits, whole, list(sides), general))
        if len(asked) % 50 == 0:
            print(f"searched {len(asked)}", flush=True)
    return asked


def kept_or(index: OpenIndex, papers: int) -> list[Asked]:
    """What was gathered before from the same index, questions, number of papers, reader and code,
    since it takes minutes; else gathered now, and kept."""
    shaped_by = [
        index.fingerprint, papers, reader_digest(Settings()), file_digest(QUESTIONS),
        *(file_digest(p) for p in sorted(Path(evidence.__file__).parent.rglob("*.py"))),
    ]  # fmt: skip
    place = cache_dir() / f"gathered-{hashlib.sha256(repr(shaped_by).encode()).hexdigest()[:12]}"
    if place.is_file():
        kept: list[Asked] = pickle.loads(place.read_bytes())
        return kept
    asked = gather(index, papers, open_reader(Settings()))
    place.write_bytes(pickle.dumps(asked))
    return asked


def without_reader(item: Asked) -> Asked:
    """The same question as if there were no reader."""
    columns = [evidence.FEATURES.index(name) for name in _READER]
    found = []
    for c in item.found:
        features = list(c.features)
        for column in columns:
            features[column] = 0.0
        found.append(replace(c, features=tuple(features)))
    return replace(item, whole=replace(item.whole, candidates=tuple(found), read={}))


def read(index: OpenIndex, asked: list[Asked], w: dict[str, float], limit: int) -> None:
    """Likelihoods of the sentences that the language model reads in use: `select_evidence`."""
    kept = cache_dir() / f"{index.directory.name}-likelihoods.json"
    known: dict[str, float] = json.loads(kept.read_text()) if kept.is_file() else {}
    model = open_model(Settings())
    for n, item in enumerate(asked):
        scores = matrix(item, False)[0] @ np.array([w.get(f, 0.0) for f in evidence.FEATURES])
        ordered = [item.found[i] for i in np.argsort(-scores, kind="stable")]
        most = limit * max(1, len(item.together))
        chosen, _ = evidence.worth_reading(ordered, item.whole.read, most, item.general)
        heard = evidence.heard(chosen, most, bool(item.whole.read))
        item.chosen = [i for i, c in enumerate(item.found) if any(c is one for one in chosen)]
        order = [i for i in item.chosen if any(item.found[i] is one for one in heard)]
        texts = evidence.readings(item.focus, [item.found[i] for i in order])
        keys = {
            i: hashlib.sha256(repr((model.info.sha256, text)).encode()).hexdigest()[:24]
            for i, text in zip(order, texts, strict=True)
        }
        missing = [i for i in order if keys[i] not in known]
        if missing:
            new = [item.found[i] for i in missing]
            values = model.engine.likelihoods(evidence.readings(item.focus, new))
            known |= {keys[i]: float(s) for i, s in zip(missing, values, strict=True)}
            if n % 20 == 0:
                print(f"read {n}/{len(asked)}", flush=True)
                kept.write_text(json.dumps(known))
        item.likelihood = {i: known[keys[i]] for i in order}
    kept.write_text(json.dumps(known))


def sentence_model(asked: Sequence[Asked], names: list[str], read: bool) -> dict[str, float]:
    """Listwise: the gold sentences against the question's others (softmax over a question)."""
    columns = [evidence.FEATURES.index(name) for name in names]
    groups = []
    for item in asked:
        if not (item.dev and item.entry["answerable"]) or (read and not item.likelihood):
            continue
        rows, gold = matrix(item, read)
        if 0 < gold.sum() < len(gold):
            groups.append((rows[:, columns], gold))
    # Full-batch gradient descent with momentum on a convex loss: deterministic and enough.
    w, speed = np.zeros(len(columns)), np.zeros(len(columns))
    for _ in range(1500):
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


def matrix(item: Asked, read: bool) -> tuple[Matrix, NDArray[np.bool_]]:
    indices = item.chosen if read else range(len(item.found))
    rows = [list(item.found[i].features) for i in indices]
    if read:
        values = standardise(list(item.likelihood.values()))
        for i, z in zip(item.likelihood, values, strict=True):
            rows[item.chosen.index(i)][-1] = z
    gold = [item.holds(item.found[i]) for i in indices]
    return np.array(rows), np.array(gold)


def ranked(item: Asked, w: dict[str, float], read: bool) -> Selection:
    indices = item.chosen if read else list(range(len(item.found)))
    rows, _ = matrix(item, read)
    scores = rows @ np.array([w.get(name, 0.0) for name in evidence.FEATURES])
    chosen = []
    for n, k in enumerate(np.argsort(-scores, kind="stable"), 1):
        c = item.found[indices[int(k)]]
        likelihood = item.likelihood.get(indices[int(k)], float("-inf"))
        score = float(scores[k])
        chosen.append(
            Evidence(f"S{n}", c.hit.paper, c.span, c.rank, likelihood, c.similarity, score)
        )
    return item.whole.selection(chosen[: Settings().candidates])


def report(asked: list[Asked], w: dict[str, float], read: bool, name: str) -> None:
    for split in ("dev", "test"):
        covered = []
        first = 0
        for item in asked:
            one = len(item.entry["papers"]) == 1 and not item.entry.get("history")
            if not (item.entry["answerable"] and item.entry["split"] == split and one):
                continue
            found = ranked(item, w, read).evidence
            covered.append(
                [facts_found(item.entry, " ".join(e.text for e in found[:k])) for k in (1, 2, 3, 4)]
            )
            first += found[0].paper.title in item.entry["papers"]
        shown = " / ".join(f"{x:.3f}" for x in np.mean(covered, axis=0))
        p1 = f"P@1 {first / len(covered):.3f}"
        print(f"{name:<22} {split:<5} facts in top 1/2/3/4: {shown}  {p1}", flush=True)


def fit_sentences(
    index: OpenIndex,
    asked: list[Asked],
    has_reader: bool,
    args: argparse.Namespace,
    models: dict[str, dict[str, float]],
) -> None:
    """The sentences' models, before and after the language model's reading, with an ablation."""
    unread = () if has_reader else _READER
    cheap = [n for n in evidence.FEATURES if n not in ("likelihood_z", *unread)]
    first, second = fitted("prefilter", has_reader), fitted("rank", has_reader)
    models[first] = models[second] = sentence_model(asked, cheap, read=False)
    if has_reader:
        report(asked, {"reader": 1.0}, False, "reader")
    else:
        report(asked, {"similarity_z": 1.0}, False, "similarity")
        report(asked, {"match_z": 1.0}, False, "match")
    report(asked, models[first], False, first)
    for left in cheap:
        others = sentence_model(asked, [n for n in cheap if n != left], read=False)
        report(asked, others, False, f"without {left}")
    if not args.without_llm:
        read(index, asked, models[first], args.limit)
        names = [n for n in evidence.FEATURES if n not in unread]
        models[second] = sentence_model(asked, names, read=True)
        report(asked, {"likelihood_z": 1.0}, True, "likelihood")
        report(asked, models[second], True, second)


def answerable_model(
    asked: list[Asked], w: dict[str, float], read: bool
) -> tuple[dict[str, float], dict[str, float]]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    x, y, dev, groups = [], [], [], []
    for item in asked:
        selection = ranked(item, w, read)
        x.append(abstaining.answer_features(item.focus, item.hits, selection, item.together))
        y.append(bool(item.entry["answerable"]))
        dev.append(item.dev)
        groups.append(item.entry["papers"][0] if item.entry["papers"] else item.entry["id"])
    rows, labels, mine = np.array(x), np.array(y), np.array(dev)
    mean, spread = rows[mine].mean(0), rows[mine].std(0) + 1e-9
    scaled = (rows - mean) / spread
    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000)
    # All features are such that more is better. A weight of the wrong sign has learnt how our
    # questions happen to be put, not whether the abstracts answer them: such are left out.
    names, kept = abstaining.FEATURES, list(range(len(abstaining.FEATURES)))
    while True:
        model.fit(scaled[mine][:, kept], labels[mine])
        wrong = [
            (v, k)
            for k, v in zip(kept, model.coef_[0], strict=True)
            if v < 0 and names[k] not in _FREE
        ]
        if not wrong:
            break
        kept.remove(min(wrong)[1])
    scaled = scaled[:, kept]
    out = cross_val_predict(
        model, scaled[mine], labels[mine], cv=GroupKFold(8), groups=np.array(groups)[mine],
        method="predict_proba",
    )[:, 1]  # fmt: skip
    test = model.predict_proba(scaled[~mine])[:, 1]
    figures = {
        "auc_dev_cross_validated": round(float(roc_auc_score(labels[mine], out)), 4),
        "auc_test": round(float(roc_auc_score(labels[~mine], test)), 4),
    }
    for name, column in zip(names, rows.T, strict=True):
        print(f"  {name:<18} AUC alone {roc_auc_score(labels, column):.3f}")
    weights = model.coef_[0] / spread[kept]
    bias = float(model.intercept_[0] - (weights * mean[kept]).sum())
    for share in (0.90, 0.92, 0.94, 0.96):
        refused = (out[~labels[mine]] < np.quantile(out[labels[mine]], 1 - share)).mean()
        print(f"  {share:.2f} of dev answered, {refused:.3f} of the others refused")
    threshold = float(np.quantile(out[labels[mine]], 1 - _ANSWERED))
    bias -= math.log(threshold / (1 - threshold))
    figures["dev_refused_at_half"] = round(float((out[~labels[mine]] < threshold).mean()), 4)
    figures["test_answered_at_half"] = round(float((test[labels[~mine]] >= threshold).mean()), 4)
    figures["test_refused_at_half"] = round(float((test[~labels[~mine]] < threshold).mean()), 4)
    named = {names[k]: round(float(v), 4) for k, v in zip(kept, weights, strict=True)}
    return {"bias": round(bias, 4), **named}, figures


def member_model(index: OpenIndex) -> tuple[dict[str, float], dict[str, float]]:
    """Whether a paper is about a topic, from the questions for lists and numbers of papers."""
    from sklearn.linear_model import LogisticRegression

    x, y, dev, ids = [], [], [], []
    for entry in entries():
        if entry["style"] not in _LIST:
            continue
        intent = understand(index, entry["question"], []).intent
        if intent.kind not in _LIST:
            print(f"not seen as a list: {entry['question']}")
            continue
        vector = index.embedder.encode([intent.topic])[0]
        for member in members.candidates(index, intent.topic, vector)[:_NEAR]:
            x.append(member.features)
            y.append(member.hit.paper.title in entry["papers"])
            dev.append(entry["split"] == "dev")
            ids.append(entry["id"])
    rows, labels, mine = np.array(x), np.array(y), np.array(dev)
    model = LogisticRegression(C=1.0).fit(rows[mine], labels[mine])
    said = model.predict_proba(rows)[:, 1] >= members.MEMBER
    figures = {}
    for name, part in (("dev", mine), ("test", ~mine)):
        hit = float((said & labels)[part].sum())
        figures[f"precision_{name}"] = round(hit / max(float(said[part].sum()), 1), 4)
        figures[f"recall_{name}"] = round(hit / max(float(labels[part].sum()), 1), 4)
    named = {n: round(float(v), 4) for n, v in zip(members.FEATURES, model.coef_[0], strict=True)}
    return {"bias": round(float(model.intercept_[0]), 4), **named}, figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument(
        "--limit", type=int, default=Settings().candidates, help="sentences read a question"
    )
    parser.add_argument("--papers", type=int, default=Settings().papers, help="papers read")
    parser.add_argument("--without-llm", action="store_true", help="leave the language model out")
    parser.add_argument("--with-reader-only", action="store_true", help="keep the other weights")
    parser.add_argument("--write", action="store_true", help="write rag/data/weights.json")
    args = parser.parse_args()
    index = opened(args.corpus)
    before = json.loads(WEIGHTS.read_text(encoding="utf-8")) if args.with_reader_only else {}
    models: dict[str, dict[str, float]] = before.get("models", {})
    figures: dict[str, dict[str, float]] = before.get("figures", {})
    asked = kept_or(index, args.papers)
    for has_reader in (True,) if args.with_reader_only else (True, False):
        asked = asked if has_reader else [without_reader(item) for item in asked]
        fit_sentences(index, asked, has_reader, args, models)
        # As in use: what the language model makes of the sentences counts.
        step = "prefilter" if args.without_llm else "rank"
        name, ranking = fitted("answerable", has_reader), fitted(step, has_reader)
        models[name], figures[name] = answerable_model(asked, models[ranking], not args.without_llm)
    models["member"], figures["member"] = member_model(index)
    how = "eval/fit.py on the dev split of eval/questions.jsonl over the listing's abstracts"
    note = {"how": how, "figures": figures, "models": models}
    print(json.dumps(note, indent=1))
    if args.write:
        WEIGHTS.write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
