"""Cisco Secure Email Gateway mail logs in, ECS authentication events out."""

__version__ = "0.2.0"
