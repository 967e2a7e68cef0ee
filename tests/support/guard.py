"""Keeps the tests on this machine; authors of plugins have the same from the test kit."""

from plugdesk.testing.network import OutsideNetwork, loopback_only

__all__ = ["OutsideNetwork", "loopback_only"]
