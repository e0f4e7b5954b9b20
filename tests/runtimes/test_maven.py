"""Maven's settings, and fetching from a repository as they say."""

from __future__ import annotations

import base64
import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_scenarios.runtimes import maven
from lambda_scenarios.runtimes.maven import CENTRAL, FetchFailed, Repository


def home(tmp_path: Path, settings: str, **more: str) -> dict[str, str]:
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2/settings.xml").write_text(
        f'<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">{settings}</settings>'
    )
    return {"HOME": str(tmp_path), "MAVEN_HOME": str(tmp_path / "nowhere"), **more}


def mirror(of: str) -> str:
    return (
        f"<mirrors><mirror><id>m</id><mirrorOf>{of}</mirrorOf><url>https://m.test/r/</url></mirror></mirrors>"
    )


def test_central(tmp_path: Path) -> None:
    assert maven.repository({"HOME": str(tmp_path)}).url == CENTRAL
    assert maven.repository(home(tmp_path, "")).url == CENTRAL


@pytest.mark.parametrize(
    ("of", "used"),
    [
        ("central", True),
        ("*", True),
        ("external:*", True),
        ("other,central", True),
        ("*,!central", False),
        ("other", False),
        ("external:http:*", False),
        ("", False),
    ],
)
def test_mirrors(tmp_path: Path, of: str, used: bool) -> None:
    url = maven.repository(home(tmp_path, mirror(of))).url
    assert url == ("https://m.test/r" if used else CENTRAL)


def test_the_mirrors_user_and_the_proxy(tmp_path: Path) -> None:
    settings = (
        mirror("*")
        + "<servers><server><id>other</id><username>x</username></server>"
        + "<server><id>m</id><username>me</username><password>${env.MAVEN_KEY}</password></server></servers>"
        + "<proxies><proxy><active>false</active><host>no.test</host></proxy>"
        + "<proxy><host>p.test</host><port>3128</port>"
        + "<nonProxyHosts>localhost|*.local</nonProxyHosts></proxy></proxies>"
    )
    found = maven.repository(home(tmp_path, settings, MAVEN_KEY="secret"))
    assert found == Repository("https://m.test/r", "me", "secret", "http://p.test:3128")


def test_hosts_without_a_proxy(tmp_path: Path) -> None:
    settings = (
        mirror("*") + "<proxies><proxy><host>p</host><nonProxyHosts>*.test</nonProxyHosts></proxy></proxies>"
    )
    assert maven.repository(home(tmp_path, settings)).proxy is None


def test_the_variable_wins(tmp_path: Path) -> None:
    environ = home(tmp_path, mirror("*"))
    assert maven.repository({**environ, maven.VARIABLE: "https://v.test/x/"}).url == "https://v.test/x"
    assert maven.repository({**environ, maven.VARIABLE: "/srv/maven"}).url == "file:///srv/maven"


def test_settings_of_the_installation(tmp_path: Path) -> None:
    (tmp_path / "maven/conf").mkdir(parents=True)
    (tmp_path / "maven/conf/settings.xml").write_text(f"<settings>{mirror('*')}</settings>")
    environ = {"HOME": str(tmp_path), "MAVEN_HOME": str(tmp_path / "maven")}
    assert maven.repository(environ).url == "https://m.test/r"


@pytest.mark.parametrize("text", ["", "no xml", "<settings>", "<a/>"])
def test_broken_settings(tmp_path: Path, text: str) -> None:
    environ = home(tmp_path, "")
    (tmp_path / ".m2/settings.xml").write_text(text)
    assert maven.repository(environ).url == CENTRAL
    assert maven.local_repository(environ) == str(tmp_path / ".m2/repository")


def test_local_repository(tmp_path: Path) -> None:
    settings = "<localRepository>${user.home}/kept/${env.WHERE}</localRepository>"
    assert maven.local_repository(home(tmp_path, settings, WHERE="x")) == f"{tmp_path}/kept/x"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"me:secret").decode()
        body = self.path.encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextlib.contextmanager
def server() -> Iterator[str]:
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def test_download(tmp_path: Path) -> None:
    with server() as url:
        assert maven.download(Repository(f"{url}/r", "me", "secret"), "a/b.jar") == b"/r/a/b.jar"
        with pytest.raises(FetchFailed, match="401"):
            maven.download(Repository(url), "a/b.jar")
        # Through a proxy: it is asked for the whole address.
        got = maven.download(Repository("http://r.test/x", "me", "secret", proxy=url), "a")
        assert got == b"http://r.test/x/a"
    with pytest.raises(FetchFailed, match="Connection refused"):
        maven.download(Repository(url), "a")
    with pytest.raises(FetchFailed, match="No such file"):
        maven.download(Repository(f"file://{tmp_path}"), "a")
    with pytest.raises(FetchFailed):
        maven.download(Repository("gopher://x"), "a")
