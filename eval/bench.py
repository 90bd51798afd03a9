"""Speed and memory on this machine, beside the stock way; writes eval/bench.md.

    python eval/bench.py [--questions 20] [--abstracts 96] [--out eval/bench.md]

Each part runs in a process of its own, so that its peak memory is its own; nothing else should
run meanwhile (the load average is written down). The stock way is what a first tutorial builds:
sentence-transformers as loaded, the GGUF as shipped through llama_cpp.Llama, the five nearest
abstracts whole in the prompt, free text out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.config import Settings, thread_count
from rag.evaluation import baseline
from rag.evaluation.machine import machine
from rag.evaluation.questions import Asked, chosen, read_questions
from rag.models import ModelCard, data_file, find_card, require_file
from rag.records import Paper
from rag.starter import starter_papers

HERE = Path(__file__).parent
RAG = Path(sys.executable).with_name("rag")
RUNS = 7
QUESTION = "How many dialogs are in Taskmaster-1 and how were they collected?"
Values = dict[str, float]


# ── processes ───────────────────────────────────────────────────────────────────────────────────


def environment() -> dict[str, str]:
    """This one, but byte code is kept, as on a user's machine."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def process(command: Sequence[str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of one run of a command that must succeed."""
    start = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    _, status, usage = os.wait4(child.pid, 0)
    spent = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with code {child.returncode}")
    scale = 1 if sys.platform == "darwin" else 1024
    return spent, usage.ru_maxrss * scale / 1e6


def cold(arguments: Sequence[str], runs: int) -> Values:
    """The median of several processes, after one that warms byte code and file caches."""
    process([str(RAG), *arguments])
    found = [process([str(RAG), *arguments]) for _ in range(runs)]
    return {
        "seconds": statistics.median(s for s, _ in found),
        "mb": statistics.median(mb for _, mb in found),
    }


def part(name: str, options: argparse.Namespace) -> Values:
    """One part in a process of its own."""
    print(f"measuring: {name}", file=sys.stderr)
    command = [
        sys.executable, str(Path(__file__).resolve()), "--part", name, "--questions",
        str(options.questions), "--abstracts", str(options.abstracts),
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment(), check=True)
    found: Values = json.loads(done.stdout.splitlines()[-1])
    return found


# ── parts ───────────────────────────────────────────────────────────────────────────────────────


def questions_of(count: int) -> list[Asked]:
    """Answerable questions with facts, evenly spread over the bundled set."""
    everything = read_questions(data_file("eval", "questions.jsonl"))
    return chosen([q for q in everything if q.answerable and q.facts], "all", count)


def ours(options: argparse.Namespace) -> Values:
    """Warm questions through the program: the first one is asked before and not counted."""
    from rag.embedding import open_embedder
    from rag.evaluation.answering import ask_all, peak_memory_mb
    from rag.pipeline import Assistant
    from rag.session import model_loader, token_counter
    from rag.starter import open_starter

    settings = Settings()
    index = open_starter(open_embedder(settings), settings, token_counter())
    assistant = Assistant(index, settings, model_loader(settings, lambda _: None))
    asked = questions_of(options.questions)
    ask_all(assistant, asked[-1:])
    outcomes = [j.outcome for j in ask_all(assistant, asked).judged]
    return {
        "seconds": statistics.median(o.total_ms for o in outcomes) / 1000,
        "mb": peak_memory_mb(),
        "facts": statistics.mean(o.in_claims for o in outcomes),
        "cited": statistics.mean(float(o.cited) for o in outcomes),
        "words": statistics.median(o.words for o in outcomes),
    }


def stock(options: argparse.Namespace) -> Values:
    """The same questions over the same papers the stock way."""
    import llama_cpp
    from sentence_transformers import SentenceTransformer

    from rag.evaluation.answering import peak_memory_mb

    embedder = SentenceTransformer(str(require_file(_card("embedder")).parent), device="cpu")
    papers = list(starter_papers())
    texts = [f"{p.title}. {p.abstract}" for p in papers]
    matrix = embedder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    model = llama_cpp.Llama(
        str(require_file(_card("llm"))), n_ctx=4096, n_threads=_threads(),
        n_threads_batch=_threads(), verbose=False,
    )  # fmt: skip

    def search(question: str) -> list[Paper]:
        vector = embedder.encode([question], normalize_embeddings=True, show_progress_bar=False)[0]
        best = sorted(range(len(papers)), key=lambda i: -float(matrix[i] @ vector))
        return [papers[i] for i in best[: baseline.PAPERS]]

    def write(system: str, user: str) -> str:
        messages: Any = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        reply: Any = model.create_chat_completion(
            messages, temperature=0.0, max_tokens=baseline.TOKENS
        )
        return str(reply["choices"][0]["message"]["content"] or "")

    asked = questions_of(options.questions)
    baseline.ask_plainly(asked[-1], search, write)
    found = [baseline.ask_plainly(one, search, write) for one in asked]
    return {
        "seconds": statistics.median(p.seconds for p in found), "mb": peak_memory_mb(),
        "facts": statistics.mean(p.facts for p in found),
        "cited": statistics.mean(float(p.cited) for p in found),
        "words": statistics.median(p.words for p in found),
    }  # fmt: skip


