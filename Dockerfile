# Plugdesk with the driver for PostgreSQL, in an environment of its own. `docker build -t plugdesk .`
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir "uv>=0.8,<1"
ENV UV_PROJECT_ENVIRONMENT=/opt/plugdesk UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /build
COPY . .
# The versions are those pinned in pyproject.toml. Extensions of others are added here: RUN uv pip install --python /opt/plugdesk NAME
RUN uv sync --no-default-groups --extra postgres --no-editable

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data plugdesk && install -d -o plugdesk -m 0700 /data
COPY --from=build /opt/plugdesk /opt/plugdesk
ENV PATH=/opt/plugdesk/bin:$PATH PLUGDESK_DATA=/data PYTHONUNBUFFERED=1
USER plugdesk
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/sign-in', timeout=4)"]
CMD ["plugdesk", "serve", "--host", "0.0.0.0"]
