"""What Linux tells of changes in directories, so that nobody needs to look for them.

inotify(7), by its three functions in the C library: Python's own has none.
"""

from __future__ import annotations

import ctypes
import os
import struct

# linux/inotify.h; files are looked at when they are whole, not at each write.
_CLOSE_WRITE, _ATTRIB, _MOVED_FROM, _MOVED_TO = 0x8, 0x4, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_OVERFLOW, _IGNORED, _ONLY_DIRECTORIES = 0x4000, 0x8000, 0x1000000
_WANTED = _CLOSE_WRITE | _ATTRIB | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_EVENT = struct.Struct("iIII")


class Inotify:
    """Directories whose changes can be read from `descriptor`."""

    def __init__(self) -> None:
        """Raises OSError where the system has no inotify, or no more of it to give."""
        try:
            library = ctypes.CDLL(None, use_errno=True)
            begin, self._add = library.inotify_init1, library.inotify_add_watch
        except (OSError, AttributeError):
            raise OSError("there is no inotify") from None
        self.descriptor: int = begin(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self._directories: dict[int, str] = {}

    def add(self, directory: str) -> None:
        """Raises OSError where it isn't there, or there are more than the user may watch."""
        number = self._add(self.descriptor, os.fsencode(directory), _WANTED | _ONLY_DIRECTORIES)
        if number < 0:
            raise OSError(ctypes.get_errno(), "inotify", directory)
        self._directories[number] = directory

    def read(self) -> frozenset[str] | None:
        """The directories in which something happened; None: any of them."""
        found: set[str] = set()
        everywhere = False
        while True:
            try:
                data = os.read(self.descriptor, 1 << 16)
            except BlockingIOError:
                return None if everywhere else frozenset(found)
            at = 0
            while at < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size + length
                if mask & _OVERFLOW:
                    everywhere = True
                elif mask & _IGNORED:
                    self._directories.pop(number, None)
                elif number in self._directories:
                    found.add(self._directories[number])

    def close(self) -> None:
        os.close(self.descriptor)
