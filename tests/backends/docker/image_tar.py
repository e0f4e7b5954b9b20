"""The contents of an image, as a tar: this machine's own programs, each with the libraries that it needs."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path


def libraries_of(program: str) -> Iterator[str]:
    done = subprocess.run(("ldd", program), capture_output=True, text=True, check=True)
    yield from re.findall(r"(/\S+) \(0x", done.stdout)


class Tar:
    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115  # closed by bytes()
        self._names: set[str] = set()
        for folder in ("var/task", "var/runtime", "opt", "etc", "bin"):
            self.folder(folder, 0o755)
        self.folder("tmp", 0o1777)

    def folder(self, name: str, mode: int) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.mode = tarfile.DIRTYPE, mode
        self._tar.addfile(info)

    def text(self, name: str, text: str, mode: int = 0o755) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(text.encode()), mode
        self._tar.addfile(info, io.BytesIO(text.encode()))

    def program(self, path: str, name: str | None = None) -> None:
        """A program with its libraries, each where the loader looks for it."""
        self.file(os.path.realpath(path), name or path)
        for library in libraries_of(os.path.realpath(path)):
            self.file(os.path.realpath(library), library)

    def file(self, path: str, name: str) -> None:
        if name not in self._names:
            self._names.add(name)
            info = self._tar.gettarinfo(path, arcname=name.lstrip("/"))
            if info.islnk():
                info.type, info.size = tarfile.REGTYPE, os.path.getsize(path)
            info.mode |= 0o444
            with open(path, "rb") as file:
                self._tar.addfile(info, file)

    def tree(self, folder: Path, name: str, left_out: Iterable[str] = ()) -> None:
        for path in sorted(folder.rglob("*")):
            parts = path.relative_to(folder).parts
            if path.is_file() and not {"__pycache__", *left_out}.intersection(parts):
                self.file(str(path), f"{name}/{'/'.join(parts)}")
                if path.suffix == ".so":
                    for library in libraries_of(str(path)):
                        self.file(os.path.realpath(library), library)

    def bytes(self) -> bytes:
        self._tar.close()
        return self._buffer.getvalue()
