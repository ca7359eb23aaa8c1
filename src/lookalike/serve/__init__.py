"""Serve: a page where one can ask a model, and a JSON interface."""

from lookalike.serve.app import bare_app, make_app
from lookalike.serve.desk import Desk
from lookalike.serve.limits import Limits
from lookalike.serve.serving import serve
from lookalike.serve.standing import Standing

__all__ = ["Desk", "Limits", "Standing", "bare_app", "make_app", "serve"]
