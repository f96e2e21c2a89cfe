"""One offline page that shows what a run of a batch made, and from what.

``collect`` reads the batch folder, ``traces`` the graph from numbers to raw bytes; ``particles``,
``gaps`` and ``plots`` make the linked views, ``tables``, ``figures``, ``times`` and ``rulegraph``
the rest; ``page`` renders it all through the templates in ``workflow/report``.
"""

from nanostitch.report.page import make as make
