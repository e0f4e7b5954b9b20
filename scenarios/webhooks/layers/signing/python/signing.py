"""A layer that several functions share."""

import hashlib
import hmac


def signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
