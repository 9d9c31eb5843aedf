"""Events -> one page for people. Counts while it reads, in bounded memory."""

from esa_auth.report.document import document
from esa_auth.report.page import page
from esa_auth.report.tally import About, Tally

__all__ = ["About", "Tally", "document", "page"]
