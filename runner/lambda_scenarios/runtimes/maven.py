"""Files of a Maven repository: from the local one, else from where Maven would fetch them.

https://maven.apache.org/settings.html: mirrors, servers and proxies of `settings.xml` are honoured as far as
they concern Maven Central.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CENTRAL = "https://repo.maven.apache.org/maven2"
# A repository in place of all that follows: a URL, or a directory with the layout of one.
VARIABLE = "LAMBDA_SCENARIOS_MAVEN_REPOSITORY"
_TIMEOUT = 20.0  # seconds without a byte
_LARGEST = 64 * 1024 * 1024


class FetchFailed(Exception):
    """A file could not be fetched; says why, without the address."""


class Repository(NamedTuple):
    """`url` has no slash at its end; `user` and `proxy` (`http://host:port`) are None where there is none."""

    url: str
    user: str | None = None
    password: str = ""
    proxy: str | None = None


class _Settings:
    """Those of the user, then those of the installation: the former win."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._documents = [found for path in _files(environ) if (found := _parsed(path)) is not None]

    def text(self, name: str) -> str:
        """The text of a child of the root."""
        for document in self._documents:
            found = self._of(document, name)
            if found:
                return found
        return ""

    def items(self, group: str, name: str) -> Iterator[Mapping[str, str]]:
        """The entries of a list: `mirrors`, `mirror`; their children as texts."""
        for document in self._documents:
            for parent in document:
                if _local(parent) == group:
                    for item in parent:
                        if _local(item) == name:
                            yield {_local(child): self._resolved(child.text) for child in item}

    def _of(self, document: Element, name: str) -> str:
        return next((self._resolved(child.text) for child in document if _local(child) == name), "")

    def _resolved(self, text: str | None) -> str:
        """`${env.NAME}` and `${user.home}` are replaced."""

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name == "user.home":
                return self._environ.get("HOME", "")
            return self._environ.get(name.removeprefix("env."), "") if name.startswith("env.") else found[0]

        return re.sub(r"\$\{([^}]+)\}", value, (text or "").strip())


def _files(environ: Mapping[str, str]) -> list[str]:
    home = environ.get("HOME", "")
    found = [os.path.join(home, ".m2", "settings.xml")] if home else []
    for variable in ("MAVEN_HOME", "M2_HOME"):
        if environ.get(variable):
            found.append(os.path.join(environ[variable], "conf", "settings.xml"))
    return [*found, "/etc/maven/settings.xml"]


def _parsed(path: str) -> Element | None:
    from xml.etree import ElementTree

    try:
        return ElementTree.parse(path).getroot()  # noqa: S314 - the user's own settings
    except (OSError, ElementTree.ParseError):
        return None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def local_repository(environ: Mapping[str, str]) -> str:
    """Where Maven keeps what it has fetched."""
    configured = _Settings(environ).text("localRepository")
    return configured or os.path.join(environ.get("HOME", ""), ".m2", "repository")


def repository(environ: Mapping[str, str]) -> Repository:
    """Where files of Maven Central come from: the variable's repository, else a mirror, else Central."""
    given = environ.get(VARIABLE, "")
    if given:
        url = given if "://" in given else "file://" + os.path.abspath(given)
        return Repository(url.rstrip("/"))
    settings = _Settings(environ)
    url, user, password = CENTRAL, None, ""
    for mirror in settings.items("mirrors", "mirror"):
        if mirror.get("url") and _is_for_central(mirror.get("mirrorOf", "")):
            url = mirror["url"].rstrip("/")
            for server in settings.items("servers", "server"):
                if server.get("id") == mirror.get("id") and server.get("username"):
                    user, password = server["username"], server.get("password", "")
                    break
            break
    return Repository(url, user, password, _proxy(settings, url))


def _is_for_central(mirror_of: str) -> bool:
    """https://maven.apache.org/guides/mini/guide-mirror-settings.html"""
    patterns = [pattern.strip() for pattern in mirror_of.split(",")]
    return "!central" not in patterns and any(p in ("*", "central", "external:*") for p in patterns)


def _proxy(settings: _Settings, url: str) -> str | None:
    host = re.sub(r"^\w+://(?:[^@/]*@)?([^:/]*).*", r"\1", url)
    for proxy in settings.items("proxies", "proxy"):
        if proxy.get("active", "true") != "true" or not proxy.get("host"):
            continue
        spared = [
            pattern.replace("*", "") for pattern in proxy.get("nonProxyHosts", "").split("|") if pattern
        ]
        if any(host == pattern or host.endswith(pattern) for pattern in spared):
            return None
        return f"http://{proxy['host']}:{proxy.get('port', '8080')}"
    return None


def download(where: Repository, path: str) -> bytes:
    """The file at `path` of the repository. Raises FetchFailed.

    The proxies of the shell apply where the settings name none; certificates as OpenSSL finds them.
    """
    import base64
    import urllib.error
    import urllib.request

    request = urllib.request.Request(f"{where.url}/{path}")  # noqa: S310 - the user's own repository
    if where.user is not None:
        pair = base64.b64encode(f"{where.user}:{where.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
    handlers = []
    if where.proxy is not None:
        handlers.append(urllib.request.ProxyHandler({"http": where.proxy, "https": where.proxy}))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT) as answer:
            data: bytes = answer.read(_LARGEST)
            return data
    except urllib.error.HTTPError as error:
        with error:
            raise FetchFailed(f"it answers {error.code} ({error.reason})") from None
    except urllib.error.URLError as error:
        reason = error.reason
        raise FetchFailed(getattr(reason, "strerror", None) or str(reason)) from None
    except (OSError, ValueError) as error:  # a connection that breaks off; an address that is none
        raise FetchFailed(str(error) or type(error).__name__) from None
