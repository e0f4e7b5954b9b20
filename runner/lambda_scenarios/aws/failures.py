"""What became of a look-up that gave nothing."""

from __future__ import annotations


class LookupFailed(Exception):
    """AWS could not be asked, or had no answer. `reason` completes "cannot resolve …: ".

    `notes` say what helps. `general` is True where every other look-up fails for the same reason (no network,
    no credentials), which is said once, not once for each value. `code` is that of AWS's answer, "" where it
    did not answer.
    """

    def __init__(
        self, reason: str, notes: tuple[str, ...] = (), *, general: bool = False, code: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.notes = notes
        self.general = general
        self.code = code


def unreadable(who: str = "") -> LookupFailed:
    """For an answer that AWS does not give. `who` says what it answers for: "ssm in eu-west-1"."""
    return LookupFailed(
        f"what answers{f' for {who}' if who else ''} is not AWS: its answer can't be read",
        ("where do AWS_ENDPOINT_URL and the proxy lead?",),
    )


class NoSuchStack(LookupFailed):
    """There is no stack of that name in that region."""
