"""Heads: scores -> logits, with exact contributions."""

from lookalike.heads.base import Head
from lookalike.heads.linear import LinearHead
from lookalike.heads.within_class import LogSumExpHead, MaxHead

__all__ = ["Head", "LinearHead", "LogSumExpHead", "MaxHead"]
