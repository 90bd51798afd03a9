"""The page's desk and library over an assistant that was opened by the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rag.collections import Shelf
from rag.local_only import LOCAL, Access
from rag.page.desk import Desk
from rag.page.library import Library
from rag.store.conversations import Conversations, default_conversations

if TYPE_CHECKING:
    from rag.pipeline import Assistant


def furnished(assistant: Assistant, access: Access = LOCAL) -> tuple[Desk, Library]:
    """Both, over the same collections: the assistant's own one is the first.

    Args:
        access: who may reach the page.
    """
    shelf = Shelf(assistant, assistant.index.directory)

    def notice(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    return Desk(shelf, Conversations(default_conversations()), notice), Library(shelf, access)
