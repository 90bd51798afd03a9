"""Every failure a user can meet is a RagError that says what happened and what to do about it.

The command line prints `message` and `remedy` on standard error (one line each) and exits with
`exit_code`; nothing below the command line prints or exits.
"""

from __future__ import annotations


class RagError(Exception):
    """A failure with its remedy.

    Args:
        message: what happened, one line, naming the file, record or value concerned.
        remedy: what to do, one line, a command where there is one; "" when nothing helps.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class UsageError(RagError):
    """The command or a value in it is wrong; nothing was done."""

    exit_code = 2


class InputError(RagError):
    """A file of papers or questions cannot be read as a whole."""


class ConfigError(UsageError):
    """A setting is unknown or out of its range."""


class IndexMissingError(RagError):
    """No index stands at the given place."""


class IndexCorruptError(RagError):
    """The index's database is damaged beyond what can be derived again."""


class IndexVersionError(RagError):
    """The index was written by a newer release of this program."""


class IndexBusyError(RagError):
    """Another process is writing to the index."""


class EmbedderMismatchError(RagError):
    """The index was built with another embedding model than the one asked for."""


class ModelError(RagError):
    """A model file is missing, unknown, damaged or not a model."""


class UnknownModelError(ModelError):
    """No model has the name that was given."""

    exit_code = 2


class DiskError(RagError):
    """The disk is full or the place cannot be written; what stood there before still stands."""
