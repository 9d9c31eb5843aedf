"""All detections, by name: everything else about them is made of this list."""

from conf.build.table.administrators import ADMINISTRATORS
from conf.build.table.blindness import BLINDNESS
from conf.build.table.got_in import GOT_IN
from conf.build.table.guessing import GUESSING
from conf.build.table.single import SINGLE

DETECTIONS = tuple(
    sorted(
        (*SINGLE, *GUESSING, *GOT_IN, *ADMINISTRATORS, *BLINDNESS),
        key=lambda detection: detection.name,
    )
)
