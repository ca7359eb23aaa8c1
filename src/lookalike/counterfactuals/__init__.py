"""Counterfactuals: Comparison -> new inputs and labels, which pass the same network."""

from lookalike.counterfactuals.base import Counterfactual, NoCounterfactual
from lookalike.counterfactuals.swap import FeatureSwapCounterfactual, ResidualSwapCounterfactual

__all__ = ["Counterfactual", "FeatureSwapCounterfactual", "NoCounterfactual", "ResidualSwapCounterfactual"]
