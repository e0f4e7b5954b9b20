"""AWS's container images of the runtimes.

https://gallery.ecr.aws/lambda, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-images.html
"""

from __future__ import annotations

REGISTRY = "public.ecr.aws/lambda/"

IMAGES = {
    "dotnet10": "dotnet:10",
    "dotnet5.0": "dotnet:5.0",
    "dotnet6": "dotnet:6",
    "dotnet7": "dotnet:7",
    "dotnet8": "dotnet:8",
    "dotnet9": "dotnet:9",
    "dotnetcore2.1": "dotnet:core2.1",
    "dotnetcore3.1": "dotnet:core3.1",
    "go1.x": "go:1",
    "java11": "java:11",
    "java11.al2023": "java:11.al2023",
    "java17": "java:17",
    "java17.al2023": "java:17.al2023",
    "java21": "java:21",
    "java25": "java:25",
    "java8": "java:8",
    "java8.al2023": "java:8.al2023",
    "java8.al2": "java:8.al2",
    "nodejs10.x": "nodejs:10",
    "nodejs12.x": "nodejs:12",
    "nodejs14.x": "nodejs:14",
    "nodejs16.x": "nodejs:16",
    "nodejs18.x": "nodejs:18",
    "nodejs20.x": "nodejs:20",
    "nodejs22.x": "nodejs:22",
    "nodejs24.x": "nodejs:24",
    "nodejs26.x": "nodejs:26",
    "provided": "provided:alami",
    "provided.al2": "provided:al2",
    "provided.al2023": "provided:al2023",
    "python2.7": "python:2.7",
    "python3.10": "python:3.10",
    "python3.11": "python:3.11",
    "python3.12": "python:3.12",
    "python3.13": "python:3.13",
    "python3.14": "python:3.14",
    "python3.15": "python:3.15",
    "python3.6": "python:3.6",
    "python3.7": "python:3.7",
    "python3.8": "python:3.8",
    "python3.9": "python:3.9",
    "ruby2.5": "ruby:2.5",
    "ruby2.7": "ruby:2.7",
    "ruby3.2": "ruby:3.2",
    "ruby3.3": "ruby:3.3",
    "ruby3.4": "ruby:3.4",
    "ruby4.0": "ruby:4.0",
}
# Of these, AWS never published an image.
NONE = frozenset(
    {"dotnetcore1.0", "dotnetcore2.0", "nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10"}
)


def image_of(runtime: str) -> str | None:
    """AWS's image of a runtime, by its full name; None where there is none."""
    found = IMAGES.get(runtime)
    return None if found is None else REGISTRY + found
