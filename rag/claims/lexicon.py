"""Small closed lists: words without content, words of the report's frame, negators, hedges and
quantifiers. Case is lower throughout; SOFT and DEGREE hold stems.
"""

from __future__ import annotations

from rag.claims.stems import stem
from rag.claims.wordlists import words

FUNCTION = frozenset(
    words(
        """a an the this that these those it its itself they them their theirs themselves we us our
        ours he she his her who whom whose which what where when why how there here of in on at
        by for from to into onto with within as than and or if then so such also too both either
        is are was were be been being am has have had having do does did done can could may
        might will would shall should must not no nor and/or via per about between among across
        through during until while whereas whether because since although though but however yet
        upon toward towards off out up down again very just own same other another any each
        every all some few more most less least only even still already now thus therefore hence
        moreover furthermore additionally i ii one's s t d"""
    )
)

# The frame of a report rather than its content: an uncovered one costs little.
SOFT = frozenset(
    stem(w)
    for w in words(
        """paper author authors researcher researchers study work article abstract approach method
        methodology framework technique system model algorithm strategy scheme architecture
        solution propose introduce present describe develop design report show demonstrate find
        observe reveal note state discuss investigate explore examine evaluate evaluation
        experiment experimental result finding according call name know term proposed existing
        current use using utilize employ leverage adopt apply make provide offer allow enable
        let give obtain achieve reach attain get yield produce perform conduct carry include
        contain comprise consist feature involve involving base serve act work aim goal focus
        address tackle deal issue problem task purpose way manner process order case example
        instance term aspect specific specifically particular particularly overall respectively
        namely thereby therefore additionally respective corresponding various different several
        number set variety type kind form part receive help become remain exist occur take need
        require seek want compare comparison relative terms regard regarding concern related
        associate due result lead cause estimate measure calculate compute determine identify
        indicate conclude suggest given available release publish share code also well new key
        main important instead additional like role create build construct generate contribution
        contribute capability ability able support say try attempt consider treat handle follow
        following whole entire thing information performance trial analysis cover come span
        dataset data benchmark search ablation corpus collection survey review"""
    )
)

NEGATORS = frozenset(
    words(
        """not no never without neither nor none cannot nothing unable incapable impossible lack
        lacks lacked lacking rather_than instead_of no_longer fails_to fail_to failed_to
        failing_to nobody nowhere absent absence hardly_any"""
    )
)
OPTIONAL_NEGATORS = frozenset(
    words(
        """avoid avoids avoiding avoided free eliminates eliminate eliminating prevent prevents
        missed misses unlike in_contrast_to remove removed removing poorly badly
        fail fails failed failing struggle struggles struggled
        shortage scarcity dearth insufficient insufficiently scarce"""
    )
)
RARE = frozenset(words("""rarely seldom hardly scarcely barely rare"""))

HEDGES = frozenset(
    words(
        """may might could would should possibly perhaps potentially likely unlikely suggest
        suggests suggested suggesting appear appears appeared seem seems seemed probably
        hypothesize hypothesise conjecture speculate potential preliminary presumably arguably
        plausible expected expect indicate indicates indicated tend tends tended assume assumes
        believe promising estimate estimated estimates can whether if unclear disputed ought"""
    )
)
# Not claims about the world's certainty when alone: they license weaker words but demand none.
MILD_HEDGES = frozenset(
    words(
        """can indicate indicates indicated expected expect estimate estimated estimates assume
        assumes promising potential if would should ought"""
    )
)
# What is still open: a question, an aim, a plan. A claim that restates it must leave it open.
ASKED = frozenset(words("""whether if question questions ask asks asked tests test tested"""))
AIMS = frozenset(
    words(
        """aim aims aimed aiming seek seeks sought hope hopes hoped intend intends intended
        intention plan plans planned planning attempt attempts attempted try tries tried trying
        goal goals objective purpose want wants designed meant order so"""
    )
)
# Two things that go together, which is no cause.
TOGETHER = frozenset(
    words(
        """associated association associations associate associates correlated correlates correlate
        correlation correlations linked link links related relation relationship relate relates
        coincide coincides coincided accompanied along alongside together predicts predict predicted
        predictor"""
    )
)
FREQUENCY = frozenset(
    words(
        """often frequently sometimes usually typically generally mostly partially partly largely
        mainly occasionally normally commonly nearly almost relatively roughly somewhat"""
    )
)
ABSOLUTE = frozenset(words("""always invariably never all every entirely completely fully"""))
ONLY = frozenset(words("""only solely exclusively merely just alone nothing_but"""))

QUANTIFIERS: dict[str, int] = {
    **dict.fromkeys(words("""all every each any entire both always"""), 4),
    **dict.fromkeys(["most", "the_majority_of", "a_majority_of"], 3),
    **dict.fromkeys(words("""some few a_few certain sometimes"""), 1),
}
DEGREE = frozenset(
    stem(w)
    for w in words(
        """significantly substantially considerably dramatically drastically greatly markedly
        slightly marginally consistently vastly far highly extremely strongly completely fully
        entirely perfectly always"""
    )
)
