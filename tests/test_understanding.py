"""What a question asks for, leans on and spells wrong, told before anything is searched."""

from __future__ import annotations

import pytest

from rag.abbreviations import definitions, glossary
from rag.asked import asked_for
from rag.comparing import named_together
from rag.followup import Leaning, leaning, names_alone, pointed_at, points_at_several, without_place
from rag.index import OpenIndex
from rag.intent import asks_generally, clauses, halves, intent_of
from rag.matching import content_words
from rag.records import Filters, Hit, Paper, Span
from rag.spelling import _opposed, corrected
from rag.thread import Thread
from rag.understanding import Understood, found_for, understand


@pytest.mark.parametrize(
    ("question", "kind", "topic"),
    [
        ("Which papers are about spiking networks?", "list", "spiking networks"),
        ("papers on mamba for remote sensing", "list", "mamba for remote sensing"),
        ("Do any papers deal with audio?", "list", "audio"),
        ("is there any work on dehazing", "list", "dehazing"),
        ("binary networks: which papers", "list", "binary networks"),
        ("Which search papers cover transformers?", "list", "search transformers"),
        ("How many papers use LoRA?", "count", "LoRA"),
        ("nr of papers with results on cityscapes", "count", "results on cityscapes"),
        ("How many papers did the survey review?", "find", ""),
        ("Which works were covered by the review?", "find", ""),
        ("Which paper introduces SK units?", "find", ""),
        ("How does it work on images?", "find", ""),
        ("XNOR-Net vs A&B BNN", "compare", ""),
        ("How do MANet and SMARTIES differ?", "compare", ""),
        ("What is proved for GCAV and for GHN?", "compare", ""),
        ("Which of GCAV and GHN is faster?", "compare", ""),
        ("Which convention does each of them reject?", "compare", ""),
        ("How many dialogs are there?", "find", ""),
        ("How many articles were reviewed?", "find", ""),
        ("What studies were carefully pooled?", "find", ""),
        ("Have studies shown that dropout helps?", "find", ""),
        ("What works for low-resource speech?", "find", ""),
        ("Which works are about low-resource speech?", "list", "low-resource speech"),
        ("How many papers are in my library?", "count", ""),
        ("number of abstracts", "count", ""),
        ("How many papers do you have?", "count", ""),
        ("How many papers in total?", "count", ""),
        ("How many papers does this index have?", "count", ""),
        ("What papers do you have?", "list", ""),
        ("Show me all papers", "list", ""),
        ("How many papers does S2ORC contain?", "find", ""),
        ("How many articles are in the XSum dataset?", "find", ""),
        ("How many articles did it use?", "find", ""),
        ("ok, tell me which papers use LoRA", "list", "LoRA"),
        ("And which papers use LoRA?", "list", "LoRA"),
        ("Give me a list of papers on audio", "list", "audio"),
        ("Can you show me papers on audio?", "list", "audio"),
    ],
)
def test_intent(question: str, kind: str, topic: str) -> None:
    found = intent_of(question)
    assert (found.kind, found.topic) == (kind, topic)


@pytest.mark.parametrize(
    "question",
    ["Find similar papers", "Any other papers?", "Are there more recent papers?",
     "more papers like this", "Are there other papers about it?"],
)  # fmt: skip
def test_papers_like_the_last_ones(question: str) -> None:
    assert intent_of(question).like
    assert leaning(question) is Leaning.CERTAIN


@pytest.mark.parametrize(
    ("question", "absent"),
    [
        ("Which papers don't use transformers?", True),
        ("How many papers do not use ImageNet?", True),
        ("papers about pruning but not quantization", True),
        ("Which papers train without labels?", False),
        ("Which papers release not only code but data?", False),
    ],
)
def test_what_papers_lack_is_asked_for(question: str, absent: bool) -> None:
    assert intent_of(question).absent is absent


