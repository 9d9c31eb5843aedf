"""Ready-made configuration, shipped as package data."""
