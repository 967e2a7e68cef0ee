"""The plugin platform: manifests, loading, dispatch, breaker, settings and switches."""
