"""The immutable types that cross between stages. No I/O; imports nothing else of the package.

They are NamedTuples: on the hot path, where every millisecond of start-up is felt, a frozen
dataclass costs a hundred times as much to define.
"""
