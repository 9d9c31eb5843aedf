"""JSON Schemas of the events and of the configuration, shipped as package data."""
