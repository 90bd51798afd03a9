"""The claim check refuses what the evidence does not say, and never a verbatim sentence."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.claims import DEFAULT, Verdict, check_claim, check_quote
from rag.claims.check import examine
from rag.claims.quantities import same_value
from rag.claims.stems import root, stem
from rag.claims.text import normalise, tokens_of
from tests.claim_corruptions import (
    INNER,
    Case,
    cases_of,
    read_claims,
    read_handwritten,
    read_starter,
)

ROOT = Path(__file__).parents[1]
HANDWRITTEN = ROOT / "eval" / "claims" / "handwritten.txt"
PARAPHRASES = ROOT / "eval" / "claims" / "handwritten.jsonl"
STARTER = ROOT / "rag" / "data" / "starter.jsonl"
ABSTRACTS, CASES = read_handwritten(HANDWRITTEN)
SENTENCES = [sentence for _, sentences in ABSTRACTS for sentence in sentences]
TITLES = [title for title, _ in ABSTRACTS]


def verdict(claim: str, *evidence: str) -> Verdict:
    return check_claim(claim, evidence)


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The set has 13215 dialogs.", "The set has 13,215 dialogs."),
        ("The set has 1.5 million images.", "The set has 1.5M images."),
        ("It is three times faster than Foo.", "It is 3x faster than Foo."),
        ("It is 3-fold faster than Foo.", "It is three times faster than Foo."),
        ("Accuracy is 4 percent.", "Accuracy is 4%."),
        ("The gain is 4.0 points.", "The gain is +4.0 points."),
        ("It covers twelve languages.", "It covers 12 languages."),
        ("About 40 users took part.", "~40 users took part."),
        ("It covers 27 languages.", "It covers twenty-seven languages."),
        ("Two thirds of patients recovered.", "Two-thirds of patients recovered."),
    ],
)
def test_numbers_compare_by_value_and_unit(claim: str, evidence: str) -> None:
    assert verdict(claim, evidence).supported, verdict(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence", "word"),
    [
        ("Accuracy is 3.5%.", "Accuracy is 5.3%.", "3.5%"),
        ("Training took 3 days.", "Training took 3 hours.", "3 days"),
        ("The set has 13,215 images.", "The set has 13,215 dialogs but no images.", "13,215"),
        ("The set has 1.5 billion images.", "The set has 1.5M images.", "1.5 billion"),
        ("It is 40% faster.", "It is up to 40% faster.", "40%"),
        ("It costs at least 5 GB.", "It costs at most 5 GB.", "5 GB"),
        ("A reaches 81.1% and B 76.3%.", "A reaches 76.3% and B 81.1%.", "81.1%"),
        ("The rate falls from 2% to 9%.", "The rate falls from 9% to 2%.", "2%"),
        (
            "FooNet and BarNet reach 7.1% and 6.2%.",
            "FooNet and BarNet reach 6.2% and 7.1%, respectively.",
            "7.1%",
        ),
    ],
)
def test_wrong_numbers_are_named(claim: str, evidence: str, word: str) -> None:
    found = verdict(claim, evidence)
    assert not found.supported
    assert word in found.reason


def test_ranges_share_their_unit() -> None:
    values = [t.quantity for t in tokens_of("gains of 2-3x") if t.quantity]
    assert [(q.value, q.unit) for q in values] == [(2.0, "x"), (3.0, "x")]


def test_digits_in_names_are_no_quantities() -> None:
    assert not any(t.quantity for t in tokens_of("GPT-4, Llama-3-8B and top-1"))


# ── names ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("NAS relies on proxies.", "Neural Architecture Search (NAS) relies on proxies."),
        ("Neural Architecture Search relies on proxies.", "NAS relies on proxies."),
        ("ChatGPT answers questions.", "Chat-GPT answers questions."),
        ("GPT 4 answers questions.", "GPT-4 answers questions."),
        ("LLMs answer questions.", "An LLM can answer questions."),
        ("Large language models are slow.", "LLMs are slow."),
    ],
)
def test_variants_of_names_are_the_same(claim: str, evidence: str) -> None:
    assert verdict(claim, evidence).supported, verdict(claim, evidence)


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("GPT-3 answers questions.", "GPT-4 answers questions."),
        ("The Samsung Galaxy S23 Ultra answers questions.", "The phone answers questions."),
        ("FooNet beats BarNet.", "BarNet beats FooNet."),
        ("Baz reaches the best score.", "FooNet reaches the best score. Baz is a baseline."),
    ],
)
def test_other_names_are_refused(claim: str, evidence: str) -> None:
    assert not verdict(claim, evidence).supported


def test_vocabulary_unmasks_invented_words() -> None:
    found = check_claim(
        "Zorblax improves accuracy.", ["FooNet improves accuracy."], vocabulary={"accuracy"}
    )
    assert not found.supported
    assert "Zorblax" in found.reason


# ── what is said of them ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The method needs labels.", "The method needs no labels."),
        ("The method does not need labels.", "The method needs labels."),
        ("The rate is affected by pH.", "The rate is unaffected by pH."),
        ("FooNet improves recall.", "FooNet fails to improve recall."),
        ("FooNet increases latency.", "FooNet reduces latency."),
        ("FooNet increases memory and reduces accuracy.", "FooNet reduces memory and increases "
         "accuracy."),
        ("FooNet is slower than BarNet.", "FooNet is faster than BarNet."),
        ("BarNet outperforms FooNet.", "FooNet outperforms BarNet."),
        ("FooNet is outperformed by BarNet.", "FooNet outperforms BarNet."),
        ("The drug cures mice.", "The drug may cure mice."),
        ("The drug cures all mice.", "The drug cures most mice."),
        ("The drug cures mice.", "The drug cures some mice."),
        ("The drug works only in mice.", "The drug works in mice."),
        ("The drug works in mice.", "The drug works only in mice."),
        ("FooNet is the fastest parser.", "FooNet is a fast parser."),
        ("FooNet significantly improves recall.", "FooNet improves recall."),
        ("Parsing happens after tagging.", "Parsing happens before tagging."),
        ("FooNet translates speech.", "FooNet translates images."),
        ("BarLoss maximizes recall.", "FooNet maximizes recall, and BarLoss minimizes latency."),
        ("Decoders preserve order.", "Encoders preserve order while decoders add noise."),
        (
            "Rivals outperform FooNet.",
            "FooNet outperforms rivals and surpasses other parsers in speed.",
        ),
        ("FooNet is less accurate.", "FooNet has better accuracy with fewer layers."),
        ("Parsing often works at night.", "Parsing often does not work at night."),
    ],
)  # fmt: skip
def test_what_the_evidence_does_not_say_is_refused(claim: str, evidence: str) -> None:
    assert not verdict(claim, evidence).supported


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("BarNet is outperformed by FooNet.", "FooNet outperforms BarNet."),
        ("The method does not require labels.", "The method works without labels."),
        ("FooNet lowers latency.", "FooNet reduces latency."),
        ("The drug might cure mice.", "The drug may cure mice."),
        ("The authors propose FooNet, a parser.", "We propose FooNet, a parser."),
        ("pH does not affect the rate.", "The rate is unaffected by pH."),
        ("FooNet is more accurate.", "FooNet has better accuracy with fewer layers."),
        ("FooNet uses only addition.", "FooNet uses nothing but addition."),
        ("FooNet is less complex.", "FooNet has lower complexity."),
        ("Latency falls by a factor of 3 to 5.", "Latency falls by 3-5x."),
        ("FooNet runs at 30 frames per second.", "FooNet runs at 30 FPS."),
        ("The code is publicly available.", "The code is openly accessible."),
        ("It suffers from a lack of good, new labels.", "It suffers from a shortage of labels."),
        ("FooNet wins on Baz and Qux.", "On Qux and Baz, FooNet wins."),
        ("FooNet parses text.", "FooNet (Fast Object-Oriented Net) parses text."),
    ],
)
def test_paraphrases_pass(claim: str, evidence: str) -> None:
    assert verdict(claim, evidence).supported, verdict(claim, evidence)


@pytest.mark.parametrize(
    ("evidence", "stronger", "as_strong"),
    [
        (
            "We ask whether pruning improves the robustness of small networks.",
            "Pruning improves the robustness of small networks.",
            "The authors ask whether pruning improves the robustness of small networks.",
        ),
        (
            "We aim to reduce the memory that long contexts need.",
            "The method reduces the memory that long contexts need.",
            "The work aims to reduce the memory that long contexts need.",
        ),
        (
            "The recordings will be released with the models.",
            "The recordings are released with the models.",
            "The recordings will be released with the models.",
        ),
        (
            "Humid air is associated with fewer infections among nurses.",
            "Humid air reduces infections among nurses.",
            "Humid air is linked to fewer infections among nurses.",
        ),
    ],
)
def test_what_is_open_stays_open(evidence: str, stronger: str, as_strong: str) -> None:
    assert not verdict(stronger, evidence).supported
    assert verdict(as_strong, evidence).supported, verdict(as_strong, evidence)


# ── what stands under something, or is limited by something ─────────────────────────────────────

LEFT_OUT = [
    # under "that" or "to"
    ("Salt delays ripening.", "We found nothing in favour of the idea that salt delays ripening."),
    ("Salt delays ripening.", "There is no evidence that salt delays ripening in pears."),
    ("Salt may delay ripening.", "There is no evidence that salt delays ripening in pears."),
    ("Salt delays ripening.", "Growers maintain that salt delays ripening in pears."),
    ("Salt delays ripening.", "We could not show that salt delays ripening in pears."),
    ("Salt delays ripening.", "The belief that salt delays ripening proved unfounded."),
    ("Salt delays ripening.", "Salt was added to delay ripening."),
    ("Wax repels mites.", "Wax has been proposed to repel mites."),
    ("Rents doubled by May.", "Rents are forecast to double by May."),
    ("Shade affects yield.", "We examine the effect of shade on yield."),
    ("Herons used wells.", "We conjecture herons used wells."),
    # how many, if, except, how weakly
    ("The clinics reopened.", "Half of the clinics reopened."),
    ("The clinics reopened.", "None of the rural clinics reopened."),
    ("The clinics reopened.", "A small fraction of the clinics reopened."),
    ("The ink adheres to glass.", "The ink adheres to every surface except glass."),
    ("The filter is stable.", "The filter is stable if the gain is below one."),
    ("The permit covers noise.", "The permit covers noise unless it is at night."),
    ("Sleep correlated with income.", "Sleep correlated weakly with income."),
    ("The dye had an effect on frogs.", "The dye had little effect on frogs."),
    ("The moss cures burns.", "The moss allegedly cures burns."),
    ("Steam engines need no rails.", "Unlike steam engines, the tram needs no rails."),
    ("It is the deepest mine in Chile.", "It is the second deepest mine in Chile."),
    ("It is the deepest mine in Chile.", "It is one of the deepest mines in Chile."),
    ("It is the first atlas of fog.", "It is the first open atlas of fog."),
    ("It is the first atlas of fog.", "To our knowledge, it is the first atlas of fog."),
    # what exactly is denied
    ("Goats were not healthy.", "Goats were not always healthy."),
    ("The dose did not change weight.", "The dose did not significantly change weight."),
    ("Small towns grew.", "Large towns grew, but small towns did not."),
    ("The fee lowered waste.", "The fee did not, in either year, lower waste."),
]  # fmt: skip
PUT_IN = [
    ("Voters back the dam in Peru.", "Voters dread the dam in Peru."),
    ("The bank allowed loans to farms.", "The bank denied loans to farms."),
    ("The enzyme silently cuts the strand.", "The enzyme cuts the strand."),
    ("Dust causes cough in miners.", "Dust accompanies cough in miners."),
    ("Cough is due to dust.", "Cough varies with dust."),
    ("The well dried because the mine opened.", "The well dried and the mine opened."),
    ("The fair closed although it rained.", "The fair closed when it rained."),
    ("Patients must rest.", "Patients rest."),
    ("The clinic still opens at noon.", "The clinic opens at noon."),
    ("The lamp was turned on at night.", "The lamp was turned off at night."),
    ("The fee applies from June.", "The fee applies until June."),
    ("The samples were kept for 9 days.", "The samples were kept after 9 days."),
    ("The new decoder needs a GPU.", "The original decoder needs a GPU."),
    ("Sulfite was found in the lake.", "Sulfate was found in the lake."),
    ("Many nurses resigned.", "Several nurses resigned."),
]
EXCHANGED = [
    ("The moth copies the wasp.", "The wasp copies the moth."),
    ("The effect of height on trust was large.", "The effect of trust on height was large."),
    (
        "The role of birth rates in wages is unclear.",
        "The role of wages in birth rates is unclear.",
    ),
    ("Sand moved from the dune to the beach.", "Sand moved from the beach to the dune."),
    ("Finns swim more than Danes.", "Danes swim more than Finns."),
    ("Plates were glazed, then fired.", "Plates were fired, then glazed."),
    ("Girls chose chess.", "Girls chose drums and boys chose chess."),
    ("Young crabs eat kelp.", "Young crabs eat worms, whereas old crabs eat kelp."),
]
MISREAD = [
    ("The rate fell by 8% in May.", "The rate fell to 8% in May."),
    ("The rate fell 8% in May.", "The rate fell to 8% in May."),
    ("The gap was small (p > 0.01).", "The gap was small (p < 0.01)."),
    ("Adults aged ≤ 40 years took part.", "Adults aged ≥ 40 years took part."),
    ("The regret is $\\leq 7$ for each arm.", "The regret is $\\geq 7$ for each arm."),
    ("The loss depends on $\\beta$.", "The loss depends on $\\alpha$."),
    ("The flask held 103 cells.", "The flask held 10³ cells."),
    ("The mean depth was 3 m.", "The mean depth was 17 ± 3 m."),
    ("90 farms had a well.", "21 of 90 farms had a well."),
    ("90 farms had a well.", "Of the 90 farms, 21 had a well."),
    ("Lead fell by 14%.", "Zinc and lead fell by 14% and 6%, respectively."),
]
KEPT = [
    ("The authors show that salt delays ripening.", "We show that salt delays ripening."),
    ("Salt delays ripening.", "Our trial demonstrates that salt delays ripening in pears."),
    ("There is no evidence that salt delays ripening.",
     "We found no evidence that salt delays ripening."),
    ("Growers believe that wax repels mites.", "Growers believe that wax repels mites in barns."),
    ("The probe measures ozone.", "We introduce a probe that measures ozone."),
    ("The probe is meant to measure ozone.", "The probe was built to measure ozone."),
    ("The network detects forged seals.", "The network is trained to detect forged seals."),
    ("The study examines the effect of shade.", "We examine the effect of shade on yield."),
    ("Half of the clinics reopened.", "Half of the clinics reopened in spring."),
    ("None of the clinics reopened.", "None of the clinics reopened."),
    ("The ink adheres to every surface except glass.",
     "Except on glass, the ink adheres to every surface."),
    ("The filter is stable when the gain is below one.",
     "The filter is stable if the gain is below one."),
    ("Sleep was weakly correlated with income.", "Sleep correlated weakly with income."),
    ("The tram needs no rails.", "Unlike steam engines, the tram needs no rails."),
    ("It is the second deepest mine in Chile.", "The mine is the second deepest in Chile."),
    ("It is the first open atlas of fog.", "We present the first open atlas of fog."),
    ("Goats were not always healthy.", "In winter, goats were not always healthy."),
    ("The dose did not significantly change weight.",
     "The dose did not significantly change weight in rats."),
    ("Large towns grew.", "Large towns grew, but small towns did not."),
    ("Cough in miners is caused by dust.", "Dust causes cough in miners."),
    ("The well dried due to the mine.", "The well dried because of the mine."),
    ("The fair closed even though it rained.", "Although it rained, the fair closed."),
    ("Patients should rest.", "Patients need to rest."),
    ("At night, the lamp was turned off.", "The lamp was turned off at night."),
    ("The moth is copied by the wasp.", "The wasp copies the moth."),
    ("Boys chose chess.", "Girls chose drums and boys chose chess."),
    ("Plates were fired and then glazed.", "Plates were fired, then glazed."),
    ("The rate fell to 8% in May.", "In May, the rate fell to 8%."),
    ("The gap was small, with p < 0.01.", "The gap was small (p < 0.01)."),
    ("Adults aged at least 40 years took part.", "Adults aged ≥ 40 years took part."),
    ("The loss depends on $\\alpha$.", "The loss depends on \\textit{both} $\\alpha$ and $n$."),
    ("The flask held 10^3 cells.", "The flask held 10³ cells."),
    ("21 of the 90 farms had a well.", "Of 90 farms, 21 had a well."),
    ("Zinc fell by 14%.", "Zinc and lead fell by 14% and 6%, respectively."),
    ("In summary, salt delays ripening.", "Salt delays ripening."),
    ("Yes, salt delays ripening.", "Salt delays ripening in pears."),
    ("The text says that salt delays ripening.", "Salt delays ripening."),
    ("The team built a corpus of 900 songs.", "We built a corpus of 900 songs."),
    ("A total of 84 nurses took part.", "84 nurses took part."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "evidence"), [*LEFT_OUT, *PUT_IN, *EXCHANGED, *MISREAD], ids=lambda text: text[:50]
)
def test_what_is_left_out_put_in_or_exchanged_refuses(claim: str, evidence: str) -> None:
    assert not verdict(claim, evidence).supported


@pytest.mark.parametrize(("claim", "evidence"), KEPT, ids=lambda text: text[:50])
def test_what_is_told_with_its_limits_passes(claim: str, evidence: str) -> None:
    assert verdict(claim, evidence).supported, verdict(claim, evidence)


@pytest.mark.parametrize(
    "claim",
    [
        "No, salt delays ripening.",
        "The team delays ripening.",
        "Salt delays ripening in the summary.",
    ],
)
def test_a_frame_holds_nothing_of_its_own(claim: str) -> None:
    assert not verdict(claim, "Salt delays ripening.").supported


def test_one_huge_sentence_takes_no_time() -> None:
    evidence = "the data of most farms that fell by 3 of 4 to 5 % if not " * 80
    for claim in (evidence.replace(" if ", " "), "The data fell by 3%.", "data " * 400):
        begin = time.process_time()
        assert not check_claim(claim, [evidence, evidence[:2000]]).supported
        assert time.process_time() - begin < 0.5


def test_two_sentences_must_both_hold() -> None:
    evidence = "FooNet reduces latency."
    assert not verdict("FooNet lowers latency. It was trained on Mars.", evidence).supported


@pytest.mark.parametrize("claim", ["", "  \n", "...", "the of and"])
def test_claims_that_say_nothing_are_refused(claim: str) -> None:
    assert not verdict(claim, "FooNet reduces latency.").supported


def test_no_evidence_supports_nothing() -> None:
    assert not check_claim("FooNet reduces latency.", []).supported


# ── quotes ──────────────────────────────────────────────────────────────────────────────────────


def test_quote_is_exact() -> None:
    abstract = "Foo. Bar baz."
    assert check_quote("Bar baz.", abstract, 5, 13).supported
    assert not check_quote("Bar baz", abstract, 5, 13).supported
    assert not check_quote("bar baz.", abstract, 5, 13).supported


@given(st.text(), st.text(), st.integers(), st.integers())
def test_quote_check_is_what_it_says(quote: str, abstract: str, start: int, end: int) -> None:
    supported = check_quote(quote, abstract, start, end).supported
    inside = 0 <= start < end <= len(abstract)
    assert supported == (inside and abstract[start:end] == quote and bool(quote.strip()))


# ── properties ──────────────────────────────────────────────────────────────────────────────────

LIST = """
the FooNet GPT-4 13,215 3.5% 3x two not never without may only most all outperforms than by
respectively from to up at least a third of 1.5M - -free ( ) , . ; "training-free" half one un
in unaffected NAS (NAS) Neural Architecture Search accuracy images fails no rarely $ \\% ~
percentage points per cent O(1/sqrt(T)) 1e-38 9e999 ² ½ é 中文 2-3x -4 +4.0 or more
"""
WORDS = st.sampled_from(LIST.split())
MESSY = st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=25).map(" ".join))


@settings(max_examples=400, deadline=None)
@given(MESSY, st.lists(MESSY, max_size=4), st.floats(0, 1))
def test_no_text_raises(claim: str, evidence: list[str], threshold: float) -> None:
    found = check_claim(claim, evidence, threshold=threshold)
    assert 0.0 <= found.score <= 1.0
    assert found.reason
    assert found == check_claim(claim, evidence, threshold=threshold)


@settings(max_examples=300, deadline=None)
@given(MESSY.filter(lambda text: bool(text.strip())), st.lists(MESSY, max_size=3))
def test_verbatim_is_always_supported(sentence: str, others: list[str]) -> None:
    assert check_claim(f" {sentence} ", [*others, sentence]).supported


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SENTENCES), st.integers(2, 10**6), st.data())
def test_a_number_from_nowhere_is_always_refused(
    sentence: str, number: int, data: st.DataObject
) -> None:
    values = [t.quantity.value for t in tokens_of(sentence) if t.quantity]
    words = sentence.split(" ")
    place = data.draw(st.integers(0, len(words) - 1))
    claim = " ".join([*words[:place], str(number), *words[place:]])
    wanted = [t.quantity.value for t in tokens_of(claim) if t.quantity]
    if any(same_value(number, v) for v in values) or not any(same_value(number, v) for v in wanted):
        # It is there already, or merges with a neighbour ("7" before "million").
        return
    assert not check_claim(claim, [sentence]).supported


@given(st.text())
def test_normalising_is_idempotent_in_tokens(text: str) -> None:
    assert [t.position for t in tokens_of(text)] == list(range(len(tokens_of(text))))
    assert normalise(normalise(text)).split() is not None


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", max_size=20))
def test_stems_never_grow_or_vanish(word: str) -> None:
    assert bool(stem(word)) == bool(word)
    assert len(root(word)) <= max(len(word), 1)


# ── as a whole ──────────────────────────────────────────────────────────────────────────────────


def test_checks_do_not_refuse_the_evidence_itself() -> None:
    """Without the short cut for verbatim text, against the whole abstract."""
    for title, sentences in ABSTRACTS:
        for sentence in sentences:
            found = examine(sentence.rstrip(".") + " .", (title, *sentences))
            assert found.supported, (sentence, found)


def test_handwritten_claims_hold_their_rates() -> None:
    """A ratchet on eval/claims/README.md: 3 points of slack under the measured rates."""
    results = [(c, check_claim(c.claim, c.evidence).supported) for c in CASES]
    wrong = [passed for c, passed in results if not c.supported]
    right = [passed for c, passed in results if c.supported]
    assert len(wrong) >= 120
    assert len(right) >= 140
    assert sum(wrong) / len(wrong) <= 0.05
    assert sum(not p for p in right) / len(right) <= 0.20


def test_corruptions_by_rule_are_caught() -> None:
    cases = [c for c in cases_of(ABSTRACTS) if "both cited" not in c.kind]
    wrong = [c for c in cases if not c.supported]
    missed = [c for c in wrong if check_claim(c.claim, c.evidence).supported]
    assert len(wrong) >= 500
    assert len(missed) / len(wrong) <= 0.05, [(c.kind, c.claim) for c in missed]


def _rates(cases: list[Case]) -> tuple[float, float]:
    """Shares of the wrong claims caught and of the true ones refused."""
    refused = [(c.supported, not check_claim(c.claim, c.evidence).supported) for c in cases]
    wrong = [r for supported, r in refused if not supported]
    true = [r for supported, r in refused if supported]
    return sum(wrong) / len(wrong), sum(true) / len(true)


def test_target_holds_on_the_starter_corpus() -> None:
    """99 % of numbers and entities, 90 % of all, at no more than 5 % false alarms."""
    made = cases_of(read_starter(STARTER)[1::3])
    cases = [c for c in made if c.kind not in INNER and "whole" not in c.kind]
    assert sum(not c.supported for c in cases) >= 500
    caught, alarms = _rates(cases)
    assert caught >= 0.90
    assert alarms <= 0.05
    facts = [c for c in cases if c.supported or c.kind in ("number", "unit", "entity")]
    assert _rates(facts)[0] >= 0.99


def test_paraphrases_hold_their_rates() -> None:
    """A ratchet on eval/claims/README.md, with the slack of two claims in each half."""
    cases = read_claims(PARAPHRASES)
    for half, least, most in ((0, 37, 11), (1, 34, 26)):
        caught, alarms = _rates([c for c in cases if c.paper == half])
        assert round(caught * 40) >= least
        assert round(alarms * 40) <= most


def test_paraphrases_cite_the_starter_corpus_verbatim() -> None:
    papers = [json.loads(line) for line in STARTER.read_text(encoding="utf-8").splitlines()]
    abstracts = {p["title"]: p["abstract"] for p in papers}
    rows = [json.loads(line) for line in PARAPHRASES.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 160
    for row in rows:
        assert row["evidence"]
        assert all(sentence in abstracts[row["paper"]] for sentence in row["evidence"])
    halves = {split: {r["paper"] for r in rows if r["split"] == split} for split in ("dev", "held")}
    assert not halves["dev"] & halves["held"]
    for split in halves:
        for label in ("supported", "wrong"):
            assert sum((r["split"], r["label"]) == (split, label) for r in rows) == 40


def test_lower_thresholds_only_forgive_uncovered_words() -> None:
    evidence = ["FooNet reduces latency by 3% on phones."]
    claim = "FooNet reduces latency by 3% on tablets."
    assert check_claim(claim, evidence, threshold=0.5).supported
    assert not check_claim(claim, evidence, threshold=DEFAULT).supported
    wrong = "FooNet reduces latency by 4% on phones."
    assert not check_claim(wrong, evidence, threshold=0.0).supported


def test_a_claim_takes_under_five_milliseconds() -> None:
    title, sentences = ABSTRACTS[0]
    claim = (
        "LanternNet is a detector in two stages that combines thermal and visible images with a "
        "gated attention module and reaches 76.3% average precision on NightWalk while it runs "
        "at 31 frames per second"
    )
    check_claim(claim, (title, *sentences))
    runs = []
    for n in range(9):
        begin = time.perf_counter()
        check_claim(f"{claim} on GPU {n}.", (title, *sentences))
        runs.append(time.perf_counter() - begin)
    # The fastest run: other processes share the machine.
    assert min(runs) < 0.005
