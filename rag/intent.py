"""What kind of answer a question asks for, from its wording alone: a statement, a list or a number
of papers, or two things side by side. When in doubt, a statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["find", "list", "count", "compare"]

_PAPERS = r"(?:papers?|works|studies|articles|abstracts|publications|preprints)"
# What sort of papers: "architecture search papers".
_KIND = r"(?:(?!(?:did|does|do|is|are|was|were|has|have|that|of|by|in|for|on|the)\b)[\w/-]+ ){0,4}?"
_HERE = (
    r"(?: (?:here|there|in (?:the |this |my |our )?(?:collection|corpus|index|library|set|list|"
    r"folder)|(?:do|did) (?:we|i|you) have|(?:have|has) been published))?"
)
_LEAD = r"^(?:please )?(?:can you |could you |i need |i want |i'm looking for |looking for )?"
# How a topic is tied to "papers": all that may stand between them.
_LINK = (
    r"(?:,? (?:is|are|was|were|do|does|did|have|has|that|which|who|to|deal|deals|dealing|there|"
    r"any|actually|use|uses|using|about|on|of|for|with|w/|concerned|concerning|regarding|related|"
    r"covering|cover|w/|address|addressing|discuss|discussing|study|studying|mention|mentioning|"
    r"talk|talks|talking|look|looks|at|into|work|here|in the collection|the topic)(?![\w-]))*"
)
_COUNT = re.compile(
    _LEAD + r"(?:how many|(?:the )?(?:total )?(?:number|nr\.?|no\.|count) of|# ?(?:of)?|"
    r"count(?: (?:all|the))*)"
    rf" (?:of )?(?:the |these |those |our |my |different )*(?P<kind>{_KIND}){_PAPERS}\b{_HERE}"
    rf"(?P<link>{_LINK})(?P<topic>.*)$",
    re.IGNORECASE,
)
_LIST = re.compile(
    _LEAD
    + r"(?P<lead>(?:which|what) (?:of )?|what are |(?:list|name|enumerate|find|show|give)(?: me)? |"
    r"(?:is|are) there |do (?:we|i|you) have |got |do |have )?"
    rf"(?:(?:all|any|every|each|some|other|the|of|these|those|our|my) )*(?P<kind>{_KIND})"
    r"(?:papers|"
    r"(?<!what )works?(?= (?:on|about|that|which|using|with|for|in|related|is|are|deals?|uses?)\b)|"
    rf"studies|articles|abstracts|publications|preprints)\b{_HERE}"
    r"(?P<link>" + _LINK + r")(?P<topic>.*)$",
    re.IGNORECASE,
)
_PLACE = r"(?:the|this|my|our|your) (?:collection|corpus|index|library|set|list|folder|database)"
# All papers, not those on a topic.
_ALL = re.compile(
    rf"^(?:(?:are |is )?(?:there|here|indexed|loaded|saved|in {_PLACE})(?: in (?:total|all))?|"
    r"in total|in all|altogether|overall|"
    r"(?:do|did|have)? ?(?:we|i|you) (?:have|got|hold|know)(?: (?:here|now|in total|in all))?|"
    rf"{_PLACE} (?:have|has|contains?|holds?|includes?))?$",
    re.IGNORECASE,
)
# Words before what is asked for: "ok, tell me which papers …".
_BEFORE = re.compile(
    r"^(?:(?:and|so|ok(?:ay)?|hi|hello|hey|also|then|now|well|please|thanks|but)[,.!]? +)*"
    r"(?:(?:(?:can|could|would|will) you (?:please )?|please )?"
    r"(?:tell|show|give|find) (?:me |us )(?:please )?(?=which|what|how many|a list of|the list of)|"
    r"do you know (?:of |about )?(?=any|some|which|papers?)|"
    r"(?:a|the) list of |(?:i would|i'd) like (?:to see )?(?:a list of )?)?"
    r"(?:(?:a|the) list of )?",
    re.IGNORECASE,
)
# "Similar papers", "any newer ones": near what was spoken of, not on a topic of that name.
_MORE = r"(?:more|others?|further|similar|related|comparable|newer|older|recent|additional)"
_IT = r"(?:it|this|that|these|those|them)(?: (?:one|paper|topic|subject|work))?"
_LIKE = re.compile(
    rf"^(?:which |what |any |some |find |show |list |(?:is|are) there |do (?:we|i|you) have |me )*"
    rf"(?:(?:{_MORE} )+{_PAPERS}(?: (?:like|on|about|to|as|near) {_IT})?|{_PAPERS} like {_IT})$",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:do|does|did|is|are|was|were|has|have|had|can|could|will)(?: not\b(?! only)|n['’]t\b)|"
    r"\bbut not\b|\bexcept\b|\bexcluding\b|\bother than\b|\bnever\b",
    re.IGNORECASE,
)
# "How many articles were reviewed": what is said of papers within a paper.
_BEEN = re.compile(r"\b(?:was|were|been)$", re.IGNORECASE)
_DONE = re.compile(r"^(?:\w+ly )?\w+(?:ed|en)$", re.IGNORECASE)
# "papers" that are spoken of, not asked for.
_SPOKEN = re.compile(
    r"^(?:were|was|are|is|have been|has been)? ?(?:\w+ed|\w+en|found|used) (?:by|in|for|from)\b|"
    r"^(?:by|from|of)\b|^(?:shown|found|reported|suggested) that\b|"
    r"^(?:the|this|that|its?|their|they|he|she|authors?)\b.*"
    r"\b(?:review|cover|cite|survey|analy[sz]e|include|examine|consider|compare|summari[sz]e|"
    r"collect|screen|contain|discuss|use|need|have|test|read|label)s?$",
    re.IGNORECASE,
)
# "How many papers does S2ORC contain", "how many articles are in the XSum dataset": counted there.
_HOLDS = re.compile(
    r"^.+ (?:have|has|hold|contain|include|cover|comprise|cite|review|use|span|list)s?$",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"^in .*\b(?:data ?sets?|corpus|corpora|benchmarks?|surveys?|reviews?|splits?|training|"
    r"test set|collection)$",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"\ball\b|\bevery\b|\b(?:have|got|are there|is there)\b", re.IGNORECASE)
_LAST = re.compile(
    rf"^(?P<topic>.+?)[,:;] *(?:which|what|(?P<count>how many)) {_PAPERS}$", re.IGNORECASE
)
_COMPARE = re.compile(
    r"^(?:please )?compare\b|\bcompar(?:es?|ed|ing)\b|\bcomparison (?:of|between)\b|"
    r"\bv(?:ersu)?s\b\.?|\bdiffers?\b|\bdifferences? between\b|\bcontrast\b|\bside by side\b|"
    r"(?:^|, )unlike\b|\brespectively\b|\bwh(?:ich|at|o)\b[^?]*[,:] [^?]*\bor\b|"
    r"\b(?:more|less|fewer|better|worse|higher|lower|larger|smaller|faster|slower|bigger|cheaper)\b"
    r"[^?]*\bor\b|"
    # "A and B each do", not "of each layer".
    r"(?<!\bof )(?<!\bfor )(?<!\bfrom )(?<!\bin )(?<!\bat )(?<!\bto )(?<!\bwith )(?<!\bon )"
    r"(?<!\bwhere )(?<!\bdoes )(?<!\bby )(?<!\bhow )\beach\b|"
    r"\beach of (?:them|the two|these|those)\b|\bon the one hand\b|"
    r"\b(?:two|both) (?:papers|works)\b|\bdo both\b|\bboth [^?]* and\b|\bby either\b|"
    r"\bwhich of [^?]* (?:and|or)\b|"
    # "of A and of B", "for A and for B".
    r"\b(?P<tie>of|for|in|under|on|with|by|from|about|against) (?!which\b|what\b|whom\b)"
    r"[^?,;]{2,60}? and (?P=tie) ",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\s+(?:v(?:ersu)?s\.?|or|and|compared (?:to|with)|than|from|with|to|against|while|whereas|"
    r"unlike)\s+|\s*[,;]\s*(?:and |or |while |whereas )?",
    re.IGNORECASE,
)


# Two questions in one, "how does A do it, and how does B?"; the second one has to tell by itself
# what it is about, but for "do it".
_ASKING = re.compile(
    r"(?:(?:at|by|for|from|in|on|under|with) (?:which|what)|how (?:much|many)|how|what|which|why|"
    r"where|when|who|is|are|was|were|does|do|did|can)\b",
    re.IGNORECASE,
)
# Asked of a kind of thing, not of one: "how can adapters …", "what do such networks use", "ways to
# …". Each paper on it may have an answer of its own.
_ONE = r"(?!(?:the|its?|their|this|that|these|those|they|he|she|we|you|i|there|both|authors?)\b)"
_GENERAL = re.compile(
    r"(?:and |so )?(?:"
    r"(?:(?:what|which) (?:are )?)?(?:[\w-]+ ){0,2}?"
    r"(?:ways|methods|measures|techniques|approaches|strategies|tricks|options|remedies|"
    r"applications|designs|alternatives|criteria|metrics)\b"
    r"(?! (?:does|did|was|were|(?:do|are) the)\b)|"
    r"in (?:what|which) ways\b|"
    rf"(?:what|how|why|where|when) (?:do|can|are|have|could|should) {_ONE}"
    r"(?:[\w-]+ ){0,4}?[\w-]+s\b|"
    rf"(?:what|how|why) (?:has|have|can|could) {_ONE}[^?]*\bbeen\b|"
    rf"(?:what|how|where) (?:is|are|can|has|have) {_ONE}[^?]*"
    r"\b(?:used|applied|good|be made|been put)\b"
    r")",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?:they|it|its|their|them|these|those|this)\b", re.IGNORECASE)
_SO = re.compile(r"\b(?:do|does|did|done|doing) (?:it|this|that|so)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Intent:
    """What is asked for.

    Attributes:
        kind: "compare" says that two things may be meant; which, the index has to tell.
        topic: what the papers asked for are about; "" unless a list or a number is asked for, and
            for all papers.
        like: papers are asked for that are like those spoken of before.
        absent: papers are asked for that don't have something.
    """

    kind: Kind
    topic: str = ""
    like: bool = False
    absent: bool = False


def intent_of(question: str) -> Intent:
    """Tell what kind of answer a question asks for."""
    text = question.strip().rstrip("?!. ")
    text = _BEFORE.sub("", text, count=1)
    if _LIKE.match(text):
        return Intent("list", like=True)
    for kind, pattern in (("count", _COUNT), ("list", _LIST)):
        found = pattern.match(text)
        # Without a word of asking, "two papers argue …" tells something.
        if found and (kind == "count" or found["lead"] or not found["kind"]):
            topic, link = found["topic"].strip(" ,:;"), found["link"].strip(" ,")
            asks: Kind = "count" if kind == "count" else "list"
            if not found["kind"] and _ALL.match(topic):
                if asks == "count" or topic or _WHOLE.search(text):
                    return Intent(asks)
                continue
            if asks == "count" and (
                (_HOLDS.match(topic) and re.search(r"\b(?:do|does|did)$", link, re.IGNORECASE))
                or _INSIDE.match(topic)
            ):
                continue
            spoken = _BEEN.search(link) and _DONE.match(topic)
            if not spoken and not _SPOKEN.match(topic) and (topic or found["kind"]):
                topic = re.sub(r"^(?:and|or) ", "", " ".join(f"{found['kind']} {topic}".split()))
                return Intent(asks, topic, absent=bool(_ABSENT.search(text)))
    last = _LAST.match(text)
    if last:
        return Intent("count" if last["count"] else "list", last["topic"])
    if _COMPARE.search(text):
        return Intent("compare")
    return Intent("find")


def asks_generally(question: str) -> bool:
    """Whether a question is about a kind of thing, not one: "ways to …", "how can adapters …"."""
    return _GENERAL.match(question.strip()) is not None


def clauses(question: str) -> list[tuple[str, str]]:
    """The ways of parting a question into two that ask alike, each of something of its own: "what
    is shared in A and what is shared in B"."""
    found = []
    for left, right in halves(question):
        asks = _ASKING.match(right)
        if asks is None or _POINTING.search(_SO.sub("", right)):
            continue
        if re.search(rf"\b{asks[0]}\b", left, re.IGNORECASE):
            found.append((left, right))
    return found


def halves(question: str) -> list[tuple[str, str]]:
    """The ways of parting a question between two things compared, in order of their place."""
    text = question.strip().rstrip("?!. ")
    found = []
    for gap in _BETWEEN.finditer(text):
        left, right = text[: gap.start()], text[gap.end() :]
        if left and right:
            found.append((left, right))
    return found
