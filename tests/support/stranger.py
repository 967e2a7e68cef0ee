"""A plugin by somebody else, built into a wheel and installed beside the desk."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "journeys/data/weather"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The folder that the plugin in `SOURCE` was installed into by an installer of Python packages: for PYTHONPATH."""
    wheel, target = build_wheel(tmp_path), tmp_path / "site"
    uv = shutil.which("uv")
    pip = (
        [uv, "pip", "install", "--python", sys.executable, "--offline"]
        if uv
        else [sys.executable, "-m", "pip", "install", "--no-index"]
    )
    subprocess.run([*pip, "--no-deps", "--quiet", "--target", str(target), str(wheel)], check=True, capture_output=True)
    return target


def build_wheel(folder: Path) -> Path:
    """A wheel of the plugin (packaging.python.org, binary distribution format)."""
    name = "plugdesk_weather-1.2.0"
    files = {
        str(path.relative_to(SOURCE)): path.read_bytes()
        for path in sorted(SOURCE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"{name}.dist-info/METADATA"] = (
        b"Metadata-Version: 2.1\nName: plugdesk-weather\nVersion: 1.2.0\nAuthor: Somebody Else\nLicense: MIT\n"
    )
    files[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{name}.dist-info/entry_points.txt"] = b"[plugdesk.plugins]\nweather = plugdesk_weather\n"
    lines = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b'=').decode()},{len(raw)}"
        for path, raw in files.items()
    ]
    files[f"{name}.dist-info/RECORD"] = "\n".join([*lines, f"{name}.dist-info/RECORD,,", ""]).encode()
    wheel = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, raw in files.items():
            archive.writestr(path, raw)
    return wheel
