"""A fleet of appliances on Kafka: what a worker holds of its partitions, and how.

Runs on Quix Streams, the extra ``kafka``; only this package imports it, and only
`application`, `client` and `decided` do. It reads no line: the command gives it what
does.
"""
