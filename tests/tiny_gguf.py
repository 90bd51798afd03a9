"""A language model of a few kilobytes with random weights: what a model wants of its prompts can be
tried without its gigabytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

BOS, EOS, START, END = 256, 257, 258, 259  # token ids; those below are bytes
CONTROL, USER_DEFINED = 3, 4  # kinds of token
# As Gemma's, which llama.cpp knows by its first mark.
TURNS = (
    "{{ bos_token }}{% for message in messages %}{{'<start_of_turn>' + message['role'] + '\n' + "
    "message['content'] + '<end_of_turn>\n'}}{% endfor %}<start_of_turn>model\n"
)
_WIDTH, _INNER = 32, 64


def write_gguf(
    path: Path, *, template: str = TURNS, marks: int = CONTROL, begins: bool = False
) -> Path:
    """Write the model.

    Args:
        marks: the kind of the tokens that open and close turns.
        begins: whether every text has to begin with `BOS`.
    """
    import gguf

    from rag.tokens import _byte_to_unicode

    stand_ins = _byte_to_unicode()
    tokens = [stand_ins[b] for b in range(256)]
    tokens += ["<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // 2)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 256 + [CONTROL, CONTROL, marks, marks])
    writer.add_token_merges(["Ġ Ġ"])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_eot_token_id(END)
    writer.add_add_bos_token(begins)
    if template:
        writer.add_chat_template(template)
    chance = np.random.default_rng(0)
    shapes = {
        "token_embd": (len(tokens), _WIDTH),
        "output": (len(tokens), _WIDTH),
        "blk.0.attn_q": (_WIDTH, _WIDTH),
        "blk.0.attn_k": (_WIDTH, _WIDTH),
        "blk.0.attn_v": (_WIDTH, _WIDTH),
        "blk.0.attn_output": (_WIDTH, _WIDTH),
        "blk.0.ffn_gate": (_INNER, _WIDTH),
        "blk.0.ffn_up": (_INNER, _WIDTH),
        "blk.0.ffn_down": (_WIDTH, _INNER),
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", chance.normal(0, 0.2, shape).astype(np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
