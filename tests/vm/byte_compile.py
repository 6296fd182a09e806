"""Byte-compiles a FOLDER for the Python that runs this (see make-root).

Under emulation it would be done again at each start of the machine, for each module imported.
"""

import compileall
import py_compile
import re
import sys

SELDOM_IMPORTED = re.compile(
    r"/(test|pydoc_data|pygments/(lexers|styles))/|/encodings/(cp|mac_|iso8)"
)

# Checked never: the root is packed, and what it holds does not change.
compileall.compile_dir(
    sys.argv[1],
    quiet=1,
    rx=SELDOM_IMPORTED,
    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
)