@pytest.mark.parametrize(
    ("question", "general"),
    [
        ("How can adapters help a frozen model on new data?", True),
        ("ways to learn from unreliable labels", True),
        ("What do segmentation networks use as decoder?", True),
        ("what are hypernetworks used for", True),
        ("In which ways is routing done?", True),
        ("How is routing to experts used in medical imaging models?", True),
        ("What has been proven about why deep networks learn well?", True),
        ("How can the model be run on a phone?", False),
        ("How do they collect the dialogs?", False),
        ("what are the figures it reports", False),
        ("How many dialogs are in Taskmaster-1?", False),
        ("What is it used for?", False),
        ("Which method does SMILE use?", False),
        ("Which measures were reported?", False),
    ],
)
def test_a_question_about_a_kind_of_thing(question: str, general: bool) -> None:
    assert asks_generally(question) is general


def test_halves_keep_all_but_what_parts_them() -> None:
    assert ("XNOR-Net", "A&B BNN: arithmetic") in halves("XNOR-Net vs A&B BNN: arithmetic?")
    assert halves("What is it?") == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and the accuracy?", Leaning.CERTAIN),
        ("why?", Leaning.CERTAIN),
        ("What do the second ones average over?", Leaning.CERTAIN),
        ("On which datasets was it tested?", Leaning.CERTAIN),
        ("How many dialogs are in Taskmaster-1 and how many domains do they cover?", Leaning.NOT),
        ("If a satellite revisit method segments substations, where was it verified?", Leaning.NOT),
        ("parametric zero-cost proxies, search space they were transferred to", Leaning.NOT),
        ("Which papers that use LoRA report GLUE?", Leaning.NOT),
        ("Which papers are about quantization?", Leaning.NOT),
        ("other papers on pruning", Leaning.NOT),
        ("Are there other papers about it?", Leaning.CERTAIN),
        ("In that paper, which blocks mix receptive fields of different sizes?", Leaning.CERTAIN),
        ("which one is faster?", Leaning.CERTAIN),
        ("Do both use bi-level routing?", Leaning.CERTAIN),
        ("Which one of the pruning methods keeps top-1 accuracy?", Leaning.NOT),
        ("Do both Mamba and RWKV scale linearly with length?", Leaning.NOT),
    ],
)
def test_leaning(question: str, expected: Leaning) -> None:
    assert leaning(question) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("And which of them is for images?", True),
        ("Which one is faster?", True),
        ("What is the difference between the two?", True),
        ("Are both trained on text?", True),
        ("Which of those papers use LoRA?", True),
        ("Compare them", True),
        ("Which of these results is the best?", False),
        ("How were they trained?", False),
        ("What are they labeled with?", False),
        ("Are both text and images used?", False),
        ("Which of the methods is faster?", False),
    ],
)
def test_pointing_at_several(question: str, expected: bool) -> None:
    assert points_at_several(question) is expected


