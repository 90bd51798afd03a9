"""What a reader of the figures must know beside them."""

from __future__ import annotations

NOTES = """Written by `python -m eval.claims.bench` (half a minute, no language model, nothing
outside this repository); don't edit. `python -m eval.claims.bench LISTING` prints the same for
another corpus.

![ROC](roc.svg)

How to read this: the nearer a claim is to its evidence, the better the check is. On near copies
made by rule it meets its target (first table). On free paraphrases written by hand it does not:
it refuses more than half of the true ones it was not tuned on, which costs a paraphrase (the
evidence is quoted instead), and lets about one wrong one in ten through, which costs trust. Before
the last round of rules it refused 36 of 40 (development half) and 32 of 40 (held back) of those
paraphrases and caught 34 and 36 of 40 wrong ones. What was gained on the development half came
with looking at its errors one by one; the held-back half shows how little of that carries over.
A passed check is a strong filter, not a proof.

All hand-written claims, and the rules, have one kind of author, who knew the check's outline, and
the rules were changed soon after the claims were written: the held-back half was never looked at
claim by claim while they were, only its totals, but it is not blind: a few rules ("30 frames per
second" for "30 FPS", "alone" for "only") cover wordings that their author knew to be in it. Near
copies and free paraphrases are the two ends of what a small language model writes.

Later rules ask for what stands over or around a statement: "there is no evidence that", "half of
the", "unless", "was built to", "but the other did not", "by" or "to" a figure, and who does what
to whom around any verb or preposition. Written to break the check, 284 wrong claims that show
such holes and 45 more went through at 217 and 40, and do at 27 and 0. Of 128 that were written
when these rules were, for the tests and for a last look, 112 went through before them, 3 at that
look and 1 now; of 109 true ones beside them, 19 were refused and 6 are. Their authors knew the
check, so that these counts say which holes are closed, not how often a writer would fall into
others.

Known to get through: the scope of a condition ("under drought" told of irrigation, where both are
in one sentence), conditions with "when" and what follows a noun ("all wells near the mine") left
out, an adjective before the subject left out ("stray cats" told as "cats"), "or" told as "and",
pronouns and elliptic plurals ("six-layer ones beat them" told the other way round), one or two
general words added to a long true claim, and evidence of two papers in one call. `check_claim`
must be given the evidence of ONE paper. Known to be refused though true: summaries that draw a
conclusion, inverted comparisons ("B is slower" for "A is faster"), words outside our synonyms,
derived figures, rounded figures, what something was proposed to do told as what it does.

The threshold only concerns uncovered words; what a check refuses scores 0.35 at most, so the
curves have a step there. Rates below 0.35 are hypothetical: `check_claim` refuses those anyway.
"""

SURPRISAL = """### Would the language model help?

Measured once, with the rules of then and the default model (SmolLM2-135M-Instruct, F16), `python -m
eval.claims.surprisal MODEL.gguf`, 80 s: mean log P(claim | evidence) minus mean log P(claim),
nats per token. It is not used, because it makes the curve worse: a wrong claim made by changing
one word of the evidence is far more likely to the model than a true one in other words.

| area under the curve | development half | held back |
| --- | --- | --- |
| surprisal alone | 0.121 | 0.214 |
| rules alone | 0.834 | 0.741 |
| rules + 0.02 × surprisal | 0.828 | 0.727 |
| rules + 0.1 × surprisal | 0.804 | 0.688 |
| rules + 0.5 × surprisal | 0.508 | 0.481 |
"""
