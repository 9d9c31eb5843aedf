"""Speed, measured side by side in one run: ``python -m tests.bench``.

Nothing here is collected by the ordinary test run, which asserts no times.
"""
