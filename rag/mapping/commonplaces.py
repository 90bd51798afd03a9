"""What abstracts say whatever they are about, by word and not by stem: "processing" is a subject
though "process" is none, and "generative" has the stem of "general".
"""

from __future__ import annotations

from rag.words import FUNCTION_WORDS

# With all their forms: "propose", "proposes", "proposed", "proposing".
_VERBS = """
    accelerate accomplish account achieve acquire adapt add address adjust adopt advance affect
    afford aim allow analyse analyze apply argue arise ask aspire assess assume attain avoid
    base become begin believe benefit boost bridge bring build call capture carry cause choose
    claim combine come compare complement comprise conclude conduct confirm consider consist
    construct contain contribute cover create deliver demand demonstrate depend deploy derive
    describe design desire determine develop devise differ discover discuss draw elicit
    eliminate emerge emphasize employ empower enable encourage end enhance enlarge ensure
    establish evaluate evolve examine exceed exhibit exist expand expect explain exploit explore
    extend facilitate fail find focus follow foster fulfil gain get give go grow guarantee
    handle happen help hinder hold identify ignore illustrate impose improve include incorporate
    increase incur indicate inspire integrate introduce investigate involve keep know lack lead
    let leverage lie look lose maintain make mean meet mention merit mitigate motivate must name
    need note observe obtain obviate occur offer operate outline outperform overcome overlook
    pave perform pose possess prefer present preserve prevent proceed prompt propose prove
    provide publish pursue put raise reach realize receive recommend reduce refer refine relate
    release rely remain remove render replace report require result retain reveal run say seek
    seem select serve share shift show showcase solve speed spend stand start stay stem strive
    suffer suggest suit summarize support surpass tackle tailor take talk tend think treat try
    turn undergo underlie underscore unify unlock unveil use utilize validate vary verify want
    warrant work write yield
"""
# With their plurals.
_WORDS = """
    ability ablation absence abstract access accuracy additional adequate advancement advantage
    amount analyses analysis anything applicability application approach article aspect
    assessment assumption attempt attention-based author background baseline basis best better
    big billion bottleneck breakthrough bulk burden capability capacity case challenge chance
    chief choice codebase com combination community comparable comparison competitive competitor
    complete complexity component comprehensive concept conclusion condition consequence
    consideration consistent constraint contrast contribution core cost critical crucial current
    cutting-edge data-driven day dedicated deeper degree demonstration desirable detail
    difference different difficult difficulty disadvantage diverse diversity drawback drop ease
    easy effect effective effectiveness efficacy efficiency efficient effort eight elaborate
    element end-to-end enhancement essential etc evaluation ever-growing ever-increasing
    everything evidence evident example excellent exception exciting existing expensive
    experiment experimental exploration expression extensive extent extra extreme factor failure
    fair fashion fast faster favorable feasible final finding fine-grained five flexibility
    flexible form formulation four fraction framework free fresh full fundamental future gap
    generality github given goal good great greater ground guideline guiding half hand hard
    harder heavy high-level high-performance high-quality higher highest hope http https huge
    hundred idea ideal immense impact implementation implication importance important impressive
    improvement in-depth inability inadequate increase increasing independent individual
    ineffective inefficient inferior inherent initial inner insight instance insufficient
    interest interesting intrinsic intuitive investigation issue item journey key kind known
    labor-intensive lack landscape large-scale larger largest last latest latter leading learned
    learning-based length less lesser level light like limitation limited line little
    long-standing longstanding lot low-cost low-level lower lowest magnitude main major majority
    manner many marginal massive matter maximal maximum meaning meaningful measure measurement
    mechanism mere merit method methodology metric million minimal minimum minor minority modern
    modest month multi-faceted multifaceted multiple naive narrow nature nearest necessary
    necessity net new newer newest next next-generation nine notable notice notion novel novelty
    number numerous objective obstacle obvious ongoing open-source open-sourced opportunity
    optimum option order org original orthogonal other outcome outstanding overall overhead
    overview page paper paradigm part particular past people per percent percentage performance
    person perspective phase phenomena phenomenon pioneering pipeline pivotal place
    plug-and-play plus poor popular popularity portion possibility possible potential practical
    practice preliminary premise present previous primary principal principle principled prior
    problem problematic procedure process product project prominent promise promising
    proof-of-concept proper property proportion proposal prospect public purpose qualitative
    quality quantitative quarter quick range rapid rate ratio rationale real-world reason
    reasonable recent record reduction regard regime related relation relationship relative
    relevance relevant remarkable report requirement research researcher respect respective
    result rich rigor rigorous rise role room rough scenario scheme scope section setting setup
    seven several severe shift short-term shortage shortcoming significance significant similar
    similarity simplicity simplified single single-step situation six so-called so-far soft
    solution something soon sort sota special specific spectrum standard start state-of-the-art
    statement status step straightforward strategy strength strict strong stronger strongest
    study stunning subject subsequent subset substantial success successful suit suitable superb
    superior superiority support sure survey synergy systematic takeaway task-agnostic
    task-specific team technique ten term theme theoretical thing third thorough thousand three
    threshold time-consuming today top top-1 top-5 topic total trade-off tradeoff traditional
    trend trivial true twenty two two-fold type typical ultimate understanding unified unifying
    unique unit unnecessary unprecedented unseen up-to-date usage useful user-friendly usual
    utility valuable value variable variant variation variety various vast verification
    versatile version versus vital vs way weak weakness week well-established well-known whole
    wide wide-ranging wider widespread work world-leading worse worst worth worthwhile www year
    zero
"""
# Adverbs and other words without forms.
_REST = """
    one
    across additionally against ahead along alongside already although always amid among
    anything anyway apart approximately around aside away back barely basically been began begun
    beneath beside besides beyond broadly brought built came carefully caught certain certainly
    chosen clearly closely commonly completely consequently consistently continually
    continuously conventionally correctly currently deeply despite directly done drawn driven
    due early easily effectively efficiently either else elsewhere empirically enough entirely
    equally especially essentially even eventually ever every everyone everything everywhere
    exactly except explicitly extensively extremely fairly finally first firstly forward found
    frequently fully furthermore gave generally given gone got gradually greatly grew grown
    hardly heavily held hence hereby highly however ideally immediately importantly increasingly
    indeed independently indirectly inherently initially instead interestingly intuitively
    jointly kept knew known laid largely lastly late later least led left likely likewise lost
    made mainly manually markedly may maybe meanwhile merely met might moreover mostly mutually
    namely naturally near nearly neither never nevertheless newly none nonetheless normally
    notably nothing notwithstanding now nowadays often onto originally otherwise outside paid
    partially particularly partly per perhaps possibly potentially practically precisely
    previously primarily principally progressively properly proven publicly quickly quite ran
    rapidly rarely rather readily really recently regarding regardless relatively remarkably
    repeatedly respectively roughly run said saw second secondly seen seldom sent separately
    severely shall shown significantly similarly simply simultaneously since slightly slowly
    solely somehow someone something sometimes somewhat sought specifically spent state-of-art
    steadily still stood strictly strongly subsequently substantially successfully successively
    sufficiently suitably surprisingly systematically taken taught thanks thereafter thereby
    therefore therein thereof third thoroughly though thought thus tightly together told took
    toward towards truly twice typically ultimately understood unfortunately uniformly unless
    unlike upon us usually versus very well went whatever whenever whereas whereby wherein
    wherever whether whichever widely within without written wrote yet yielded
"""
# Say something only beside another word: "world models", "time series", but not "models".
_DEPENDENT = """
    action active activity adaptation adaptive advanced agent algorithm answer architecture art
    artificial associated associating attribute automated automatic available average balance
    base batch behavior behaviour benchmark bias block body boundary broad budget candidate
    category cell chain change channel character class close code coding collection common
    compact complex computational compute computer computing concurrent connection content
    context continuous control conventional corpus correct correlation curated cycle data
    database dataset decision deep default dense density dependency depth device diffusion
    dimension dimensional direct discrete distance distribution domain downstream dual dynamic
    dynamics edge encode energy engine environment equation error estimate estimation event
    execution experience expert explicit external family feature feedback field file filter fine
    first-order fixed flow foundation frame function gain general generate generated generation
    generative generic global gradient ground-truth group growing guidance guide hardware
    heterogeneous hierarchical high history human hybrid image implicit inference information
    input input-output instruction intelligence intelligent interaction interface intermediate
    internal iteration joint knowledge label language large latent law layer learn learning
    library light-weight lightweight linear list local location logic long loss low machine map
    mapping mask match matching matrix mean memory mixed mode model modeling modelling modular
    module multi multi-layer multi-level multi-stage natural net network neural node noise
    non-linear object one-stage online open operation operator optimal optimization optimize
    output pair parallel parameter part-based pass path pattern perception point policy position
    power pre-trained predict prediction predictive pretrained private probability processing
    profile program prompt question random raw real reasoning region regular reliable
    representation representative resource response robust robustness rule sample sampling scale
    scaling scene science scientific score search searched segment selection self semantic
    sequence sequential series service shape short signal simple size small social software
    source space sparse spatial speed stable stage state static statistical stream structural
    structure structured style supervised supervision surface synthetic system target task
    teacher temporal test text textual theory time token tool traffic train trained training
    transfer transformation tree tuning two-stage uniform universal unsupervised update user
    vector view vision visual weight weighted window word world
"""
# Phrases that say as little.
_PHRASES = frozenset(
    [
        "computational cost",
        "computer science",
        "deep learning",
        "machine learning",
        "source code",
        "test data",
        "test set",
        "training data",
        "training set",
    ]
)


def _inflected(verb: str) -> set[str]:
    stem = verb.removesuffix("e") if verb.endswith("e") else verb
    ied = f"{verb[:-1]}ied" if verb.endswith("y") else f"{stem}ed"
    doubled = {f"{verb}{verb[-1]}ed", f"{verb}{verb[-1]}ing"}
    return {verb, *_plural(verb), ied, f"{verb}ed", f"{stem}ing", *doubled}


def _plural(word: str) -> set[str]:
    return {word, f"{word}s", f"{word}es", f"{word[:-1]}ies" if word.endswith("y") else word}


GENERIC = frozenset(FUNCTION_WORDS).union(
    _REST.split(),
    *(_inflected(verb) for verb in _VERBS.split()),
    *(_plural(word) for word in _WORDS.split()),
)
DEPENDENT = _PHRASES.union(*(_plural(word) for word in _DEPENDENT.split()))
