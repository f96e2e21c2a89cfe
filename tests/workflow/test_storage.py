"""Raw files behind a URL or in a bucket: fetched once, by content, or one clear error.

The servers are of this machine and of this test alone.
"""

import hashlib
import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from projects import Project, clone, write_batch

from nanostitch import batch, remote
from nanostitch.errors import BatchError, FetchError

CONTENT = bytes(range(256)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REGION = "eu-1"
NOTHING_LISTENS = "http://127.0.0.1:9/raw.dm4"
"""The port of the discard service, which no machine of today offers."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the files of a folder; some names stand for bad days."""

    folder: Path
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def _answer(self, with_content: bool) -> None:
        self.asked.append(self.path)
        path = self.folder / remote.name_of(self.path)
        if path.name == "error.dm4":
            self.send_error(500)
            return
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content and path.name == "drops.dm4":
            self.wfile.write(content[:1000])
            self.connection.close()
        elif with_content and path.name == "stalls.dm4":
            self.wfile.write(content[:1000])
            self.wfile.flush()
            time.sleep(5)
        elif with_content:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Server:
    """A web server on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        handler = type("Bound", (Handler,), {"folder": folder, "asked": self.asked})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(remote, "WAIT_S", 0.05)
    monkeypatch.setattr(remote, "STALLED_S", 1.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ("raw file µ.dm4", "drops.dm4", "stalls.dm4"):
        (folder / name).write_bytes(CONTENT)
    started = Server(folder)
    yield started
    started.close()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Endpoint of a local S3 server with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    place = {"LocationConstraint": REGION}
    client(endpoint).create_bucket(Bucket="microscope", CreateBucketConfiguration=place)
    yield endpoint
    server.stop()


def client(endpoint: str) -> Any:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    return boto3.client("s3", endpoint_url=endpoint, region_name=REGION, **keys)


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], str]:
    """Puts an object into a bucket of a local S3 server; returns its URL."""
    told = {"ENDPOINT_URL": s3, "ACCESS_KEY": "any", "SECRET_KEY": "any", "REGION": REGION}
    for name, value in told.items():
        monkeypatch.setenv(f"SNAKEMAKE_STORAGE_S3_{name}", value)

    def put(key: str, content: bytes) -> str:
        client(s3).put_object(Bucket="microscope", Key=key, Body=content)
        return f"s3://microscope/{key}"

    return put


def test_fetch__brings_the_bytes_under_the_name_of_the_url(server, tmp_path):
    url = f"{server.url}/series/raw%20file%20%C2%B5.dm4?download=1"
    target = tmp_path / remote.name_of(url)
    remote.fetch(url, SHA256, target)
    assert target.name == "raw file µ.dm4"
    assert target.read_bytes() == CONTENT


def test_fetch__brings_an_object_of_a_bucket(bucket, tmp_path):
    remote.fetch(bucket("2026/grid 1.dm4", CONTENT), SHA256, tmp_path / "grid 1.dm4")
    assert (tmp_path / "grid 1.dm4").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent.dm4", "no such file on its server"),
        ("error.dm4", "no such file on its server"),
        ("drops.dm4", "cannot be fetched .*tried 3 times"),
        ("stalls.dm4", "cannot be fetched .*no byte came for 1 s"),
    ],
)
def test_fetch__that_fails_is_one_clear_error_and_leaves_nothing(server, tmp_path, name, says):
    with pytest.raises(FetchError, match=says) as caught:
        remote.fetch(f"{server.url}/{name}", SHA256, tmp_path / "made" / name)
    assert str(caught.value).startswith(f"{server.url}/{name}: ")
    assert not list((tmp_path / "made").iterdir())


def test_fetch__of_other_bytes_says_which_and_leaves_nothing(server, tmp_path):
    url = f"{server.url}/raw%20file%20%C2%B5.dm4"
    with pytest.raises(FetchError, match=f"sha256 is {SHA256}, but column sha256 .* says 0000"):
        remote.fetch(url, "0" * 64, tmp_path / "made" / "raw.dm4")
    assert not list((tmp_path / "made").iterdir())


def test_fetch__into_a_file_beside_the_target_is_no_stall_while_it_grows(tmp_path, monkeypatch):
    def slowly(_: str, target: Path) -> None:  # as the plugin for S3 does
        beside = target.with_name(f"{target.name}.0c72")
        for start in range(0, len(CONTENT), len(CONTENT) // 8):
            with beside.open("ab") as file:
                file.write(CONTENT[start : start + len(CONTENT) // 8])
            time.sleep(remote.STALLED_S / 4)
        beside.rename(target)

    monkeypatch.setattr(remote, "_retrieve", slowly)
    remote.fetch("s3://microscope/large.dm4", SHA256, tmp_path / "large.dm4")
    assert (tmp_path / "large.dm4").read_bytes() == CONTENT


def test_fetch__without_server_or_object_is_one_clear_error(bucket, tmp_path):
    with pytest.raises(FetchError, match=r"raw\.dm4: cannot be fetched .*Connection refused"):
        remote.fetch(NOTHING_LISTENS, SHA256, tmp_path / "raw.dm4")
    bucket("present.dm4", CONTENT)
    with pytest.raises(FetchError, match="no such file on its server"):
        remote.fetch("s3://microscope/absent.dm4", SHA256, tmp_path / "raw.dm4")


def remote_batch(made: Project, url: str, sha256: str) -> Project:
    """The small batch with one spectrum, whose raw file lies elsewhere."""
    folder = made.folder / "batches" / "series"
    (folder / "acquisitions.tsv").write_text(
        "acquisition\tsample\tcondition\ttechnique\tfile\tsha256\n"
        f"eels_1\tgrid1\tfresh\teels\t{url}\t{sha256}\n"
    )
    text = (folder / "batch.yaml").read_text("utf-8")
    (folder / "batch.yaml").write_text(text.partition("figures:")[0], "utf-8")
    return made


@pytest.fixture
def made(tmp_path: Path) -> Project:
    found = clone(tmp_path / "clone")
    write_batch(found.folder / "batches" / "series", spectra=1, images=0)
    return found


PRODUCT = "results/series/eels/eels_1/raw.nc"


def test_run__fetches_once_and_a_dry_run_needs_no_network(made, bucket, monkeypatch):
    local = made.folder / "batches" / "series" / "raw" / "eels_1 [µ].dm4"
    content = local.read_bytes()
    local.unlink()
    remote_batch(made, bucket("day 1/eels_1.dm4", content), hashlib.sha256(content).hexdigest())
    with monkeypatch.context() as offline:
        offline.setenv("SNAKEMAKE_STORAGE_S3_ENDPOINT_URL", NOTHING_LISTENS)
        assert made.planned(PRODUCT) == {"fetch": 1, "ingest": 1}
    made.snakemake(PRODUCT)
    assert (made.folder / PRODUCT).is_file()
    monkeypatch.setenv("SNAKEMAKE_STORAGE_S3_ENDPOINT_URL", NOTHING_LISTENS)
    assert made.planned(PRODUCT) == {}


def test_run__with_a_wrong_checksum_stops_with_one_clear_error(made, server):
    remote_batch(made, f"{server.url}/raw%20file%20%C2%B5.dm4", "0" * 64)
    done = made.try_snakemake(PRODUCT)
    assert done.returncode != 0
    assert f"sha256 is {SHA256}" in done.stdout
    logs = list((made.folder / "results/series/logs/fetch").rglob("*.log"))
    assert "Traceback" not in logs[0].read_text("utf-8")
    assert set(server.asked) == {"/raw%20file%20%C2%B5.dm4"}
    assert not list((made.folder / "results/series/fetched").rglob("*.dm4"))


@pytest.mark.parametrize(
    ("url", "sha256", "says"),
    [
        ("https://example.org/a.dm4", "", "needs the checksum"),
        ("ftp://example.org/a.dm4", SHA256, "must begin with one of http://"),
        ("file:///etc/passwd", SHA256, "must begin with one of http://"),
        ("https:///a.dm4", SHA256, "names no server or bucket"),
        ("https://me:secret@example.org/a.dm4", SHA256, "holds a password"),
        ("https://example.org/", SHA256, "end in the name of a file"),
        ("https://example.org/..", SHA256, "end in the name of a file"),
        ("https://example.org/%2e%2e%2fa.dm4/..", SHA256, "end in the name of a file"),
        ("https://example.org/a%00.dm4", SHA256, "end in the name of a file"),
        (f"https://example.org/{'a' * 300}.dm4", SHA256, "end in the name of a file"),
        ("https://[example.org/a.dm4", SHA256, "is no URL"),
        ("s3://bucket/scan.emi", SHA256, "with other files beside it"),
        ("s3://bucket/scan.rpl", SHA256, "with other files beside it"),
        ("s3://bucket/{key}.dm4", SHA256, "wildcards"),
    ],
)
def test_sheet__with_a_url_that_cannot_be_fetched_safely_is_refused(made, url, sha256, says):
    remote_batch(made, url, sha256)
    with pytest.raises(BatchError, match=says) as caught:
        batch.load(made.folder / "batches" / "series")
    assert "acquisitions.tsv: eels_1, column" in str(caught.value)


def test_fetched_file__lies_in_the_results_whatever_its_url_says(made):
    remote_batch(made, "https://example.org/x/%2e%2e%2f%2e%2e%2fetc%2fa.dm4", SHA256)
    found = batch.load(made.folder / "batches" / "series").acquisitions["eels_1"].path
    assert found == Path("results/series/fetched/eels_1/a.dm4")
    assert os.path.normpath(found) == str(found)
