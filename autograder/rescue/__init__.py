"""Put a submission right before it is graded: one small step per file, each for one thing that learners really do.

First the folder (:mod:`.folder`), then the file (:mod:`.file`), then the cells. Without these steps a copied cell stops
nbgrader's whole batch, and a cell pasted from another lesson loses a learner all points. A step changes marks and types,
never what the learner wrote, and says what it did (:mod:`.repairs`). `nbgrader_config.py` says in which order.
"""

from .active_content import ActiveContent
from .advisor import NeedsAdvisor
from .changed_metadata import ChangedMetadata
from .changed_types import ChangedTypes
from .copied_cells import CopiedCells
from .file import MendingExporter
from .folder import receive, receive_all, receive_before
from .foreign_cells import ForeignCells
from .gaps import fill_gaps
from .huge_outputs import HugeOutputs
from .lost_marks import LostMarks
from .marks import grade_id
from .missing_cells import MissingCells

__all__ = ["ActiveContent", "ChangedMetadata", "ChangedTypes", "CopiedCells", "ForeignCells", "HugeOutputs", "LostMarks",
           "MendingExporter", "MissingCells", "NeedsAdvisor", "fill_gaps", "grade_id", "receive", "receive_all", "receive_before"]
