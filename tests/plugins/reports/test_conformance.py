"""Reports pass what every plugin has to pass."""

from plugdesk.testing.conformance import *  # noqa: F403

plugin_id = "reports"