def embedding(engine: str) -> Callable[[argparse.Namespace], Values]:
    """Abstracts a second, vectors of title and abstract, by one engine."""

    def measured(options: argparse.Namespace) -> Values:
        from rag.evaluation.answering import peak_memory_mb

        card = _card("embedder")
        if engine == "onnx":
            from rag.embedding.onnx import OnnxEmbedder

            embedder: Any = OnnxEmbedder(card, _threads())
        else:
            import torch

            from rag.embedding.torch import TorchEmbedder

            torch.set_num_threads(_threads())
            embedder = TorchEmbedder.packaged(card, bf16=engine == "bf16")
        papers = list(starter_papers())[: options.abstracts]
        texts = [f"{p.title}. {p.abstract}" for p in papers]
        embedder.encode(texts[:16])
        start = time.perf_counter()
        embedder.encode(texts)
        return {"per_second": len(texts) / (time.perf_counter() - start), "mb": peak_memory_mb()}

    return measured


def reading(form: str) -> Callable[[argparse.Namespace], Values]:
    """Tokens a second of likelihood reading, by the model as shipped or as prepared."""

    def measured(options: argparse.Namespace) -> Values:
        from rag.evaluation.answering import peak_memory_mb
        from rag.llm.engine import LocalModel, Reading
        from rag.llm.prepare import ready_model
        from rag.sentences import split_sentences

        card = _card("llm")
        path = require_file(card) if form == "shipped" else ready_model(card, _threads()).path
        model = LocalModel(path, _threads())
        readings = [
            Reading(f"{p.title}.", f" {p.abstract[s.start : s.end]}\nQuestion:", f" {QUESTION}")
            for p in list(starter_papers())[:12]
            for s in split_sentences(p.abstract)
        ]
        titles = {r.context for r in readings}
        tokens = sum(len(model.tokens(t)) for t in titles)
        tokens += sum(len(model.tokens(r.passage)) + len(model.tokens(r.target)) for r in readings)
        model.likelihoods(readings[:4])
        start = time.perf_counter()
        model.likelihoods(readings)
        return {"per_second": tokens / (time.perf_counter() - start), "mb": peak_memory_mb()}

    return measured


PARTS: Mapping[str, Callable[[argparse.Namespace], Values]] = {
    "ours": ours, "stock": stock, "embed-onnx": embedding("onnx"), "embed-fp32": embedding("fp32"),
    "embed-bf16": embedding("bf16"), "read-shipped": reading("shipped"),
    "read-prepared": reading("prepared"),
}  # fmt: skip


def _card(kind: str) -> ModelCard:
    settings = Settings()
    name = settings.embedder if kind == "embedder" else settings.model
    card = find_card("embedder" if kind == "embedder" else "llm", name)
    assert card is not None  # the defaults are in the manifest
    return card


def _threads() -> int:
    return thread_count(Settings())


# ── the report ──────────────────────────────────────────────────────────────────────────────────


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def report(options: argparse.Namespace) -> list[str]:
    """All measurements as Markdown lines."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    lines = [
        "# Speed and memory", "",
        f"One run of `make bench` on: {machine(_threads())}. Load average at the start: "
        f"{load:.1f}. Medians; peak memory is of the whole process.", "",
        row("process", "time", "peak memory"), row("---", "---", "---"),
    ]  # fmt: skip
    process([str(RAG), "ask", QUESTION])  # The models' local forms and the starter index are made.
    for title, arguments, runs in (
        ("cold `rag --help`", ["--help"], RUNS),
        ("cold `rag search`", ["search", QUESTION], RUNS),
        ("cold `rag ask`", ["ask", QUESTION], 3),
    ):
        print(f"measuring: {title}", file=sys.stderr)
        found = cold(arguments, runs)
        lines.append(row(title, f"{found['seconds']:.2f} s", f"{found['mb']:.0f} MB"))
    warm, plain = part("ours", options), part("stock", options)
    asked = f"median of {options.questions} questions"
    for title, v in ((f"warm `rag ask`, {asked}", warm), (f"the stock way, {asked}", plain)):
        lines.append(row(title, f"{v['seconds']:.2f} s", f"{v['mb']:.0f} MB"))
    lines += ["", row("answers to those questions", "facts found", "right paper cited", "words"),
              row("---", "---", "---", "---")]  # fmt: skip
    for title, v in (("this program", warm), ("the stock way", plain)):
        lines.append(row(title, f"{v['facts']:.2f}", f"{v['cited']:.2f}", f"{v['words']:.0f}"))
    lines += ["", row("engine", "speed", "peak memory"), row("---", "---", "---")]
    for name, title, unit in (
        ("embed-onnx", "embedding, onnxruntime (as used)", "abstracts/s"),
        ("embed-fp32", "embedding, sentence-transformers fp32", "abstracts/s"),
        ("embed-bf16", "embedding, torch bf16", "abstracts/s"),
        ("read-shipped", "reading, GGUF as shipped", "tokens/s"),
        ("read-prepared", "reading, GGUF as prepared (as used)", "tokens/s"),
    ):
        v = part(name, options)
        lines.append(row(title, f"{v['per_second']:.0f} {unit}", f"{v['mb']:.0f} MB"))
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--abstracts", type=int, default=96)
    parser.add_argument("--out", type=Path, default=HERE / "bench.md")
    parser.add_argument("--part", choices=list(PARTS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if options.part:
        print(json.dumps(PARTS[options.part](options)))
        return 0
    text = "\n".join(report(options)) + "\n"
    print(text, end="")
    options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
