"""A process of Airflow looks for garbage each 50 000 new objects, not each 700.

What Airflow loads as it starts is kept for good. Python, as it comes, goes through it hundreds of times in
search of garbage while it grows: a fourth of what the API server takes until it answers. The price is 3 MB.

Airflow loads this module in every process (entry point `airflow.policy`), before most of itself.
"""

import gc

gc.set_threshold(50_000, 20, 100)
