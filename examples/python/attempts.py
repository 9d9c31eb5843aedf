"""Attempts to log in as a pandas table, cell by cell as in a notebook.

python examples/python/attempts.py mail_logs attempts.png
"""

# %% Read the log: a row for each attempt
import sys

import matplotlib as mpl
import pandas as pd

import esa_auth

mpl.use("agg")
log, picture = sys.argv[1:3]
with open(log, "rb") as file:
    events = [
        event
        for event in esa_auth.events(file, timezone="UTC")
        if event["event"]["action"] == "smtp-auth"
    ]
attempts = pd.json_normalize(events).set_index("@timestamp")
attempts.index = pd.to_datetime(attempts.index)

# %% Who tried, from where, and did it work
table = attempts.groupby(["source.ip", "event.outcome"]).size().unstack(fill_value=0)
print(table)

# %% By the hour
hours = attempts.groupby([pd.Grouper(freq="h"), "event.outcome"]).size().unstack()
axes = hours.plot.bar(stacked=True, title="SMTP AUTH by the hour", figsize=(8, 4))
axes.figure.savefig(picture, bbox_inches="tight")
print(f"{len(attempts)} attempts; the picture is {picture}")
