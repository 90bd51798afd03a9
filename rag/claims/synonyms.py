"""Which words and phrases may stand for one another: every group is a judgement of ours about the
abstracts of papers, so a wrong one lets a wrong claim through and a missing one only refuses.

Compared by stem. A word marked "-a" or "-v" is named for readers only: it means too many things.
"""

from __future__ import annotations

from rag.claims import thesaurus
from rag.claims.stems import stem
from rag.claims.wordlists import words

# Groups of words that may stand for one another. The first names the group.
_SYNONYMS = """
propose introduce present suggest-a describe devise put_forward
show demonstrate reveal illustrate exhibit display
find observe discover see notice
achieve reach attain obtain get yield score accomplish
use utilize employ leverage adopt apply using exploit harness
combine fuse integrate merge unify join
method approach technique strategy procedure
framework architecture scheme
image picture photo photograph
keep retain preserve maintain
start begin commence
select choose pick
change alter modify adjust vary
allow let permit
help assist aid
because due_to since_of owing_to
difficult hard challenging tough
easy simple straightforward
important crucial essential vital critical key significant-a
expensive costly
cheap inexpensive
require need necessitate demand
depend_on rely_on depend rely hinge
common frequent prevalent widespread
often frequently
rarely seldom hardly scarcely infrequently rare
usually typically normally
contain comprise include consist_of encompass consist
several multiple various
many numerous
single one-a sole
error mistake
build construct create
train teach
predict forecast
investigate examine explore study analyze analyse inspect
evaluate assess test
measure quantify
compute calculate
compare contrast
solve resolve address tackle
cause lead_to result_in induce produce
occur happen arise
reason rationale
forecast prediction
answer respond reply
question query
separate divide split partition
group cluster
search look_for seek hunt
guess estimate
store save
remove eliminate delete discard
add append
replace substitute
avoid circumvent prevent
release publish available make_public publicly_available open_source
code implementation
dataset corpus data_set
rate frequency
improvement gain
decrease reduce lower cut lessen diminish decline fall drop shrink
increase raise rise boost grow elevate
improve enhance better-v
outperform surpass exceed beat
worsen degrade deteriorate
fast quick rapid swift
accelerate speed_up speedup
slow sluggish
large big
huge massive vast enormous
small tiny little
complete finish
entire whole full
aware conscious
helpful useful beneficial valuable
offset compensate counterbalance
say state claim argue
quickly rapidly
fail struggle
seek want
write author-a compose
cover span
believe think
worry concern-a
necessary indispensable
appear emerge
rely lean
speed pace
precise exact
certain sure
particular specific
main principal primary chief
possible feasible
whole complete-a
suitable appropriate fitting
rest remainder remaining
trial experiment
scarce limited-a
unclear unknown
clear evident obvious
ask request
hold possess
examine inspect check verify
verify validate confirm
begin initiate
cease stop halt
complete finalize
attach bond
raw unprocessed
noise-a disturbance
flaw weakness
synthetic artificial
additional extra further
nowadays today currently
about concerning regarding
similar comparable alike
identical same-a
different distinct
novel new
remedy solution fix
mostly mainly primarily largely
mean average
participant subject-a
patient
people person human humans individual
child kid
doctor physician clinician
wrong incorrect erroneous
correct accurate
correctly accurately
ability capability capacity
goal aim objective purpose
gap discrepancy
match mismatch-a equal
rapidly quickly
reliable dependable trustworthy
robust resilient
convert transform turn
generate produce synthesize
generation synthesis
delay latency
memory storage
bug defect
ignore disregard neglect overlook
conflict contradict
poorly badly
well-known known
parameter weight
document text
passage paragraph
sentence utterance-a
effect impact influence
affect influence impact
consistent coherent
consistently uniformly
conclude infer
state-of-the-art sota state_of_the_art
prior previous earlier-a existing
current present-a existing
joint combined
simultaneous concurrent
simultaneously concurrently jointly
automatic automated
language linguistic
visual vision
picture image
annotator labeler
annotation label labeling
attribute ascribe
recognition identification
enable allow permit empower
mitigate alleviate reduce-a lessen
ensure guarantee
extend expand
limit restrict constrain
limitation drawback shortcoming
benefit advantage profit
view perspective
step stage phase
component module
extensive comprehensive thorough
experiment trial-a
significantly substantially considerably markedly
significant substantial considerable
slightly marginally
merely only-a
necessary needed required
adapt tailor
align match-a
learn acquire
representation embedding
optimize optimise tune
finetune fine_tune fine_tuning
initial first-a
final last-a
final ultimate
quality
realistic real-world
diverse varied
collect gather
capture record
show indicate
explain account_for clarify
understand comprehend
understanding comprehension
guide steer direct
agent actor-a
user person-a
efficient economical
efficiency economy
effective efficacious
effectiveness efficacy
powerful strong potent
drop_out quit
llm large_language_model
vlm vision_language_model
nlp natural_language_processing
rl reinforcement_learning
cnn convolutional_neural_network
rnn recurrent_neural_network
gnn graph_neural_network
gan generative_adversarial_network
rag retrieval_augmented_generation
qa question_answering
ai artificial_intelligence
ml machine_learning
cot chain_of_thought
sgd stochastic_gradient_descent
kg knowledge_graph
asr automatic_speech_recognition
wer word_error_rate
"""

