# `just` lists these; each is one line that can be typed by hand as well.

_list:
    @just --list --unsorted

# A desk full of invented customers, on http://127.0.0.1:8000
dev *arguments:
    uv run plugdesk demo {{arguments}}

# The tests, on SQLite; `just test --database both` adds PostgreSQL
test *arguments:
    uv run pytest {{arguments}}

# The tests in a real browser, too
test-browser *arguments:
    uv run --group browser pytest {{arguments}}

# Style, types, layers, templates, translations, pins, manual
check:
    uv run --group docs --group browser python tools/check.py

# Put the code into the project's form
format:
    uv run ruff check --fix .
    uv run ruff format .

# Pin every package anew; `just lock --upgrade` takes the newest
lock *arguments:
    uv run python tools/lock.py {{arguments}}

# Take new texts into the catalogs and compile them
translations *arguments:
    uv run python tools/translations.py {{arguments}}

# Copy the front end's libraries from npm, at the versions tools/package.json names
vendor:
    cd tools && npm ci --ignore-scripts && node vendor.mjs

# The manual, on http://127.0.0.1:8001
docs:
    uv run --group docs mkdocs serve --dev-addr 127.0.0.1:8001

# Write what the manual takes from the code: hooks, API, settings, commands
reference:
    uv run python tools/reference.py

# Take the manual's pictures of the demo
screenshots *arguments:
    uv run --group browser python tools/screenshots.py {{arguments}}

# All that CI does
ci:
    bash .ci/run
