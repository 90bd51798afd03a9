"""What the chat page shows, as HTML made from records, and what its conversations are made of.

Every text that comes from a file, a model or a person is escaped in this package.
"""

from rag.page.answers import conversation_html, turn_html
from rag.page.around import (
    example_questions,
    header_html,
    limits_html,
    notice_html,
    report_html,
    trouble_html,
    wrong_years_html,
)
from rag.page.parts import highlighted, safe_url, titled
from rag.page.turns import Turn, advanced, earlier_citations, earlier_questions, failed, reopened

__all__ = [
    "Turn",
    "advanced",
    "conversation_html",
    "earlier_citations",
    "earlier_questions",
    "example_questions",
    "failed",
    "header_html",
    "highlighted",
    "limits_html",
    "notice_html",
    "reopened",
    "report_html",
    "safe_url",
    "titled",
    "trouble_html",
    "turn_html",
    "wrong_years_html",
]
