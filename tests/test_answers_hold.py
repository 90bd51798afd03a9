"""What an answer must never do, for cases that went wrong before: cut a hedge, read another paper
than the one meant, count what wasn't asked, fail for what stands in an index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.abstaining import refusal, unknown_words
from rag.claims import contradicts
from rag.composing import Numbering, choose_quotes, quote_claims
from rag.config import Settings
from rag.embedding import Embedder
from rag.index import OpenIndex, add_papers, remove_papers
from rag.llm import LanguageModel
from rag.members import members
from rag.pipeline import Assistant
from rag.records import Answer, Evidence, Filters, Hit, Paper, Question, Span
from rag.session import token_counter
from rag.trimming import is_aside, trimmed

GOATS = Paper(
    "", "Goats on Terraces", "We reviewed 42 articles on goats. Goats keep terraces free of "
    "brambles. Their milk has 4.1% fat.", ("Ines Prado",), 2021, source="[2021] farm list.bib",
)  # fmt: skip
LEUKEMIA = Paper(
    "", "Chemotherapy at Home", "Acute lymphoblastic leukemia (ALL) is treated at home in a trial "
    "of 61 children. Fever was as rare as on the ward.", ("Bea Koch",), 2022, source="clinic.ris",
)  # fmt: skip
LOCKS = Paper(
    "", "Canal Locks in Winter", "Ice blocks canal locks for nine days a year. Warm air keeps the "
    "gates free.", ("Tom Reed",), 2020, source="water.csv",
)  # fmt: skip


@pytest.fixture
def place(embedder: Embedder, tmp_path: Path) -> Path:
    add_papers(tmp_path, [GOATS, LEUKEMIA, LOCKS], embedder, token_counter(), Settings())
    return tmp_path


def asked(
    place: Path, embedder: Embedder, text: str, history: tuple[str, ...] = (),
    filters: Filters | None = None,
) -> Answer:  # fmt: skip
    question = Question(text, history=history, filters=filters or Filters())
    return Assistant(OpenIndex(place, embedder), Settings(), None).ask(question)


@pytest.mark.parametrize(
    "sentence",
    [
        "To our knowledge, this is the first open collection of forks from early kitchens.",
        "To the best of our knowledge, the collection is the largest one of its kind anywhere.",
        "To date, the largest survey of harbours is the one that the ministry began in spring.",
        "To some extent, the model generalises to domains that were never seen in training.",
        "To the extent that labels are clean, the estimator converges to the true parameters.",
        "Our method helps across all the collections that we considered; however, noise undoes it.",
        "Our method helps across all the collections that we considered; yet noise undoes it all.",
        "Vaccination was associated with lower mortality here; causality remains unproven.",
        "It is trained with three losses: one for all the codes; one for the style; one for tone.",
        "To match human performance, the model needs ten thousand demonstrations of each task.",
        "To count as a success, the agent must reach the goal room within one minute of play.",
        "To keep the quality, the baseline takes twice as long in every one of the rounds.",
        "To address the graph matching problem, the solver takes time exponential in the nodes.",
        "To varying degrees, the models reproduce the stereotypes of their training data.",
        "To first order, the loss is linear in the learning rate and in the size of a batch.",
        "First, second, and third layers of the network are frozen during the fine-tuning.",
    ],
)
def test_what_limits_a_statement_is_quoted_with_it(sentence: str) -> None:
    assert trimmed(sentence, "Which kitchens?") == Span(0, len(sentence))


def test_where_to_get_the_code_is_cut() -> None:
    kept = "Our method helps across all the collections that we considered"
    span = trimmed(f"{kept}; code and models are available online.", "What helps?")
    assert span == Span(0, len(kept))


@pytest.mark.parametrize(
    ("question", "sentence", "aside"),
    [
        ("What decoder do they use?", "Code is publicly available.", True),
        ("What decoder do they use?", "Our code is at https://example.org/decoder-free.", False),
        ("What do networks for maps use?", "Code is publicly available.", True),
        ("How fast is it?", "Our source code and models are available at https://e.org/x.", True),
        ("How fast is it?", "We release the corpus at https://e.org/x.", True),
        ("How fast is it?", "Project page: https://e.org/x.", True),
        ("Is there an implementation?", "Code is publicly available.", False),
        ("Which repository holds it?", "Code is publicly available.", False),
        ("How are codes shared by bees?", "Code is publicly available.", False),
        ("How fast is it?", "Models found online are slower than ours.", False),
        ("How fast is it?", "The data found in most of the wards contradict the guideline.", False),
        ("How fast is it?", "Data are released from the buffer in bursts.", False),
        ("How fast is it?", "No data are available on this.", False),
    ],
)
def test_where_to_get_the_code_is_no_answer(question: str, sentence: str, aside: bool) -> None:
    assert is_aside(sentence, question) == aside


def test_where_to_get_the_code_is_quoted_only_if_nothing_else_is() -> None:
    text = "Goats clear terraces within nine days. Code is publicly available."
    paper = Paper("p", "Goats", text, (), 2020)
    said = Evidence("S1", paper, Span(0, 38), 0, 0.0, 0.0, 0.0, None)
    aside = Evidence("S2", paper, Span(39, len(text)), 0, 0.0, 0.0, 3.0, None)
    chosen = choose_quotes([aside, said], "How fast are they?", 80)
    assert [e for e, _ in chosen] == [said]
    assert [e for e, _ in choose_quotes([aside], "How fast are they?", 80)] == [aside]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Why isn't it simply put online?", "To limit misuse, the program is shared on request."),
        (
            "What are weights quantised for?",
            "To save space on phones, we quantise weights.",
        ),
        ("What is Foo based on?", "Building on variational autoencoders, we propose Foo here."),
        (
            "Where is it available?",
            "Our method helps across all the collections we looked at; code is available online.",
        ),
    ],
)
def test_what_was_asked_for_is_not_cut(question: str, sentence: str) -> None:
    assert trimmed(sentence, question) == Span(0, len(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "To critics of the welfare office, the algorithm is an instrument of control.",
        "To untrained listeners on the coast, this accent sounds just like that one.",
        "To treat deep burns in a field ward, the cream is useless in every respect.",
        "Building on a misreading of the law, the ministry banned all cycling at night.",
        "Exposure stayed within the legal limit; data released by the ministry contradict this.",
        "The mass stayed warm in each of the furnaces; the models released heat for days.",
    ],
)
def test_whose_view_it_is_and_what_it_is_good_for_is_not_cut(sentence: str) -> None:
    assert trimmed(sentence, "What do they say?") == Span(0, len(sentence))


@pytest.mark.parametrize(
    "second",
    [
        "The drug did not lower fever in adults in the second trial.",
        "The drug never lowered fever in adults in the second trial.",
        "The drug lowered fever in adults in the second trial by 11%.",
        "The drug lowered fever in few adults, or none, in the second trial.",
    ],
)
def test_what_denies_or_limits_is_no_repetition(second: str) -> None:
    first = "The drug lowered fever in adults in the first trial."
    paper = Paper("p", "Fever", f"{first} {second}", (), 2020)
    spans = Span(0, len(first)), Span(len(first) + 1, len(paper.abstract))
    both = [Evidence(f"S{n}", paper, s, 0, 0.0, 0.0, 1.0, None) for n, s in enumerate(spans)]
    assert len(choose_quotes(both, "Does it work on fever?", 80)) == 2
    same = Paper("q", "Fever", f"{first} {first.replace('first', 'second')}", (), 2020)
    again = [replace(e, paper=same, span=s) for e, s in zip(both, (
        spans[0], Span(len(first) + 1, len(same.abstract))), strict=True)]  # fmt: skip
    assert len(choose_quotes(again, "Does it work on fever?", 80)) == 1


def test_a_purpose_is_cut() -> None:
    sentence = "To align concept vectors, we train a small module by contrast over layers."
    span = trimmed(sentence, "What do they train?")
    assert sentence[span.start :].startswith("we train")


@pytest.mark.parametrize(
    ("question", "evidence", "denied"),
    [
        ("Does pruning increase or decrease accuracy?", "Pruning increases accuracy.", False),
        ("Does dropout reduce accuracy?", "Dropout increases accuracy.", False),
        ("Why does dropout reduce accuracy?", "Dropout increases accuracy.", True),
        ("How long are the videos?", "We collect short videos of 9 s.", False),
        ("What does the decoder use?", "The encoder uses a vision transformer.", False),
        ("How does GCAV improve robustness?", "GCAV reduces the variance of scores.", False),
        ("How does it handle occlusion?", "Existing methods cannot handle occlusion.", False),
        ("How is it trained without labels?", "It is trained on unlabelled video.", False),
    ],
)
def test_only_what_is_taken_for_granted_is_contradicted(
    question: str, evidence: str, denied: bool
) -> None:
    assert contradicts(question, [evidence]) is denied


def test_a_refusal_names_whole_words() -> None:
    hit = Hit(LOCKS, 0.5, 1.0, 0.5, 1.0, Span(0, 1))
    said = refusal("What is the lock's depth and why doesn't it freeze?", [hit], [])
    assert "“depth”" in said
    assert "“s”" not in said
    assert "doesn" not in said


@pytest.mark.parametrize(
    ("question", "abstract", "unknown"),
    [
        ("Which colour were the tumours?", "The tumors were grey in color.", []),
        ("Which centres favoured behaviours?", "Two centers favored the behavior.", []),
        ("How do women fare on it?", "Each woman fared well.", []),
        ("What do LLMs say about CO2?", "Large language models know CO₂.", []),
        ("Does pretraining help by email?", "Pre-training helps, so does e-mail.", []),
        ("Was it naive in Malmo on day 5?", "It was naïve in Malmö on day five.", []),
        ("Which analyses and hypotheses?", "One analysis, one hypothesis.", []),
        ("How long is the tunnel in Oslo?", "The trip took 14 hours.", ["tunnel", "Oslo"]),
        ("How many GPUs did the LLM take?", "Models were trained for a week.", ["GPUs", "LLM"]),
    ],
)
def test_words_in_another_spelling_are_mentioned(
    question: str, abstract: str, unknown: list[str]
) -> None:
    assert unknown_words(question, abstract) == unknown


def test_a_refusal_claims_no_more_than_is_known() -> None:
    text = "Twelve hospitals took part in the trial of zinc."
    paper = Paper("p", "Zinc", text, (), 2020)
    hit = Hit(paper, 0.5, 1.0, 0.5, 1.0, Span(0, 1))
    item = Evidence("S1", paper, Span(0, len(text)), 0, 0.6, 0.6, 1.0, None)
    said = refusal("How many hospitals took part in the Kenyan trial?", [hit], [item])
    assert said == (
        "No answer was found: the nearest abstract, “Zinc”, does not mention “Kenyan”. What it "
        f"does say: “{text}”"
    )
    said = refusal("Why did no hospitals take part in the trial?", [hit], [item])
    assert "granted" not in said
    assert said.endswith(f"The nearest abstract, “Zinc”, says: “{text}”")


def test_a_refusal_to_compare_speaks_of_both_papers() -> None:
    texts = {"Zinc": "Twelve hospitals tried zinc.", "Iron": "Nine schools tried iron tablets."}
    papers = [Paper(t, t, text, (), 2020) for t, text in texts.items()]
    hits = [Hit(p, 0.5, 1.0, 0.5, 1.0, Span(0, 1)) for p in papers]
    item = Evidence("S1", papers[0], Span(0, len(texts["Zinc"])), 0, 0.6, 0.6, 1.0, None)
    asked = "How do zinc and iron tablets differ in price?"
    said = refusal(asked, hits, [item], ("Zinc", "Iron"))
    assert "the nearest abstracts, “Zinc” and “Iron”, do not mention" in said
    assert "“price”" in said
    assert "“iron”" not in said
    assert "“tablets”" not in said
    assert said.endswith(f"What “Zinc” does say: “{texts['Zinc']}”")
    assert "“iron”" in refusal(asked, hits, [item])


def test_filters_leave_few_papers_to_stand_out_from(
    embedder: Embedder, listing_index: OpenIndex, tmp_path: Path
) -> None:
    import shutil

    place = tmp_path / "many"
    shutil.copytree(listing_index.directory, place)
    add_papers(place, [GOATS], embedder, token_counter(), Settings())
    answer = asked(place, embedder, "Which papers are about goats?",
                   filters=Filters(authors=("prado",)))  # fmt: skip
    assert answer.text.startswith("1 of 1 papers matches “goats”")


def test_an_abbreviation_may_be_a_common_word(place: Path, embedder: Embedder) -> None:
    index = OpenIndex(place, embedder)
    topic = "acute lymphoblastic leukemia"
    found = members(index, topic, embedder.encode([topic])[0])
    assert [m.hit.paper.title for m in found] == [LEUKEMIA.title]


def test_papers_within_a_paper_are_not_counted(place: Path, embedder: Embedder) -> None:
    assert "42 articles" in asked(place, embedder, "How many articles on goats were reviewed?").text


def test_all_papers_are_counted_without_claiming_a_source(place: Path, embedder: Embedder) -> None:
    answer = asked(place, embedder, "How many papers are in the collection?")
    assert answer.reason.startswith("There are 3 papers here.")
    one = asked(place, embedder, "How many papers do you have?", filters=Filters(year_to=2020))
    assert one.reason.startswith("There is 1 paper here.")


def test_a_source_may_look_like_a_list_of_names(place: Path, embedder: Embedder) -> None:
    answer = asked(place, embedder, "How fat is goats' milk?", filters=Filters(sources=("farm",)))
    assert "4.1%" in answer.text


def test_an_earlier_question_that_cannot_be_asked_is_passed_over(
    place: Path, embedder: Embedder
) -> None:
    history = ("\u0000", "x" * 3000, "How many days a year does ice block canal locks?")
    answer = asked(place, embedder, "And what keeps the gates free?", history)
    assert "Warm air" in answer.text


def test_a_place_among_several_holds_for_the_questions_after_it(
    listing_index: OpenIndex,
) -> None:
    from rag.understanding import understand

    listed = "Which papers are about neural architecture search?"
    second = understand(listing_index, "What does the second one report?", [listed])
    after = understand(listing_index, "How was it trained?", [listed, second.text])
    first = understand(listing_index, "And the first one?", [listed, "What about the second one?"])
    assert after.about[:1] == second.about[:1]
    assert first.about[:1] != second.about[:1]


def test_other_papers_about_it_are_listed(place: Path, embedder: Embedder) -> None:
    answer = asked(place, embedder, "Are there other papers about this?",
                   ("Which papers are about canal locks?",))  # fmt: skip
    assert "on “canal locks”" in answer.understood
    assert [s.paper.title for s in answer.sources] == [LOCKS.title]


def test_what_follows_on_a_topic_that_is_not_here_is_not_answered_from_another(
    place: Path, embedder: Embedder
) -> None:
    answer = asked(place, embedder, "How was it treated?", ("What is the plague of Justinian?",))
    assert answer.status == "abstained"
    assert "Justinian" in answer.understood
    assert "Justinian" in answer.reason


def test_papers_removed_while_they_are_read_are_not_quoted(
    place: Path, embedder: Embedder, language_model: LanguageModel
) -> None:
    index = OpenIndex(place, embedder)
    changes: list[bool] = []

    def load() -> LanguageModel:
        if not changes:
            changes.append(True)
            goats = next(p.id for p in index.snapshot.papers() if p.title == GOATS.title)
            remove_papers(place, [goats])
            index.refresh()  # as another person's look at the table does
        return language_model

    answer = Assistant(index, Settings(), load).ask(Question("How fat is goats' milk?"))
    assert changes
    assert GOATS.title not in {s.paper.title for s in answer.sources}
    assert GOATS.title not in {n.title for n in answer.nearest}


# ── the words that answer ───────────────────────────────────────────────────────────────────────


def test_words_that_answer_stand_in_their_quote(place: Path, embedder: Embedder) -> None:
    told = 0
    for question, words in (
        ("How fat is goats' milk?", "4.1"),
        ("How many children took part in the trial of chemotherapy at home?", "61"),
        ("For how many days does ice block canal locks?", "nine days"),
    ):
        answer = asked(place, embedder, question)
        assert answer.status == "answered"
        for claim in answer.claims:
            (citation,) = claim.citations
            if citation.words is None:
                continue
            assert 0 <= citation.words.start < citation.words.end <= len(citation.quote)
            told += words in claim.text[citation.words.start : citation.words.end]
    assert told == 3


def evidence(abstract: str, words: str) -> Evidence:
    paper = Paper("p", "Wool", abstract)
    start = abstract.index(words)
    return Evidence(
        "S1", paper, Span(0, len(abstract)), 0, -1.0, 0.5, 1.0, Span(start, start + len(words))
    )


def test_words_that_answer_are_never_cut() -> None:
    whole = (
        "To keep the fleece from felting in the first wash, we soak every skein in cold vinegar "
        "for an hour."
    )
    kept = choose_quotes([evidence(whole, "the first wash")], "where does it felt?", 80)
    assert [whole[s.start : s.end] for _, s in kept] == [whole]
    cut = choose_quotes([evidence(whole, "cold vinegar")], "what are skeins soaked in?", 80)
    assert [whole[s.start : s.end] for _, s in cut] == [whole[whole.index("we soak") :]]
    (claim,) = quote_claims(cut, Numbering())
    (citation,) = claim.citations
    assert citation.words is not None
    assert claim.text[citation.words.start : citation.words.end] == "cold vinegar"


def test_words_that_are_most_of_a_quote_do_not_stand_out() -> None:
    found = evidence("Sheep graze on the dunes.", "Sheep graze on the dunes")
    (claim,) = quote_claims([(found, found.span)], Numbering())
    assert claim.citations[0].words is None
