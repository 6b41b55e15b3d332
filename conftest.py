"""Make room for our package `py`: pytest ships a module of that name and may have loaded it already."""

import sys

if not hasattr(sys.modules.get("py"), "__path__"):
    sys.modules.pop("py", None)
