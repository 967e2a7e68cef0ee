"""Compiles the translations into the wheel; a checkout needs none of it, for there the `.po` files are read themselves."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TranslationsBuildHook(BuildHookInterface[Any]):
    """Adds a `.mo` beside each `.po` of the wheel, leaving the source tree as it is."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into a folder of its own, from which the wheel takes the files."""
        if self.target_name != "wheel" or version == "editable":
            return
        self.folder = TemporaryDirectory(prefix="plugdesk-translations-")
        for number, (source, place) in enumerate(self._catalogs()):
            compiled = Path(self.folder.name, f"{number}.mo")
            with source.open("rb") as po, compiled.open("wb") as mo:
                write_mo(mo, read_po(po, locale=source.parts[-3]))
            build_data["force_include"][str(compiled)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Throw the folder away."""
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def _catalogs(self) -> list[tuple[Path, str]]:
        """Each `.po` of the packages, and where its `.mo` stands in the wheel."""
        return [
            (source, source.with_suffix(".mo").relative_to(package.parent).as_posix())
            for package in (Path(self.root, folder) for folder in self.build_config.packages)
            for source in sorted(package.glob("translations/*/LC_MESSAGES/*.po"))
        ]
