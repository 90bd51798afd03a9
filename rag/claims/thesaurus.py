"""Words of academic English in general, belonging to no field: a pair that could tell two methods,
quantities or findings apart is kept out, because a link made here lets a wrong claim through.
"""

from __future__ import annotations

from rag.claims.stems import stem
from rag.claims.wordlists import words

# Further groups in the manner of rag.claims.synonyms, read after its own: one that begins with a
# word of a group there extends that group.
GROUPS = """
suffice enough sufficient adequate
ongoing continuing continuous continual continued
lack shortage scarcity dearth paucity
concentrate focus dwell center
popular widely_used commonly_used frequently_used well_known well_established well-known
widely broadly commonly
inexpensive affordable
costly pricey
runner_up second_best
uneven unequal imbalanced unbalanced
equalize balance even_out
due_to thanks_to
release openly_accessible openly_available freely_available publicly_accessible
compact compressed
reliably consistently
revise modify alter
any arbitrary
count number
conversation dialog dialogue
task job
outside beyond
tackle handle
instance example
emphasize stress highlight underline underscore
hinder hamper impede obstruct hold_back
facilitate ease_the
encourage foster promote
originate stem_from
estimate approximate
approximately roughly around circa
reliance dependence dependency
shortcoming weakness
feasibility practicability
applicable usable
disparate heterogeneous differing
seek pursue
accomplish fulfill
collaborate cooperate
collaboration cooperation
cooperative collaborative
distribute spread
surround enclose
obtain derive
deduce derive
deploy roll_out
deployment rollout
retain preserve keep
necessitate require
shrink condense
degrade deteriorate worsen
relevant pertinent
pivotal crucial decisive
intricate complex
sophisticated elaborate
straightforward simple
concurrent parallel
tie couple link connect
connection link
decouple disentangle
neighboring adjacent neighbouring
subsequently later afterwards
former earlier
initially originally
rising growing
worldwide globally
redundant superfluous
retrieve fetch
discard abandon
substitute swap
circumvent bypass
permit enable
inspire motivate
inspiration motivation
remarkable notable impressive striking
remarkably notably impressively strikingly
surprising unexpected
surprisingly unexpectedly
clearly evidently obviously
thoroughly exhaustively extensively comprehensively
swiftly promptly
fairly reasonably
separately independently individually
collectively together
freely openly
instantly immediately
instant immediate
seamless smooth
seamlessly smoothly
lightweight light
trainable learnable
tunable adjustable
customizable adaptable
modular composable
ready_made off_the_shelf
subset portion
fraction share proportion
location position place
area region
domain field
category class
variety diversity
layout arrangement
sequence series
piece fragment
chunk segment
boundary border
opponent adversary
foundation basis
originality novelty
inaccurate imprecise
unknown unfamiliar
classify categorize
classification categorization
modification alteration change
adjustment tweak
evaluation assessment
surpassing exceeding
competitive on_par
degree extent
amount quantity
sum total
portray depict
express articulate
significantly greatly
far much vastly
overlook miss
should ought
imply entail
assume presume suppose
argue contend claim assert
recommend advise
desire wish
intend plan
attempt try endeavor
prepare ready
forward onward
refine polish
reuse recycle
convey transmit
transmit send
stack pile
arrange organize organise
encourage incentivize
favor prefer
preference liking
preferable preferred
penalize punish
reward incentive
expose uncover
hide conceal
damage harm
vulnerable susceptible
vulnerability weakness
protect safeguard
danger hazard
use make_use_of
cause give_rise_to bring_about
consider take_into_account
before prior_to
simultaneously at_once at_the_same_time
consist_of composed_of made_up_of
range_of wide_range_of broad_range_of variety_of suite_of series_of
expensive resource_intensive
lengthy long_lasting
leading state_of_the_art
trade_off tradeoff compromise
supernet super_network supernetwork
subnet sub_network subnetwork
equally evenly
evenly uniformly
unevenly unequally
quicken accelerate
swift speedy
hurt harm
easily readily
suboptimal sub_optimal
flexible versatile
flexibility versatility
tolerate withstand
resist withstand
struggle have_difficulty
comprehend grasp
differ vary
distinguish discriminate
attend pay_attention
elicit evoke
infer deduce
convince persuade
suit fit
interpretable explainable
interpretability explainability
hand_crafted handcrafted manual manually_designed
human_made man_made
unlabeled unlabelled unannotated
labeled labelled annotated
pretrained pre_trained
stream flow
"""

