"""Needs a library that was never packaged: it works on no machine but the author's."""

import pdf_typesetter_of_our_own


def handler(event, context):
    return pdf_typesetter_of_our_own.render(event)
