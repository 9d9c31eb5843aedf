"""A real Elasticsearch, of what Maven Central has of it."""