PHRASES: dict[tuple[str, ...], str] = {
    tuple(phrase.split("_")): phrase
    for phrase in words(
        """due_to owing_to because_of depend_on depends_on relies_on rely_on relied_on depended_on
        depending_on relying_on consists_of consist_of consisting_of look_for looks_for
        looking_for lead_to leads_to led_to leading_to result_in results_in resulted_in
        resulting_in speed_up speeds_up make_public made_public publicly_available open_source
        open_sourced state_of_the_art large_language_model large_language_models
        vision_language_model vision_language_models natural_language_processing
        reinforcement_learning convolutional_neural_network convolutional_neural_networks
        recurrent_neural_network recurrent_neural_networks graph_neural_network
        graph_neural_networks question_answering artificial_intelligence machine_learning
        chain_of_thought stochastic_gradient_descent knowledge_graph knowledge_graphs
        automatic_speech_recognition word_error_rate generative_adversarial_network
        generative_adversarial_networks retrieval_augmented_generation fine_tune fine_tuned
        fine_tuning fine_tunes data_set data_sets drop_out dropping_out up_to at_most at_least
        no_more_than no_less_than more_than less_than fewer_than greater_than higher_than
        lower_than larger_than smaller_than as_many_as as_much_as not_only rather_than
        instead_of in_contrast_to in_contrast_with as_opposed_to compared_to compared_with
        relative_to such_as as_well_as in_order_to no_longer fails_to fail_to failed_to
        failing_to account_for accounts_for first_of_all a_number_of the_majority_of
        a_majority_of according_to in_spite_of followed_by two_thirds at_a_time a_few a_lot_of
        by_a_factor_of_x"""
    )
    + thesaurus.PHRASES
}
_PHRASE_KEYS = {
    "owing_to": "due_to",
    "because_of": "due_to",
    "in_contrast_with": "in_contrast_to",
    "as_opposed_to": "in_contrast_to",
    "compared_with": "compared_to",
    "relative_to": "compared_to",
    "a_number_of": "several",
    "a_lot_of": "many",
    "a_few": "some",
    "the_majority_of": "most",
    "a_majority_of": "most",
}


def phrase_stem(word: str) -> str:
    """The stem of a word, or of each word of a phrase joined by "_"."""
    if "_" not in word:
        return stem(word)
    return "_".join(stem(part) for part in word.split("_"))


def _synonym_keys() -> dict[str, str]:
    """Stem to group name; a stem of several groups goes to the first, and groups never chain."""
    keys: dict[str, str] = {}
    for line in (_SYNONYMS.strip() + thesaurus.GROUPS.rstrip()).splitlines():
        stems = [phrase_stem(w) for w in line.split() if not w.endswith(("-a", "-v"))]
        if not stems:
            continue
        name = next((keys[s] for s in stems if s in keys), stems[0])
        for s in stems:
            keys.setdefault(s, name)
    return keys


SYNONYMS = _synonym_keys()


def key_of(low: str) -> str:
    """The class that a lower-case word or phrase is compared by."""
    if "_" in low:
        low = _PHRASE_KEYS.get(low, low)
    s = phrase_stem(low)
    return SYNONYMS.get(s, s)
