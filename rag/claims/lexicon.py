"""Word lists of our own; every entry is a judgement that two words are interchangeable in the
abstracts of papers, so a wrong one lets a wrong claim through and a missing one only refuses.

Kept as text, one group a line, compared by stem.
"""

from __future__ import annotations

from rag.claims.stems import stem

FUNCTION = frozenset(
    ["a", "an", "the", "this", "that", "these", "those", "it", "its", "itself", "they", "them", "their", "theirs", "themselves", "we", "us", "our", "ours", "he", "she", "his", "her", "who", "whom", "whose", "which", "what", "where", "when", "why", "how", "there", "here", "of", "in", "on", "at", "by", "for", "from", "to", "into", "onto", "with", "within", "as", "than", "and", "or", "if", "then", "so", "such", "also", "too", "both", "either", "is", "are", "was", "were", "be", "been", "being", "am", "has", "have", "had", "having", "do", "does", "did", "done", "can", "could", "may", "might", "will", "would", "shall", "should", "must", "not", "no", "nor", "and/or", "via", "per", "about", "between", "among", "across", "through", "during", "until", "while", "whereas", "whether", "because", "since", "although", "though", "but", "however", "yet", "upon", "toward", "towards", "off", "out", "up", "down", "again", "very", "just", "own", "same", "other", "another", "any", "each", "every", "all", "some", "few", "more", "most", "less", "least", "only", "even", "still", "already", "now", "thus", "therefore", "hence", "moreover", "furthermore", "additionally", "i", "ii", "one's", "s", "t", "d"]
)

# The frame of a report rather than its content: an uncovered one costs little.
SOFT = frozenset(
    stem(w)
    for w in ["paper", "author", "authors", "researcher", "researchers", "study", "work", "article", "abstract", "approach", "method", "methodology", "framework", "technique", "system", "model", "algorithm", "strategy", "scheme", "architecture", "solution", "propose", "introduce", "present", "describe", "develop", "design", "report", "show", "demonstrate", "find", "observe", "reveal", "note", "state", "discuss", "investigate", "explore", "examine", "evaluate", "evaluation", "experiment", "experimental", "result", "finding", "according", "call", "name", "know", "term", "proposed", "existing", "current", "use", "using", "utilize", "employ", "leverage", "adopt", "apply", "make", "provide", "offer", "allow", "enable", "let", "give", "obtain", "achieve", "reach", "attain", "get", "yield", "produce", "perform", "conduct", "carry", "include", "contain", "comprise", "consist", "feature", "involve", "involving", "base", "serve", "act", "work", "aim", "goal", "focus", "address", "tackle", "deal", "issue", "problem", "task", "purpose", "way", "manner", "process", "order", "case", "example", "instance", "term", "aspect", "specific", "specifically", "particular", "particularly", "overall", "respectively", "namely", "thereby", "therefore", "additionally", "respective", "corresponding", "various", "different", "several", "number", "set", "variety", "type", "kind", "form", "part", "receive", "help", "become", "remain", "exist", "occur", "take", "need", "require", "seek", "want", "compare", "comparison", "relative", "terms", "regard", "regarding", "concern", "related", "associate", "due", "result", "lead", "cause", "estimate", "measure", "calculate", "compute", "determine", "identify", "indicate", "conclude", "suggest", "given", "available", "release", "publish", "share", "code", "also", "well", "new", "key", "main", "important", "instead", "additional", "like", "role", "create", "build", "construct", "generate", "contribution", "contribute", "capability", "ability", "able", "support", "say", "try", "attempt", "consider", "treat", "handle", "follow", "following", "whole", "entire", "thing", "information", "performance", "trial", "analysis", "cover", "come", "span", "dataset", "data", "benchmark", "search", "ablation", "corpus", "collection", "survey", "review"]
)

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
several multiple many numerous various
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
novel new original
remedy solution fix
mostly mainly primarily largely
mean average
participant subject-a
patient
people person human humans individual
child kid
doctor physician clinician
wrong incorrect erroneous
correct right accurate
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

