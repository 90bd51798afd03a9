"""Words that contradict each other, in families with a sign: +1 for more, better, faster, after,
-1 for less, worse, slower, before. A word may be in several families.
"""

from __future__ import annotations

from rag.claims.stems import stem
from rag.claims.synonyms import phrase_stem
from rag.claims.wordlists import rows

# Families of opposites: "name: plus words | minus words". A word may be in several.
_OPPOSITES = """
amount: increase raise rise boost grow elevate high more great large big gain expand enlarge
  above exceed over-a improve many surpass maximize more_than greater_than higher_than larger_than |
  decrease reduce lower cut lessen diminish decline fall drop shrink low less few small tiny
  below halve less_than fewer_than lower_than smaller_than mitigate alleviate save minimize
quality: better improve enhance outperform superior surpass beat exceed good gain benefit above
  | worse worsen degrade deteriorate underperform inferior bad harm hurt
extreme: best most highest largest greatest maximum maximal maximize fastest strongest longest
  top | worst least lowest smallest fewest minimum minimal minimize slowest weakest shortest
speed: fast quick rapid swift accelerate speed_up speedup fastest | slow sluggish slowest
  decelerate
order: after later late following afterwards | before earlier early prior preceding beforehand
  previously
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
age: new novel | original old traditional
heat: hot warm warmer | cold cool
"""

COMPARATIVES = {
    stem(form): stem(base)
    for base, *forms in (
        line.split()
        for line in rows(
            """
            high higher
            low lower
            large larger
            small smaller
            great greater
            fast faster
            slow slower
            long longer
            short shorter
            deep deeper
            cheap cheaper
            easy easier
            hard harder
            few fewer
            strong stronger
            weak weaker
            wide wider
            narrow narrower
            quick quicker
            big bigger
            tiny tinier
            simple simpler
            dense denser
            sparse sparser
            good better
            shallow shallower
            broad broader
            frequent
            hot hotter
            cold colder
            cool cooler
            """
        )
    )
    for form in forms
    if form != "better"
}


def _opposite_signs() -> dict[str, dict[str, int]]:
    signs: dict[str, dict[str, int]] = {}
    for line in _OPPOSITES.replace("\n  ", " ").strip().splitlines():
        family, words = line.split(":")
        for sign, half in zip((1, -1), words.split("|"), strict=True):
            for w in half.split():
                if not w.endswith("-a"):
                    signs.setdefault(phrase_stem(w), {})[family] = sign
    for comparative, base in COMPARATIVES.items():
        if base in signs:
            signs.setdefault(comparative, signs[base])
    return signs


SIGNS = _opposite_signs()


def signs_of(low: str) -> dict[str, int]:
    """Family of opposites to sign (+1 or -1) for a lower-case word; empty for most words."""
    return SIGNS.get(phrase_stem(low), {})