def test_what_an_answer_cites_is_what_the_next_question_means(listing_index: OpenIndex) -> None:
    asked = ["What are hypernetworks used for?"]
    found = {hit.paper.title: hit.paper.id for hit in Thread(listing_index, asked, None).papers}
    shared, graph, other = (
        next(p.id for p in listing_index.snapshot.papers() if p.title.startswith(title))
        for title in ("Parameter-efficient Multi-task", "Graph HyperNetworks", "SMILE")
    )
    assert (graph, shared) != tuple(found.values())[:2]
    cited = [(graph, shared)]

    def meant(question: str, *later: tuple[str, tuple[str, ...]]) -> Understood:
        history = [*asked, *(text for text, _ in later)]
        return understand(
            listing_index, question, history, None, [*cited, *(ids for _, ids in later)]
        )

    second = meant("How was the second one trained?")
    assert (second.about, second.meant) == ((shared,), 1)
    assert second.focus == "How was it trained?"
    assert "second one trained (in “Parameter-efficient" in second.text
    of_them = meant("Which of them needs fewer parameters?")
    assert (of_them.about, of_them.meant, of_them.sides) == ((graph, shared), 2, ())
    assert [s[0].paper.id for s in meant("Compare the two").sides] == [graph, shared]
    assert [s[0].paper.id for s in meant("How do they differ?").sides] == [graph, shared]
    assert meant("How is it trained?").about[0] == graph
    among = meant("Which of these papers uses adapters?")
    assert (among.intent.kind, among.within) == ("list", (graph, shared))
    narrowed = meant("How is it trained?", ("Which of them uses adapters?", (shared,)))
    assert (narrowed.about, narrowed.meant) == ((shared,), 1)
    second_then_both = meant("Compare the two", ("How was the second one trained?", (shared,)))
    assert [s[0].paper.id for s in second_then_both.sides] == [graph, shared]
    refused = meant("How is it trained?", ("Which of them is for audio?", ()))
    assert refused.about[0] == graph
    # Of what is gone or filtered out nothing is meant any more.
    gone = understand(listing_index, "How is it trained?", asked, None, [("gone",)])
    assert gone.about == tuple(found.values())
    only = Filters(paper_ids=(shared, other))
    assert understand(listing_index, "How is it trained?", asked, only, cited).about == (shared,)


def test_places() -> None:
    assert pointed_at("What does the second one use?") == 1
    assert pointed_at("and the former?") == 0
    assert pointed_at("What do they use?") is None
    assert pointed_at("and the last one?") == -1
    assert pointed_at("and the second, on which corpus?") == 1
    assert pointed_at("In the first, second and third stage, what is used?") is None
    assert without_place("How was the second one trained?") == "How was it trained?"
    assert pointed_at("What does paper 3 use?") == 2
    assert pointed_at("what dataset does [2] use") == 1
    assert pointed_at("And the other one?", 1) == 0
    assert pointed_at("And the other one?", 0) == 1
    assert pointed_at("How does it handle the second task?") is None
    assert pointed_at("What are the other baselines?") is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is GCAV?", True), ("QuantNAS", True),
        ("What about BigVSAN?", True), ("how does Mamba work?", True),
        ("what is the accuracy?", False), ("on which datasets?", False), ("why?", False),
        ("what is it?", False), ("How does GCAV align concept vectors?", False),
    ],
)  # fmt: skip
def test_a_name_alone(question: str, expected: bool) -> None:
    assert names_alone(question) is expected


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("and why?", True),
        ("were the workers trained?", True),  # by no word, but where else?
        ("What is GCAV?", False),
        ("what about BigVSAN?", False),
        ("Which papers are about quantization?", False),
        ("How does GCAV align concept vectors?", False),
        ("What does the detector that is built of nested U-shapes detect?", False),
    ],
)
def test_a_conversation_goes_on_or_not(
    listing_index: OpenIndex, question: str, leans: bool
) -> None:
    asked = "How many dialogs are in Taskmaster-1?"
    thread = Thread(listing_index, [asked], None)
    assert (thread.leaning(question) is not Leaning.NOT) is leans
    assert "Taskmaster-1" in thread.papers[0].paper.title
    after = Thread(listing_index, [asked, question], None)
    assert after.questions == ([asked, question] if leans else [question])
    found = understand(listing_index, question, [asked])
    assert ("Taskmaster-1" in found.text) is leans
    assert bool(found.about) is leans


def test_a_long_conversation_stays_with_its_paper(listing_index: OpenIndex) -> None:
    history = [
        "How does GCAV align concept vectors?", "What is nnU-Net?", "How is it configured?",
        "thanks!", "Which datasets was it tested on?", "How was it trained?", "Is it fast?",
        "and its accuracy?",
    ]  # fmt: skip
    thread = Thread(listing_index, history, None)
    assert thread.questions == [history[1], *history[-3:]]
    assert "nnU-Net" in thread.papers[0].paper.title
    assert "nnU-Net" in understand(listing_index, "is the code out?", history).text