# Families of opposites: "name: plus words | minus words". A word may be in several.
_OPPOSITES = """
amount: increase raise rise boost grow elevate high more great large big gain expand enlarge above exceed over-a improve many surpass more_than greater_than higher_than larger_than | decrease reduce lower cut lessen diminish decline fall drop shrink low less few small tiny below halve less_than fewer_than lower_than smaller_than mitigate alleviate
quality: better improve enhance outperform superior surpass beat exceed good gain benefit above | worse worsen degrade deteriorate underperform inferior bad harm hurt
extreme: best most highest largest greatest maximum maximal maximize fastest strongest longest top | worst least lowest smallest fewest minimum minimal minimize slowest weakest shortest
speed: fast quick rapid swift accelerate speed_up speedup fastest | slow sluggish slowest decelerate
order: after later late following afterwards | before earlier early prior preceding beforehand previously
length: long | short
depth: deep | shallow
cost: cheap inexpensive | expensive costly
ease: easy simple straightforward | difficult hard challenging complex complicated
rarity: common frequent often frequently prevalent | rare rarely seldom uncommon infrequent
likeness: same similar identical alike equal | different distinct differ unequal
sign: positive | negative
estimate: overestimate | underestimate
agreement: agree support confirm | disagree contradict refute
outcome: success succeed successful | failure fail unsuccessful
member: include | exclude
change: add insert | remove delete eliminate drop discard
strength: strong powerful | weak
presence: with | without
width: wide broad | narrow
sparsity: dense | sparse
scope: global | local
side: input | output
door: open | close
place: inside internal | outside external
wire: online | offline
coder: encoder encode | decoder decode
heat: hot warm warmer | cold cool
"""

