"""Report: explanation records -> figures and one self-contained HTML page."""

from lookalike.report.contents import AlignedPictures, ExplainedExample, ReportContents, Twin
from lookalike.report.figures import image_address
from lookalike.report.film import film
from lookalike.report.overview import Confusion, Map, Miss, Overview, SimilarityAxis
from lookalike.report.page import (
    REPORT_KINDS,
    kind_of,
    render,
    report_writer,
    stylesheet,
    write_explanations,
    write_report,
)
from lookalike.report.picture import write_picture
from lookalike.report.sheet import write_sheet
from lookalike.report.views import ShownInput, ShownInputs, ShownPrototypes, card_in_notebook

__all__ = [
    "REPORT_KINDS",
    "AlignedPictures",
    "Confusion",
    "ExplainedExample",
    "Map",
    "Miss",
    "Overview",
    "ReportContents",
    "ShownInput",
    "ShownInputs",
    "ShownPrototypes",
    "SimilarityAxis",
    "Twin",
    "card_in_notebook",
    "film",
    "image_address",
    "kind_of",
    "render",
    "report_writer",
    "stylesheet",
    "write_explanations",
    "write_picture",
    "write_report",
    "write_sheet",
]
