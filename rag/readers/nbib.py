"""NBIB (PubMed's and MEDLINE's tagged format): a record starts with its PMID.

Tags: https://www.nlm.nih.gov/bsd/mms/medlineelements.html. rispy reads RIS only, not this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.readers.build import Item, build, refuse
from rag.readers.source import Source
from rag.readers.tagged import Record, records

LINE = re.compile(r"([A-Z][A-Z0-9 ]{3})-(?: (.*))?$", re.S)
_TAGGED_DOI = re.compile(r"(10\.\S+)\s+\[doi\]")


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a file."""
    lines = (re.sub(r"^([A-Z0-9 ]{4})-\s*$", r"\1- ", line) for line in source.lines())
    for record in records(lines, LINE, "PMID"):
        where = f"line {record.line}"
        if record.line == record.stray:
            yield refuse(source, where, "a record without its first line (PMID)")
        else:
            yield _paper(source, where, record)


def _paper(source: Source, where: str, record: Record) -> Item:
    fields = Record(record.line, [(tag.strip(), value) for tag, value in record.fields])
    pmid = fields.first("PMID")
    doi = next((m[1] for value in fields.all("LID", "AID") if (m := _TAGGED_DOI.search(value))), "")
    return build(
        source,
        where,
        title=fields.first("TI", "BTI", "TT"),
        abstract=fields.first("AB"),
        authors=fields.all("FAU") or fields.all("AU") or fields.all("CN"),
        date=fields.first("DP", "DEP", "EDAT"),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else "",
        doi=doi,
        updated=fields.first("LR"),
        venue=fields.first("JT", "TA"),
    )
