"""Cisco Secure Email Gateway mail logs in, ECS authentication events out."""

__version__ = "0.1.0"
