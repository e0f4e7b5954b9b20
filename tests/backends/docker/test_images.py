"""AWS's images: which runtime has which."""

from __future__ import annotations

import pytest

from lambda_scenarios.backends.docker.images import IMAGES, NONE, image_of
from lambda_scenarios.services.runtime_identifiers import RUNTIME_IDENTIFIERS

pytestmark = pytest.mark.no_engine


def test_every_runtime_is_known_to_have_one_or_none() -> None:
    assert sorted({*IMAGES, *NONE}) == sorted(RUNTIME_IDENTIFIERS)
    assert not NONE & set(IMAGES)


@pytest.mark.parametrize("runtime", sorted(IMAGES))
def test_they_are_those_of_aws(runtime: str) -> None:
    """Not those of lambci, which is no more: https://gallery.ecr.aws/lambda names them language:version."""
    image = image_of(runtime)
    assert image is not None
    language = runtime.rstrip("0123456789.x").removesuffix(".al").rstrip("0123456789").removesuffix("core")
    repository = {"go1": "go"}.get(language, language)
    assert image.startswith(f"public.ecr.aws/lambda/{repository}:")


@pytest.mark.parametrize("runtime", sorted(NONE))
def test_those_without_one_have_none(runtime: str) -> None:
    assert image_of(runtime) is None
