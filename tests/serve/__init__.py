"""The page and the JSON interface."""
