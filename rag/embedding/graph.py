"""Networks as ONNX graphs kept in the cache: made once, used only while they are what was made.

A graph's weights stand in a file of their own that is mapped into memory, so that a process that
asks one question starts at once. A folder is replaced whole or not at all.
"""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.caching import alone, read_note, replace_folder
from rag.errors import DiskError, ModelError, RagError
from rag.models import file_digest, verified_digest

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

# These two steps as one operator are four times slower than one after the other.
_UNFUSED = ("SkipLayerNormFusion",)
_REMEDY = "reinstall the pinned packages: pip install -c constraints.txt -e ."
GRAPH, WEIGHTS, NOTE = "encoder.onnx", "encoder.bin", "encoder.json"


def kept_graph(
    folder: Path,
    title: str,
    form: int,
    tolerance: float,
    make: Callable[[Path], Mapping[str, Any]],
    notice: Callable[[str], None],
) -> Path:
    """The graph in a folder of the cache, made on first use; former ones of its kind then go.

    Args:
        folder: named "kind-digest".
        title: of the model, for people.
        form: raised when graphs are made in another way; older ones are then made anew.
        make: writes the graph to a path and returns what to note about it, "difference" among it:
            the largest one to the original's values.
        tolerance: the largest difference allowed.
        notice: told when the export starts, or another process is at it, since it takes long.

    Raises:
        ModelError: the network can't be made, or the graph disagrees with it.
        DiskError: no room for it.
    """
    if _whole(folder, form):
        return folder / GRAPH
    waiting = f"another process is exporting {title}; waiting for it"
    try:
        with alone(folder, lambda: notice(waiting)):
            if not _whole(folder, form):
                notice(f"exporting {title} for this machine (once)")
                _keep(folder, title, form, tolerance, make)
    except OSError as e:
        raise DiskError(
            f"cannot keep the exported {title} in {folder.parent}: {e.strerror or e}",
            "free 200 MB there, or name another folder in $RAG_CACHE",
        ) from e
    return folder / GRAPH


def _whole(folder: Path, form: int) -> bool:
    """Whether a folder holds a graph of this form, as it was written."""
    note = read_note(folder / NOTE)
    if note.get("form") != form:
        return False
    try:
        digests = {name: verified_digest(folder / name) for name in (GRAPH, WEIGHTS)}
    except OSError:
        return False
    return bool(digests == note.get("sha256"))


def _keep(
    folder: Path, title: str, form: int, tolerance: float, make: Callable[[Path], Mapping[str, Any]]
) -> None:
    """Make the graph beside its folder, and put it there once it was found equal."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="export-") as place:
        fresh = Path(place) / "made"
        fresh.mkdir()
        noted = _made(title, make, fresh / GRAPH)
        # Not ">": what is no number is no small difference either.
        if not noted["difference"] <= tolerance:
            raise ModelError(
                f"the exported {title} differs from the original by {noted['difference']:.1e}",
                _REMEDY,
            )
        digests = {name: file_digest(fresh / name) for name in (GRAPH, WEIGHTS)}
        note = {"form": form, "sha256": digests, **noted}
        (fresh / NOTE).write_text(json.dumps(note), encoding="utf-8")
        replace_folder(fresh, folder)


def farthest(ours: NDArray[np.floating[Any]], theirs: NDArray[np.floating[Any]]) -> float:
    """The largest absolute difference of two arrays of one shape; infinite when any value of
    either isn't finite."""
    import numpy as np

    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return float("inf")
    return float(np.abs(ours - theirs).max())


def _made(title: str, make: Callable[[Path], Mapping[str, Any]], target: Path) -> Mapping[str, Any]:
    try:
        return make(target)
    except RagError:
        raise
    except Exception as e:
        if isinstance(e, OSError) and e.errno is not None:
            raise  # the disk's
        raise ModelError(f"cannot export {title} ({type(e).__name__}: {e})", _REMEDY) from e


def export(
    network: torch.nn.Module,
    inputs: tuple[torch.Tensor, ...],
    names: Sequence[str],
    outputs: Sequence[str],
    shapes: Mapping[str, Any],
    target: Path,
) -> None:
    """Write a network as an optimised graph beside its weights.

    Args:
        inputs: examples, in the order of `names`.
        shapes: by the network's argument, which dimensions vary (see torch.export).
    """
    import onnxruntime
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network, inputs, input_names=names, output_names=outputs, dynamic_shapes=dict(shapes),
            dynamo=True, verbose=False,
        )  # fmt: skip
        assert program is not None
        raw = target.with_name("raw.onnx")
        program.save(str(raw), external_data=False)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    for key, value in (
        ("session.optimized_model_external_initializers_file_name", WEIGHTS),
        ("session.optimized_model_external_initializers_min_size_in_bytes", "1024"),
    ):
        options.add_session_config_entry(key, value)
    onnxruntime.InferenceSession(
        str(raw), options, providers=["CPUExecutionProvider"], disabled_optimizers=list(_UNFUSED)
    )
    raw.unlink()


def open_session(graph: Path, threads: int) -> Any:
    """A kept graph, ready to run on the CPU.

    Args:
        threads: 0 leaves the number to onnxruntime.

    Raises:
        ModelError: it can't be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Spinning while waiting slows everything else on the machine, this program included.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as e:
        raise ModelError(
            f"the exported network {graph} cannot be loaded ({type(e).__name__})",
            f"delete {graph.parent} and run the command again",
        ) from e
