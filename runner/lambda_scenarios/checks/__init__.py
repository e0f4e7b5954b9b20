"""Matching outcomes against expectations, and telling why one does not hold.

`compile` turns an `expect` mapping into an `Expectation`, `evaluate` judges an `Outcome` by it. The fast
judge is `judge`; `explain`, `alignment` and `diff` are loaded only where something does not hold.
"""
