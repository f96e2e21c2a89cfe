"""Raw files that lie elsewhere: what a sheet may name, and how they are brought here.

They are served by Snakemake's storage plugins, which are configured by their own environment
variables (``SNAKEMAKE_STORAGE_S3_ENDPOINT_URL`` and the like). A file is named by its content:
nothing depends on when it was fetched or on what its server says of it, and planning needs no
network. A server that stalls, drops or answers with other bytes ends in one clear error.
"""

import contextlib
import dataclasses
import importlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from nanostitch import raw
from nanostitch.atomic import replacing
from nanostitch.errors import FetchError
from nanostitch.provenance import identity
from nanostitch.schema import unprinted

PLUGINS = {"http": "http", "https": "http", "s3": "s3"}
"""By scheme, the storage plugin that serves it."""
ATTEMPTS = 3
WAIT_S = 2.0
"""Pause before the second attempt; twice as long before the third."""
STALLED_S = 120.0
"""Without a new byte for so long, a server is given up: the plugins wait for ever."""
LONGEST_NAME = 200
"""Characters that file systems leave for a name when a partial file adds its own."""


def is_url(text: str) -> bool:
    """Whether the file of a sheet is a URL and not a path."""
    return "://" in text


def name_of(url: str) -> str:
    """Name that a fetched file gets: the last part of the URL's path."""
    return unquote(urlsplit(url).path).rpartition("/")[2]


def problem(url: str) -> str:
    """What is wrong with a URL in a sheet, with its remedy; empty if nothing."""
    try:
        parts = urlsplit(url)
        name = name_of(url)
    except ValueError as error:
        return f"is no URL ({error}); correct it"
    if parts.scheme not in PLUGINS:
        return f"must begin with one of {', '.join(f'{one}://' for one in PLUGINS)}"
    if not parts.hostname:
        return "names no server or bucket; correct it"
    if parts.username or parts.password:
        return "holds a password, which every record would show; tell it to the storage plugin"
    if name in ("", ".", "..") or len(name) > LONGEST_NAME or unprinted(name) or "\\" in name:
        return f"must end in the name of a file of at most {LONGEST_NAME} characters"
    if raw.needs_companions(Path(name)):
        return "is of a format with other files beside it; download them and name the local file"
    return ""


def fetch(url: str, sha256: str, target: Path) -> None:
    """Bring a file here, whole and with the right content or not at all.

    Parameters
    ----------
    url
        Where it is: ``https://``, ``http://`` or ``s3://``.
    sha256
        Digest that its bytes must have (hexadecimal).
    target
        Path to write.

    Raises
    ------
    FetchError
        If there is no such file, the server cannot be reached or drops, or the bytes are others.
    """
    with replacing(target) as partial:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _watched(lambda: _retrieve(url, partial), partial.parent)
                break
            except FetchError:
                raise
            except Exception as error:  # whatever a server makes the plugin stumble over
                if attempt == ATTEMPTS:
                    raise FetchError(
                        f"{url}: cannot be fetched ({type(error).__name__}: {error}), tried"
                        f" {ATTEMPTS} times; run again once the server can be reached"
                    ) from error
                logging.warning("%s: attempt %d failed (%s)", url, attempt, error)
                time.sleep(WAIT_S * attempt)
        found = identity.sha256(partial)
        if found != sha256:
            raise FetchError(
                f"{url}: sha256 is {found}, but column sha256 of acquisitions.tsv says {sha256};"
                " correct the sheet, or ask who serves the file"
            )


def _retrieve(url: str, target: Path) -> None:
    plugin = importlib.import_module(f"snakemake_storage_plugin_{PLUGINS[urlsplit(url).scheme]}")
    provider = plugin.StorageProvider(
        local_prefix=target.parent, logger=logging.getLogger(), settings=_settings(plugin)
    )
    remote = provider.object(url, keep_local=True)
    remote.set_local_path(target)
    if not remote.exists():
        raise FetchError(f"{url}: no such file on its server; correct column file")
    remote.retrieve_object()


def _settings(plugin: Any) -> Any:
    """The plugin's settings from the environment, under the names that Snakemake gives them."""
    prefix = plugin.__name__.removeprefix("snakemake_storage_plugin_")
    told = {}
    for field in dataclasses.fields(plugin.StorageProviderSettings):
        value = os.environ.get(f"SNAKEMAKE_STORAGE_{prefix}_{field.name}".upper())
        if value is not None and field.metadata.get("env_var"):
            told[field.name] = field.metadata.get("parse_func", str)(value)
    return plugin.StorageProviderSettings(**told)


def _watched(work: Callable[[], None], folder: Path) -> None:
    """Run something that fills files of a folder; give up when none of them changes any more.

    The plugin for S3 fills a file of another name, and renames it when it is whole.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    seen, since = _state(folder), time.monotonic()
    while thread.is_alive():
        thread.join(timeout=min(1.0, STALLED_S / 4))
        now = _state(folder)
        if now != seen:
            seen, since = now, time.monotonic()
        elif thread.is_alive() and time.monotonic() - since > STALLED_S:
            raise TimeoutError(f"no byte came for {STALLED_S:g} s")
    if raised:
        raise raised[0]


def _state(folder: Path) -> set[tuple[str, int]]:
    """Each file of a folder with the time of its last change, which every write moves."""
    found = set()
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # renamed meanwhile
            found.add((file.name, file.stat().st_mtime_ns))
    return found
