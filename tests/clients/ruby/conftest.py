"""Tests of the Ruby runtime client import the stub of the Runtime API, which stands one folder up."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "..")))
