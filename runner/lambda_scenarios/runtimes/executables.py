"""What machine an executable file is for, by its first bytes (pure but for reading the file).

ELF: https://refspecs.linuxfoundation.org/elf/elf.pdf (header, program headers). Mach-O: mach-o/loader.h.
"""

from __future__ import annotations

import os
import struct
from typing import Literal, NamedTuple

_ELF_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "arm64", 243: "riscv64"}
_MACHO_MAGICS = (
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
    b"\xca\xfe\xba\xbe",
)
_MACHO_MACHINES = {0x01000007: "x86_64", 0x0100000C: "arm64"}
_PT_INTERP = 3
_ENOUGH = 64 * 1024  # the headers are at the beginning


class Executable(NamedTuple):
    """`machine` is `x86_64`, `arm64`, or another name; None where the header doesn't tell (scripts, universal
    binaries). `interpreter`: the program that a script names, or the dynamic linker of an ELF file."""

    kind: Literal["linux", "macos", "windows", "script", "unknown"]
    machine: str | None = None
    interpreter: str | None = None


def executable(path: str) -> Executable:
    """The file, by its header. Raises OSError where it can't be read."""
    with open(path, "rb") as file:
        return recognised(file.read(_ENOUGH))


def recognised(head: bytes) -> Executable:
    """The same of the first bytes of a file."""
    if head[:4] == b"\x7fELF":
        return _elf(head)
    if head[:4] in _MACHO_MAGICS:
        order = "<" if head[:2] in (b"\xcf\xfa", b"\xce\xfa") else ">"
        number = struct.unpack_from(order + "I", head, 4)[0] if len(head) >= 8 else 0
        universal = head[:4] == b"\xca\xfe\xba\xbe"
        return Executable("macos", None if universal else _MACHO_MACHINES.get(number, "another machine"))
    if head[:2] == b"MZ":
        return Executable("windows")
    if head[:2] == b"#!":
        line = head[2:].split(b"\n", 1)[0].strip(b" \t")
        first = line.split(None, 1)[0] if line.split() else b""
        # A carriage return is part of the name to the kernel: `\r` of a file written on Windows.
        name = first + b"\r" if line.endswith(b"\r") and first == line.rstrip() else first
        return Executable("script", None, os.fsdecode(name))
    return Executable("unknown")


def _elf(head: bytes) -> Executable:
    if len(head) < 20:
        return Executable("unknown")
    order = ">" if head[5] == 2 else "<"
    number = struct.unpack_from(order + "H", head, 18)[0]
    machine = _ELF_MACHINES.get(number, f"machine {number}")
    try:
        return Executable("linux", machine, _dynamic_linker(head, order, wide=head[4] == 2))
    except (struct.error, UnicodeDecodeError):
        return Executable("linux", machine)


def _dynamic_linker(head: bytes, order: str, *, wide: bool) -> str | None:
    """The path in PT_INTERP; None for a static executable."""
    table = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)[0]
    size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    for number in range(count):
        at = table + number * size
        (kind,) = struct.unpack_from(order + "I", head, at)
        if kind == _PT_INTERP:
            if wide:
                (offset,) = struct.unpack_from(order + "Q", head, at + 8)
                (length,) = struct.unpack_from(order + "Q", head, at + 32)
            else:
                (offset,) = struct.unpack_from(order + "I", head, at + 4)
                (length,) = struct.unpack_from(order + "I", head, at + 16)
            return os.fsdecode(head[offset : offset + length].rstrip(b"\0")) or None
    return None