@pytest.mark.parametrize(
    ("question", "parted"),
    [
        ("what is shared in A and what is shared in B?", True),
        ("How does A handle noise, and how does B do it?", True),
        ("At which rate does A run, and at which rate B?", True),
        ("Is A trained from scratch, and is B?", True),
        ("How many dialogs are there and how many domains do they cover?", False),
        ("What does A reach, and why?", False),
        ("How fast is A, and what does it cost?", False),
    ],
)
def test_two_questions_in_one(question: str, parted: bool) -> None:
    assert bool(clauses(question)) == parted


@pytest.mark.parametrize(
    ("question", "papers"),
    [
        ("How does MANet handle several sensors, and how does SMARTIES do it?", "MANet SMARTIES"),
        ("How do SMILE and LocMoE each cut All-to-All communication?", "SMILE LocMoE"),
        ("code: LocMoE / SMILE", "LocMoE SMILE"),
        ("What do XNOR-Net and A&B BNN use for full-precision multiplications?", "XNOR-Net A&B"),
        # One paper compares something itself, or has two things to tell.
        ("Which image benchmark compares maps of Mamba models with those of transformers?", ""),
        ("How many dialogs are in Taskmaster-1 and how many domains do they cover?", ""),
        ("What is SMILE?", ""),
    ],
)
def test_papers_side_by_side(listing_index: OpenIndex, question: str, papers: str) -> None:
    understood = understand(listing_index, question, [])
    vector = listing_index.embedder.encode([understood.search])[0]
    hits, sides = found_for(listing_index, understood, vector, 5)
    titles = {hit.paper.id: hit.paper.title for hit in hits}
    assert len(hits) == 5
    assert len(sides) == len(papers.split())
    for side, name in zip(sides, papers.split(), strict=True):
        assert name in titles[side]
    if sides:  # "and its code?" is asked of both
        again = understand(listing_index, "and is their code available?", [question])
        assert {side[0].paper.id for side in again.sides} == set(sides)


def test_only_names_of_their_own_set_papers_side_by_side() -> None:
    def hit(title: str, abstract: str = "We do it.") -> Hit:
        return Hit(Paper(title, title, abstract), 0.5, 1.0, 0.5, 1.0, Span(0, 1))

    a, b = hit("Vellum: Reading by Touch"), hit("Scaling DRUM-2 Further")
    assert named_together("vellum or drum-2, which is open?", [b, a]) == [a, b]
    assert named_together("What does Vellum gain over DRUM-2?", [a, b]) == []  # not joined
    assert named_together("Vellum and drum-20", [a, b]) == []
    other = hit("Replacing DRUM-2")  # whose name is it?
    assert named_together("Vellum and DRUM-2", [a, b, other]) == []
    common = hit("Survey: What We Know", "This survey tells what we know.")
    assert named_together("the survey and Vellum", [a, common]) == []


def test_lists_lean_on_lists(listing_index: OpenIndex) -> None:
    history = ["Which papers are about quantization?"]
    listed = Thread(listing_index, history, None).papers
    among = understand(listing_index, "Which of them use neural architecture search?", history)
    assert (among.intent.kind, among.within) == ("list", tuple(h.paper.id for h in listed))
    assert among.intent.topic == "use neural architecture search"
    counted = understand(listing_index, "How many of these papers use transformers?", history)
    assert (counted.intent.kind, bool(counted.within)) == ("count", True)
    alone = understand(listing_index, "And which papers are about diffusion?", history)
    assert (alone.intent.topic, alone.within) == ("diffusion", ())
    whole = understand(listing_index, "How many papers do you have?", history)
    assert (whole.intent.kind, whole.intent.topic) == ("count", "")
    like = understand(listing_index, "Find similar papers", ["How does GCAV align concepts?"])
    assert like.like
    assert "GCAV" in like.text
    both = understand(listing_index, "Which is faster?", ["XNOR-Net vs A&B BNN: accuracy?"])
    assert len(both.sides) == both.meant == 2


