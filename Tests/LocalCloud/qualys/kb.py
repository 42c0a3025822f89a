"""The KnowledgeBase: which QIDs there are, and what it says of each."""

from __future__ import annotations

WEB_QIDS = 40
_FIRST_WEB = 150_001


def web_qid(number: int) -> int:
    """QIDs of web applications; the KnowledgeBase lacks every twentieth."""
    return _FIRST_WEB + number % WEB_QIDS


def title(qid: int) -> str:
    return f"Demo Weakness {qid} (синтетика) <b>&amp;</b>"