PHRASES: dict[tuple[str, ...], str] = {
    tuple(phrase.split("_")): phrase
    for phrase in ["due_to", "owing_to", "because_of", "depend_on", "depends_on", "relies_on", "rely_on", "relied_on", "depended_on", "depending_on", "relying_on", "consists_of", "consist_of", "consisting_of", "look_for", "looks_for", "looking_for", "lead_to", "leads_to", "led_to", "leading_to", "result_in", "results_in", "resulted_in", "resulting_in", "speed_up", "speeds_up", "make_public", "made_public", "publicly_available", "open_source", "open_sourced", "state_of_the_art", "large_language_model", "large_language_models", "vision_language_model", "vision_language_models", "natural_language_processing", "reinforcement_learning", "convolutional_neural_network", "convolutional_neural_networks", "recurrent_neural_network", "recurrent_neural_networks", "graph_neural_network", "graph_neural_networks", "question_answering", "artificial_intelligence", "machine_learning", "chain_of_thought", "stochastic_gradient_descent", "knowledge_graph", "knowledge_graphs", "automatic_speech_recognition", "word_error_rate", "generative_adversarial_network", "generative_adversarial_networks", "retrieval_augmented_generation", "fine_tune", "fine_tuned", "fine_tuning", "fine_tunes", "data_set", "data_sets", "drop_out", "dropping_out", "up_to", "at_most", "at_least", "no_more_than", "no_less_than", "more_than", "less_than", "fewer_than", "greater_than", "higher_than", "lower_than", "larger_than", "smaller_than", "as_many_as", "as_much_as", "not_only", "rather_than", "instead_of", "in_contrast_to", "in_contrast_with", "as_opposed_to", "compared_to", "compared_with", "relative_to", "such_as", "as_well_as", "in_order_to", "no_longer", "fails_to", "fail_to", "failed_to", "failing_to", "account_for", "accounts_for", "first_of_all", "a_number_of", "the_majority_of", "a_majority_of", "according_to", "in_spite_of", "followed_by", "two_thirds", "at_a_time", "a_few", "a_lot_of", "by_a_factor_of_x"]
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


def _phrase_stem(word: str) -> str:
    if "_" not in word:
        return stem(word)
    return "_".join(stem(part) for part in word.split("_"))


def _synonym_keys() -> dict[str, str]:
    """Stem to group name; a stem of several groups goes to the first, and groups never chain."""
    keys: dict[str, str] = {}
    for line in _SYNONYMS.strip().splitlines():
        stems = [_phrase_stem(w) for w in line.split() if not w.endswith(("-a", "-v"))]
        name = next((keys[s] for s in stems[:1] if s in keys), stems[0])
        for s in stems:
            keys.setdefault(s, name)
    return keys


def _opposite_signs() -> dict[str, dict[str, int]]:
    signs: dict[str, dict[str, int]] = {}
    for line in _OPPOSITES.strip().splitlines():
        family, words = line.split(":")
        for sign, half in zip((1, -1), words.split("|"), strict=True):
            for w in half.split():
                if not w.endswith("-a"):
                    signs.setdefault(_phrase_stem(w), {})[family] = sign
    for comparative, base in COMPARATIVES.items():
        if base in signs:
            signs.setdefault(comparative, signs[base])
    return signs


COMPARATIVES = {
    stem(form): stem(base)
    for base, *forms in (
        line.split()
        for line in ["high higher", "low lower", "large larger", "small smaller", "great greater", "fast faster\n        ", "slow slower", "long longer", "short shorter", "deep deeper", "cheap cheaper", "easy easier", "hard harder\n        ", "few fewer", "strong stronger", "weak weaker", "wide wider", "narrow narrower", "quick quicker\n        ", "big bigger", "tiny tinier", "simple simpler", "dense denser", "sparse sparser", "good better\n        ", "shallow shallower", "broad broader", "frequent", "hot hotter", "cold colder", "cool cooler"]
    )
    for form in forms
    if form != "better"
}
SYNONYMS = _synonym_keys()
SIGNS = _opposite_signs()


def key_of(low: str) -> str:
    """The class that a lower-case word or phrase is compared by."""
    if "_" in low:
        low = _PHRASE_KEYS.get(low, low)
    s = _phrase_stem(low)
    return SYNONYMS.get(s, s)


def signs_of(low: str) -> dict[str, int]:
    """Family of opposites to sign (+1 or -1) for a lower-case word; empty for most words."""
    return SIGNS.get(_phrase_stem(low), {})


NEGATORS = frozenset(
    ["not", "no", "never", "without", "neither", "nor", "none", "cannot", "nothing", "unable", "incapable", "impossible", "lack", "lacks", "lacked", "lacking", "rather_than", "instead_of", "no_longer", "fails_to", "fail_to", "failed_to", "failing_to", "nobody", "nowhere", "absent", "absence", "hardly_any"]
)
OPTIONAL_NEGATORS = frozenset(
    ["avoid", "avoids", "avoiding", "avoided", "free", "eliminates", "eliminate", "eliminating", "prevent", "prevents", "missed", "misses", "unlike", "in_contrast_to", "remove", "removed", "removing", "poorly", "badly"]
)
RARE = frozenset(["rarely", "seldom", "hardly", "scarcely", "barely", "rare"])

HEDGES = frozenset(
    ["may", "might", "could", "would", "should", "possibly", "perhaps", "potentially", "likely", "unlikely", "suggest", "suggests", "suggested", "suggesting", "appear", "appears", "appeared", "seem", "seems", "seemed", "probably", "hypothesize", "hypothesise", "conjecture", "speculate", "potential", "preliminary", "presumably", "arguably", "plausible", "expected", "expect", "indicate", "indicates", "indicated", "tend", "tends", "tended", "assume", "assumes", "believe", "promising", "estimate", "estimated", "estimates", "can", "whether", "if", "unclear", "disputed"]
)
# Not claims about the world's certainty when alone: they license weaker words but demand none.
MILD_HEDGES = frozenset(
    ["can", "indicate", "indicates", "indicated", "expected", "expect", "estimate", "estimated", "estimates", "assume", "assumes", "promising", "potential", "if", "would", "should"]
)
FREQUENCY = frozenset(
    ["often", "frequently", "sometimes", "usually", "typically", "generally", "mostly", "partially", "partly", "largely", "mainly", "occasionally", "normally", "commonly", "nearly", "almost", "relatively", "roughly", "somewhat"]
)
ABSOLUTE = frozenset(["always", "invariably", "never", "all", "every", "entirely", "completely", "fully"])
ONLY = frozenset(["only", "solely", "exclusively", "merely", "just"])

QUANTIFIERS: dict[str, int] = {
    **dict.fromkeys(["all", "every", "each", "any", "entire", "both", "always"], 4),
    **dict.fromkeys(["most", "the_majority_of", "a_majority_of"], 3),
    **dict.fromkeys(["some", "few", "a_few", "certain", "sometimes"], 1),
}
DEGREE = frozenset(
    stem(w)
    for w in ["significantly", "substantially", "considerably", "dramatically", "drastically", "greatly", "markedly", "slightly", "marginally", "consistently", "vastly", "far", "highly", "extremely", "strongly", "completely", "fully", "entirely", "perfectly", "always"]
)
