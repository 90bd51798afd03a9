"""Sentence boundaries in the kind of prose that abstracts are written in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.readers import read_paths
from rag.records import Paper
from rag.sentences import split_sentences

# "|" stands where a sentence ends (in place of the white space there).
CASES = [
    "We use two encoders.|They share weights.",
    "Some tasks, e.g. parsing, are hard.|Others, i.e., 3.5% of them, are not.",
    "Smith et al. (2019) found this.|Later work by Lee et al. We extend it.".replace(
        "al. We", "al.|We"
    ),
    "As Fig. 2 and Eq. 3 show, it holds.|See Sec. 4 for proofs.",
    "Code is at https://github.com/a.b/c.d?x=1.|It runs on www.example.org too.",
    "The bound is $O(n \\log n)$ for $x. y$ in $\\mathbb{R}^d$.|We prove it.",
    "It was J. R. R. Tolkien who wrote it.|We cite J. Smith.",
    "It costs less than the teacher's.|Training doesn't.|Few are like Ng’s.|Only it is.",
    "We ask: 1. Does it scale?|2. Does it transfer?|Both hold.",
    "Steps: 1. Collect sounds.|2. Label them.|Both are slow.",
    "We study segmentation.|nnU-Net is the baseline.|iBOT and vLLM follow.",
    'They called it "solved."|We disagree.',
    "“Why now?”|Because data grew.",
    "Is it useful?|We think so!|It is.",
    "Accuracy rises from 0.5 to 3.14 points.|2.5 hours suffice.",
    "Compared with GPT-4 vs. Claude, the gap is small.|However, it is real.",
    "Data are sampled i.i.d. from the source.|We relax this.",
    "(This holds in general.)|The proof is short.",
    "The U.S. census is large.|We use the U.K. census too.",
    "It failed ... and then it worked.|We explain why.",
    "Approx. 40 hours, resp. 12 days, were used.|Dr. Ng agreed.",
    "It improves by 12%.|This is new.",
    "The gap closes (cf. Tab. 1 in the appendix. It is long).|We stop here.",
    "We release code, data, etc. for reuse.|It is free.",
    "Results hold w.r.t. the baseline.|They hold a.k.a. always.",
    "It takes 200 ms.|The second takes 5 min.|Samples rest for 24 h.|Cells were dry.",
    "See Phys. Rev. Lett. 98 and Proc. Natl. Acad. Sci. 104 for it.|We do not.",
    "See Suppl. Fig. 2, Chap. 3 and Salmonella enterica subsp. enterica.|It grows.",
    "Tangles were rare.|α-Synuclein aggregates, p = 0.05.|β-cells do not.",
    "The bound is sharp for a.e. $x$ in it, a.s. $X_n$ too, s.t. $n$ grows.|We prove it.",
    "The U.N. Security Council and the A.I. Act agree.|Both are in Nat. Commun. 12 and Art. 8.",
    "In Exp. 2, recall fell.|Cat. 5 storms met Mt. Everest, Gov. Lee and Lt. Brown.|It rained.",
    "Yahoo! Answers and Jeopardy! Questions are sources.|We like Yahoo! We ask it.".replace(
        "Yahoo! We", "Yahoo!|We"
    ),
    "This is the state of the art.|Models of dog and cat.|Images differ; see ineq. (3).",
    "It holds at 4 K.|Superconductors need 5 V.|Devices vary.|Ask J. Smith.",
    "AIM: To test it, 95% vs.|METHODS: We did.|MAIN OUTCOME MEASURES: Few.|RESULTS: It is.",
]


@pytest.mark.parametrize("marked", CASES)
def test_hard_cases(marked: str) -> None:
    wanted = marked.split("|")
    text = " ".join(wanted)
    assert [text[s.start : s.end] for s in split_sentences(text)] == wanted


def test_a_glued_label_of_a_structured_abstract() -> None:
    text = "We wished to test.METHODS: We did (all day).MAIN RESULTS: It holds.The END: it does."
    assert [text[s.start : s.end] for s in split_sentences(text)] == [
        "We wished to test.",
        "METHODS: We did (all day).",
        "MAIN RESULTS: It holds.",
        "The END: it does.",
    ]


def test_lower_case_text_with_stops_set_apart() -> None:
    text = (
        "the boundary layer is studied . results for mach 2.5 are given . they agree with theory ."
    )
    assert [text[s.start : s.end] for s in split_sentences(text)] == [
        "the boundary layer is studied .",
        "results for mach 2.5 are given .",
        "they agree with theory .",
    ]


def test_a_missing_space_after_a_full_stop() -> None:
    text = "We train a model.The model is small. See https://a.org/x.The for more."
    assert [text[s.start : s.end] for s in split_sentences(text)][:2] == [
        "We train a model.",
        "The model is small.",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u2003"])
def test_blank_text_has_none(text: str) -> None:
    assert split_sentences(text) == ()


@pytest.mark.parametrize("text", ["No stop at all", "?", "...", "1.", "a.b.c", "(", ". . ."])
def test_odd_texts_are_one_sentence(text: str) -> None:
    assert [text[s.start : s.end] for s in split_sentences(text)] == [text]


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from(
                ["A.", "b", ". ", "?)", "“", "et al.", "3.", " ", "\n", "The", "!", "("]
            ),
            max_size=60,
        ).map("".join),
    )
)
def test_spans_are_ordered_disjoint_and_cover_all(text: str) -> None:
    seen = 0
    for span in split_sentences(text):
        assert seen <= span.start < span.end <= len(text)
        assert not text[seen : span.start].strip()
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        seen = span.end
    assert not text[seen:].strip()


def test_sentences_of_the_listing_begin_and_end_as_sentences_do(listing: Path) -> None:
    total = ended = 0
    for paper in read_paths([str(listing)]):
        assert isinstance(paper, Paper)
        spans = split_sentences(paper.abstract)
        total += len(spans)
        ended += sum(paper.abstract[s.end - 1] in ".?!)\"”'}" for s in spans)
    assert 1_500 < total < 2_500
    assert ended / total > 0.98


def test_long_runs_of_stops_take_no_longer_than_other_text() -> None:
    # Quadratic, this would take an hour.
    text = f"It fell{'.' * 200_000}x and then rose. We stopped."
    assert [text[s.start : s.end][-8:] for s in split_sentences(text)] == ["en rose.", "stopped."]
