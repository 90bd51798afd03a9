"""One GGUF model in memory: likelihoods of given text, and text under a grammar.

The model's state is cleared between calls, so that equal calls give equal results. Calls from
several threads wait for each other. This package is the only importer of llama_cpp.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError, UsageError
from rag.llm.template import SYSTEM, USER, template_parts, without_marks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 512  # tokens evaluated together; larger batches were no faster on a CPU
_SEQUENCES = 64  # readings evaluated together at most


@dataclass(frozen=True, slots=True)
class Reading:
    """What `LocalModel.likelihoods` scores: the target after context and passage.

    Readings that stand next to each other with an equal `context` share its evaluation.
    """

    context: str
    passage: str
    target: str


class LocalModel:
    """A loaded GGUF.

    Args:
        path: the GGUF file.
        threads: CPU threads.
        context: longest prompt and answer together, in tokens.

    Raises:
        ModelError: the file is missing, no GGUF, or of an architecture llama.cpp doesn't know.
    """

    def __init__(self, path: Path, threads: int, context: int = 4096) -> None:
        self.path = path
        check_magic(path)
        self._lib = lib = _library()
        model_params = lib.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self._model = lib.llama_model_load_from_file(str(path).encode(), model_params)
        if not self._model:
            raise ModelError(
                f"{path} cannot be loaded as a language model (damaged, or of an unknown kind)",
                "check the download, or choose another with --model",
            )
        self._vocab = lib.llama_model_get_vocab(self._model)
        self.vocabulary_size = int(lib.llama_vocab_n_tokens(self._vocab))
        bos = int(lib.llama_vocab_bos(self._vocab))
        # What every text of this model begins with: many were never trained on one without it.
        self._begin = [bos] if lib.llama_vocab_get_add_bos(self._vocab) and bos >= 0 else []
        params = lib.llama_context_default_params()
        params.n_ctx = min(context, int(lib.llama_model_n_ctx_train(self._model)) or context)
        params.n_batch = params.n_ubatch = _BATCH
        params.n_seq_max = _SEQUENCES
        params.n_outputs_max = params.n_outputs_max_per_seq = _BATCH
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = True
        self._context = lib.llama_init_from_model(self._model, params)
        if not self._context:
            raise ModelError(
                f"no memory for the language model {path.name}", "choose a smaller one with --model"
            )
        self.context_tokens = int(params.n_ctx)
        self._batch = lib.llama_batch_init(_BATCH, 0, _SEQUENCES)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Free the model's memory; the object can't be used afterwards."""
        if self._context:
            self._lib.llama_batch_free(self._batch)
            self._lib.llama_free(self._context)
            self._lib.llama_model_free(self._model)
            self._context = None

    # ── tokens ──────────────────────────────────────────────────────────────────────────────────

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids of `text`, without begin or end markers.

        Args:
            special: read control tokens such as <|im_start|> as such. Only for the model's own
                template: text of users and papers is always read as plain text.
        """
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (ctypes.c_int32 * room)()
        n = self._lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        return list(buffer[:n])

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(128)
        n = self._lib.llama_token_to_piece(self._vocab, token, buffer, 128, 0, False)
        return bytes(buffer.raw[: max(n, 0)])

    def chat_prompt(self, system: str, user: str) -> list[int]:
        """A system and a user message in the model's own chat template, up to the answer, as
        token ids.

        Falls back to plain text for models without one. Only the template's own parts are read
        with control tokens, so that no abstract or question can end its own turn.
        """
        texts = {SYSTEM: system, USER: user}
        parts = template_parts(self._lib, self._model)
        own = {part: self.tokens(part, special=True) for part in parts if part not in texts}
        marks = [self._mark(token) for ids in own.values() for token in ids]
        given = {name: self.tokens(without_marks(text, marks)) for name, text in texts.items()}
        found = [token for part in parts for token in (own | given)[part]]
        return found if found[:1] == self._begin else [*self._begin, *found]

    def _mark(self, token: int) -> str:
        """The text of a token that stands for itself in plain text too, as the marks of some
        models' templates do; "" for any other."""
        kind = int(self._lib.llama_vocab_get_attr(self._vocab, token))
        if not kind & int(self._lib.LLAMA_TOKEN_ATTR_USER_DEFINED):
            return ""
        return self._piece(token).decode("utf-8", "replace")

    @property
    def quantization(self) -> str:
        """The format that the file's own description names ("Q4_K - Medium", "F16", …)."""
        buffer = ctypes.create_string_buffer(256)
        self._lib.llama_model_desc(self._model, buffer, 256)
        return buffer.value.decode("utf-8", "replace")

    # ── likelihood ──────────────────────────────────────────────────────────────────────────────

    def likelihoods(
        self, readings: Sequence[Reading], progress: Callable[[int, int], None] | None = None
    ) -> NDArray[np.float32]:
        """Mean log-probability of each target's tokens after its context and passage.

        Query likelihood when the target is a question: Sachan et al. 2022, "Improving Passage
        Retrieval with Zero-Shot Question Generation", section 2.2. Readings are packed into
        batches as sequences of their own; a shared context is evaluated once, and logits are
        computed only where a target token is predicted.

        Returns:
            float32 (len(readings),), nats per token, <= 0. Passages are cut at the end when
            a reading is over 512 tokens.

        Raises:
            ValueError: a passage or a target is empty.
        """
        import numpy as np

        if not all(r.passage and r.target for r in readings):
            raise ValueError("a reading needs a passage and a target")
        scores = np.zeros(len(readings), dtype=np.float32)
        with self._lock:
            done = 0
            for group in self._packed(readings):
                self._evaluate(group, scores)
                done += sum(len(members) for _, members in group)
                if progress is not None:
                    progress(done, len(readings))
        return scores

    def _packed(self, readings: Sequence[Reading]) -> Iterator[list[_Shared]]:
        """Readings as batches of at most _BATCH tokens: [(context tokens, members), …]."""
        group: list[_Shared] = []
        used = sequences = 0
        targets = {t: self.tokens(t) for t in {r.target for r in readings}}
        contexts = {c: [*self._begin, *self.tokens(c)[:128]] for c in {r.context for r in readings}}
        for index, reading in enumerate(readings):
            context, target = contexts[reading.context], targets[reading.target]
            target = target[: _BATCH // 2]
            passage = self.tokens(reading.passage)[: _BATCH - len(context) - len(target)]
            member = (index, passage, target)
            cost = len(passage) + len(target) - 1
            shared = bool(group) and readings[index - 1].context == reading.context
            need = cost + (0 if shared else len(context))
            if group and (used + need > _BATCH or sequences == _SEQUENCES):
                yield group
                group, used, sequences, shared = [], 0, 0, False
                need = cost + len(context)
            if shared:
                group[-1][1].append(member)
            else:
                group.append((context, [member]))
            used += need
            sequences += 1
        if group:
            yield group

    def _evaluate(self, group: list[_Shared], scores: NDArray[np.float32]) -> None:
        import numpy as np

        lib, batch = self._lib, self._batch
        lib.llama_memory_clear(lib.llama_get_memory(self._context), False)
        batch.n_tokens = 0
        predicted: list[tuple[int, list[int]]] = []
        first = 0
        for context, members in group:
            sequences = list(range(first, first + len(members)))
            first += len(members)
            for position, token in enumerate(context):
                self._add(token, position, sequences, False)
            for sequence, (index, passage, target) in zip(sequences, members, strict=True):
                # The last target token is predicted, never read.
                run = passage + target[:-1]
                for offset, token in enumerate(run):
                    wanted = offset >= len(passage) - 1
                    self._add(token, len(context) + offset, [sequence], wanted)
                predicted.append((index, target))
        self._decode()
        rows = sum(len(target) for _, target in predicted)
        pointer = lib.llama_get_logits(self._context)
        logits = np.ctypeslib.as_array(pointer, shape=(rows, self.vocabulary_size))
        row = 0
        for index, target in predicted:
            part = logits[row : row + len(target)]
            row += len(target)
            top = part.max(axis=1)
            norm = np.log(np.exp(part - top[:, None]).sum(axis=1)) + top
            chosen = part[np.arange(len(target)), target]
            scores[index] = float((chosen - norm).mean())

    def _add(self, token: int, position: int, sequences: Sequence[int], wanted: bool) -> None:
        batch, n = self._batch, self._batch.n_tokens
        batch.token[n] = token
        batch.pos[n] = position
        batch.n_seq_id[n] = len(sequences)
        for k, sequence in enumerate(sequences):
            batch.seq_id[n][k] = sequence
        batch.logits[n] = wanted
        batch.n_tokens = n + 1

    def _decode(self) -> None:
        code = self._lib.llama_decode(self._context, self._batch)
        if code != 0:
            raise ModelError(
                f"the language model stopped with code {code}", "choose another with --model"
            )

    # ── text ────────────────────────────────────────────────────────────────────────────────────

    def room(self, max_tokens: int) -> int:
        """Tokens that a prompt may have when as many as `max_tokens` are to follow it."""
        return self.context_tokens - max_tokens

    def generate(
        self,
        prompt: str | Sequence[int],
        grammar: str,
        max_tokens: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[str]:
        """Greedy text after `prompt`, as it comes.

        Args:
            prompt: the tokens of `chat_prompt`, or plain text.
            grammar: GBNF, its root rule called "root"; "" for free text.
            max_tokens: bound of the text's length.
            stopped: asked before every token; True ends the text there.

        Raises:
            UsageError: the prompt leaves no room. ModelError: the grammar is wrong.
        """
        lib = self._lib
        ids = [*self._begin, *self.tokens(prompt)] if isinstance(prompt, str) else list(prompt)
        room = self.room(max_tokens)
        if len(ids) > room:
            raise UsageError(
                f"the prompt has {len(ids)} tokens; the model takes {room}",
                "ask with fewer papers (-k)",
            )
        with self._lock:
            lib.llama_memory_clear(lib.llama_get_memory(self._context), False)
            sampler = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
            try:
                if grammar:
                    rule = lib.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
                    if not rule:
                        raise ModelError("the answer grammar was refused by llama.cpp")
                    lib.llama_sampler_chain_add(sampler, rule)
                lib.llama_sampler_chain_add(sampler, lib.llama_sampler_init_greedy())
                yield from self._sample(ids, sampler, max_tokens, stopped)
            finally:
                lib.llama_sampler_free(sampler)

    def _sample(
        self, ids: list[int], sampler: Any, max_tokens: int, stopped: Callable[[], bool]
    ) -> Iterator[str]:
        lib, position, pending = self._lib, 0, b""
        for _ in range(max_tokens):
            while ids:
                part, ids = ids[:_BATCH], ids[_BATCH:]
                self._batch.n_tokens = 0
                for k, token in enumerate(part):
                    self._add(token, position + k, [0], not ids and k == len(part) - 1)
                position += len(part)
                self._decode()
                if stopped():
                    return
            token = lib.llama_sampler_sample(sampler, self._context, -1)
            if lib.llama_vocab_is_eog(self._vocab, token):
                break
            pending += self._piece(token)
            try:
                # A character may be spread over several tokens.
                yield pending.decode()
                pending = b""
            except UnicodeDecodeError:
                pass
            ids = [token]
            if stopped():
                return


_Member = tuple[int, list[int], list[int]]
_Shared = tuple[list[int], list[_Member]]


@lru_cache(maxsize=1)
def _library() -> Any:
    """llama_cpp's bindings, their log silenced: nothing is printed but by the command line."""
    # Threads that spin while they wait are several times slower on a busy machine, and not
    # measurably faster on an idle one.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import llama_cpp

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]  # a ctypes function type
    def silent(level: int, text: bytes, data: Any) -> None:
        return None

    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.rag_log_callback = silent  # type: ignore[attr-defined]  # kept alive for the library's life
    llama_cpp.llama_backend_init()
    return llama_cpp


def check_magic(path: Path) -> None:
    """Refuse early, by name, what cannot be a model.

    Raises:
        ModelError: no such file, or not in GGUF format.
    """
    try:
        with path.open("rb") as f:
            magic = f.read(4)
    except OSError as e:
        raise ModelError(
            f"cannot read the model file {path}: {e.strerror}", "see: rag models list"
        ) from e
    if magic != b"GGUF":
        raise ModelError(
            f"{path} is not a GGUF file",
            "give --model a .gguf file, or a name from: rag models list",
        )
