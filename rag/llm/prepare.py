"""The packaged model in the format that is fastest here at equal evidence quality.

At set-up the GGUF as shipped is requantised to near-lossless formats; each is timed on probe
readings, and the fastest whose likelihoods agree with the original's is kept in the cache with
its digest. Prompts are what an answer's time is made of, and formats differ by 2 to 3 times on
one machine and in another order on the next.
"""

from __future__ import annotations

import ctypes
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rag.caching import alone, read_note, replace_folder
from rag.config import cache_dir
from rag.llm.engine import LocalModel, Reading, _library
from rag.models import ModelCard, file_digest, require_file, verified_digest

# llama.cpp's file types. Only formats that keep the shipped weights' precision are tried.
_FORMATS = {"Q8_0": 7, "F16": 1}
_AGREEMENT_NATS = 0.1  # mean absolute difference of likelihoods that counts as equal
_FORM = 1  # raised when formats are made or chosen in another way; 1 where a note names none
NOTE = "choice.json"  # says which format was chosen and what was measured
_PASSAGES = (
    "We collected 1,204 field recordings from nine harbours and labelled them by hand.",
    "The estimator needs no tuning and halves the error of the best earlier method.",
    "Earlier surveys of coastal noise relied on a single microphone and one season.",
    "All recordings, labels and code are released under a permissive licence.",
    "Its accuracy falls from 91.3% to 84.0% when the wind exceeds ten metres a second.",
    "A small network, trained in two hours on one processor, separates ships from surf.",
)
PROBES = len(_PASSAGES)
_QUESTION = " How many recordings were labelled, and where do they come from?"


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """A model file to load: `quantization` is of this file, `sha256` of the one distributed."""

    path: Path
    quantization: str
    sha256: str


def prepared_folder(card: ModelCard) -> Path:
    """Where the chosen format of this model is kept."""
    return cache_dir() / f"llm-{card.name}-{card.sha256[:12]}"


def ready_model(
    card: ModelCard, threads: int, notice: Callable[[str], None] = lambda _: None
) -> ReadyModel:
    """The model in its best local format, chosen on first use (about 15 s).

    Args:
        notice: told what is going on when it takes long or can't be done.

    Raises:
        ModelError: the model isn't installed or is another file than the manifest's.
    """
    original = require_file(card)
    kept = _kept(card)
    if kept is not None:
        return kept
    shipped = ReadyModel(original, card.quantization, card.sha256)
    waiting = f"another process is preparing {card.title}; waiting for it"
    try:
        with alone(prepared_folder(card), lambda: notice(waiting)):
            if _kept(card) is None:
                notice(f"preparing {card.title} for this machine (once)")
                _keep_best(card, original, threads)
    except OSError as e:
        notice(
            f"cannot keep a faster form of {card.title} ({e.strerror or e}); using it as shipped"
        )
        return shipped
    return _kept(card) or shipped


def _kept(card: ModelCard) -> ReadyModel | None:
    folder = prepared_folder(card)
    note = read_note(folder / NOTE)
    name, file = note.get("quantization"), note.get("file", "")
    if note.get("form", 1) != _FORM or not isinstance(name, str) or not isinstance(file, str):
        return None
    if not file:
        return ReadyModel(require_file(card), name, card.sha256)
    try:
        good = verified_digest(folder / file) == note.get("sha256")
    except (OSError, ValueError):
        return None
    return ReadyModel(folder / file, name, card.sha256) if good else None


def _keep_best(card: ModelCard, original: Path, threads: int) -> None:
    """Measure the formats beside the folder, and keep there what was chosen."""
    folder = prepared_folder(card)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="prepare-") as place:
        measured = measure_formats(original, card.quantization, threads, Path(place))
        equal = [m for m in measured if m.difference <= _AGREEMENT_NATS]
        best = min(equal, key=lambda m: m.seconds)
        fresh = Path(place) / "made"
        fresh.mkdir()
        note = {
            "form": _FORM,
            "quantization": best.name,
            "measured": {m.name: m.seconds for m in measured},
        }
        if best.path != original:
            best.path.rename(fresh / best.path.name)
            kept_file = fresh / best.path.name
            note |= {"file": kept_file.name, "sha256": file_digest(kept_file)}
        (fresh / NOTE).write_text(json.dumps(note), encoding="utf-8")
        replace_folder(fresh, folder)


@dataclass(frozen=True, slots=True)
class Measured:
    """A format tried: seconds for the probe readings, and how far its likelihoods are off."""

    name: str
    path: Path
    seconds: float
    difference: float


def measure_formats(original: Path, quantization: str, threads: int, place: Path) -> list[Measured]:
    """Requantise into `place` and time each format; the original comes first."""
    import numpy as np

    probes = [
        Reading("A survey of harbour sounds.", f" {p}\nQuestion:", _QUESTION) for p in _PASSAGES
    ]
    measured: list[Measured] = []
    reference = None
    for name in (quantization, *_FORMATS):
        path = (
            original
            if name == quantization
            else place / f"{original.stem.split('.')[0]}.{name}.gguf"
        )
        if path != original and not requantise(original, path, _FORMATS[name]):
            continue
        model = LocalModel(path, threads, context=1024)
        try:
            scores = model.likelihoods(probes)
            spent = []
            for _ in range(3):
                start = time.perf_counter()
                model.likelihoods(probes)
                spent.append(time.perf_counter() - start)
        finally:
            model.close()
        reference = scores if reference is None else reference
        measured.append(Measured(name, path, min(spent), float(np.abs(scores - reference).mean())))
    return measured


def requantise(source: Path, target: Path, file_type: int) -> bool:
    """Write `source` in another format; False when llama.cpp won't."""
    lib = _library()
    params = lib.llama_model_quantize_default_params()
    params.allow_requantize = True
    params.ftype = file_type
    code = lib.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(params)
    )
    return bool(code == 0) and target.is_file()
