"""The pages for agents, admins and customers: a plugin that is always on. What it promises plugins stands in `api.py`."""
