"""Partitions of AWS: what a region's ARNs and host names begin and end with."""

from __future__ import annotations

from typing import NamedTuple


class Partition(NamedTuple):
    """`name` is `AWS::Partition`, `url_suffix` is `AWS::URLSuffix`."""

    name: str
    url_suffix: str


# Source: botocore/data/partitions.json. Reading it costs 20 ms; new partitions come once in years.
_BY_PREFIX = (
    ("cn-", Partition("aws-cn", "amazonaws.com.cn")),
    ("us-gov-", Partition("aws-us-gov", "amazonaws.com")),
    ("us-iso-", Partition("aws-iso", "c2s.ic.gov")),
    ("us-isob-", Partition("aws-iso-b", "sc2s.sgov.gov")),
    ("eu-isoe-", Partition("aws-iso-e", "cloud.adc-e.uk")),
    ("us-isof-", Partition("aws-iso-f", "csp.hci.ic.gov")),
    ("eusc-", Partition("aws-eusc", "amazonaws.eu")),
)
_PUBLIC = Partition("aws", "amazonaws.com")


def partition_of(region: str) -> Partition:
    """The partition that a region lies in."""
    for prefix, partition in _BY_PREFIX:
        if region.startswith(prefix):
            return partition
    return _PUBLIC