@pytest.mark.parametrize(
    ("question", "want", "said"),
    [
        ("Which weather datasets were used to train it?", "thing", ["weather", "datasets"]),
        ("How many attention heads does the encoder have?", "number", ["attention", "heads"]),
        ("By what rule are the students sampled?", "thing", ["rule"]),
        ("root-module network for Dolphin NPU, loss function", "terse", ["loss", "function"]),
        ("parallel subnetworks detection AP", "terse", ["subnetworks", "detection", "AP"]),
        ("Why does training diverge?", "manner", []),
        ("How large is the gain?", "number", ["large"]),
    ],
)
def test_what_is_asked_for(question: str, want: str, said: list[str]) -> None:
    words = content_words(question)
    found = asked_for(question, words)
    assert found.want == want
    assert [question[words[i].start : words[i].end] for i in found.words] == said


def test_definitions() -> None:
    text = (
        "We study neural architecture search (NAS) with mixture-of-experts (MoE) layers (see Fig. "
        "2), low-rank adapters (LoRAs) and others (such as these)."
    )
    assert definitions(text) == [
        ("NAS", "neural architecture search"),
        ("MoE", "mixture-of-experts"),
        ("LoRA", "low-rank adapters"),
    ]
    assert definitions("Nothing (NAS) here spells it.") == []


def test_a_definition_is_looked_for_in_the_words_before_it_alone() -> None:
    import tracemalloc

    long = "moss " * 200_000 + "We study neural architecture search (NAS)."
    tracemalloc.start()
    try:
        assert definitions(long) == [("NAS", "neural architecture search")]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(long) / 10  # and so many definitions take no longer than each alone


def test_a_word_that_begins_out_of_reach_is_none_of_a_definition() -> None:
    for letters in range(370, 400):  # of these, at one "neural" begins where the reach does
        text = "xneural " + "a" * letters + " search (NAS)"
        assert definitions(text) == []
        assert definitions(text.replace("x", " ")) in (
            [], [("NAS", f"neural {'a' * letters} search")]
        )  # fmt: skip


def test_the_commonest_long_form_wins() -> None:
    texts = ["state space models (SSM)", "state space models (SSM)", "secure shell memory (SSM)"]
    assert glossary(texts) == {"SSM": "state space models"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("How many domians are there?", "How many domains are there?"),
        ("skip conections in U-Nets", "skip connections in U-Nets"),
        ("which segmentaton decoder", "which segmentation decoder"),
        ("Wich decoder", "Wich decoder"),  # nothing to search for, left alone
        ("LoveDA and Kolmogorv", "LoveDA and Kolmogorv"),  # names are not mended
        ("a rejoining branch", "a rejoining branch"),  # two slips from any word of the corpus
        ("How does it generalise?", "How does it generalise?"),
        ("Gaussian splatting for roads", "Gaussian splatting for roads"),  # a form of "splat"
        ("Are the coders trained jointly?", "Are the coders trained jointly?"),
    ],
)
def test_spelling(listing_index: OpenIndex, typed: str, meant: str) -> None:
    assert corrected(typed, listing_index) == meant


def test_a_slip_never_turns_a_prefix_round() -> None:
    assert _opposed("hypotension", "hypertension")
    assert _opposed("intercellular", "intracellular")
    assert _opposed("adsorption", "absorption")
    assert not _opposed("hyperparamter", "hyperparameter")


def test_a_change_of_topic_is_noticed(listing_index: OpenIndex) -> None:
    history = ["How many dialogs are in Taskmaster-1?"]
    alone = "search space poisoning in NAS, whose design flaws are exploited"
    assert understand(listing_index, alone, history).about == ()
    leaning_on = understand(listing_index, "and how were they collected?", history)
    assert leaning_on.about
    assert "Taskmaster-1" in leaning_on.text