# Phrases that only join, as prepositions and conjunctions do.
JOINTS = frozenset(
    words(
        """based_on built_on built_upon on_top_of in_terms_of by_means_of at_the_same_time
        as_a_result for_example for_instance in_addition_to in_addition on_average on_the_basis_of
        regardless_of irrespective_of in_place_of prior_to at_the_cost_of at_the_price_of
        at_the_expense_of in_particular in_general in_practice in_the_course_of with_respect_to
        in_the_case_of as_a_means_of for_the_purpose_of in_the_form_of with_the_help_of
        with_the_aid_of on_the_other_hand in_contrast on_the_contrary as_long_as provided_that
        range_of wide_range_of broad_range_of variety_of suite_of series_of"""
    )
)

# Phrases that count as one word.
PHRASES = words(
    """widely_used commonly_used frequently_used well_known well_established runner_up second_best
    even_out thanks_to openly_accessible openly_available freely_available publicly_accessible
    hold_back holds_back held_back holding_back off_the_shelf ready_made nothing_but on_par
    stem_from stems_from roll_out make_use_of makes_use_of making_use_of made_use_of give_rise_to
    gives_rise_to bring_about brings_about take_into_account takes_into_account
    taking_into_account at_once composed_of made_up_of resource_intensive trade_off trade_offs
    super_network super_networks sub_network sub_networks sub_optimal hand_crafted
    manually_designed even_though"""
) + tuple(JOINTS)

# Words so general that one of them alone changes nothing that a reader would check.
MILD = frozenset(
    stem(w)
    for w in words(
        """face suffer rest concern relate draw benefit thank owe matter turn move bring put set
        split go come begin start continue proceed follow keep stay mean serve count treat view
        regard deem pose arise emerge exhibit possess own hold bear deliver supply equip assign
        allocate place locate position situate fit suit match pair combine arrange organize
        structure form shape formulate formulation style fashion manner mode setting setup
        scenario situation circumstance context case stage part portion piece element ingredient
        constituent core heart center basis ground foundation background origin source nature
        character property trait aspect facet angle side viewpoint perspective principle idea
        notion insight intuition theme topic subject question point fact sign hint clue reason
        explanation account interpretation implication consequence outcome trouble difficulty
        obstacle hurdle barrier bottleneck drawback gain merit strength value worth usefulness use
        practice practical practically real actual actually certain given such general generally
        broad common usual ordinary typical standard conventional traditional classic classical
        regular normal prevalent prevailing present today recent recently modern current nowadays
        previous prior earlier past former existing available possible potential useful helpful
        valuable suitable appropriate adequate sufficient enough necessary desired desirable
        proper good fine nice notable remarkable impressive striking interesting promising
        attractive appealing clear evident obvious apparent explicit direct directly
        straightforward initial underlying inherent intrinsic relevant related
        corresponding associated respective individual single separate distinct independent
        dedicated special particular specific multiple several various diverse
        additional extra further other another together jointly simultaneously accordingly instead
        otherwise rather quite fairly simply namely indeed notably especially particularly mainly
        chiefly primarily overall altogether successfully effectively efficiently easily readily
        naturally properly appropriately carefully deliberately thoroughly explicitly essentially
        basically ultimately eventually finally thanks able capable ready prone inclined likely
        decide decision choose choice option opt settle resolve obtain gather collect extract
        compile assemble compose create devise craft prepare produce generate establish rate
        length size level amount extent degree first range wide wise oriented driven type found
        introduce incorporate integrate embed inject insert attach connect link join tie bind map
        transform convert adapt adjust tune tailor customize refine polish extend expand broaden
        widen enrich complement supplement accompany support back assist aid help facilitate ease
        foster promote encourage motivate inspire drive guide steer inform instruct govern
        regulate manage handle operate run work operation process processing job usage utilization
        application implementation realization realisation achieve accomplish fulfil realize
        realise attain yield offer provide grant ensure guarantee secure promise"""
    )
    if "-" not in w
)
