"""Files of the data sets: their sources and checksums, and how they are downloaded."""

import gzip
import os
import ssl
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor

from hypergan.errors import DataError, StorageError
from hypergan.paths import PART, abandoned, make_folder, remove, sha256

_AFRESH = "delete it and run again to download it afresh"
_PREFIX = ".download."
UNFINISHED = f"{_PREFIX}{'[a-z0-9_]' * 8}{PART}"
"""Pattern of the temporary folders that downloads go to, in the root of the data sets."""

_NETWORK = (URLError, HTTPException, ConnectionError, TimeoutError, ssl.SSLError, RuntimeError)
"""What a failed download raises; torchvision reports its mirrors' errors as RuntimeError."""


@dataclass(frozen=True)
class Source:
    """Files from one source, pinned by hash and size.

    Attributes:
        title: Name for messages.
        folder: Folder below the root of the data sets.
        table: One line per file: sha256, bytes, name.
        download: Downloads all files to below the given root.
    """

    title: str
    folder: str
    table: str = field(repr=False)
    download: Callable[[str], object]

    def files(self) -> dict[str, tuple[str, int]]:
        """Hash and size in bytes of every file, by its path below the root."""
        rows = (line.split() for line in self.table.strip().splitlines())
        return {f"{self.folder}/{name}": (digest, int(size)) for digest, size, name in rows}

    def ensure(self, root: Path) -> dict[str, str]:
        """Download missing files, check every file, and return the hashes by name.

        Raises:
            DataError: If a file is damaged or cannot be downloaded.
            StorageError: If files are missing and the root cannot be written to.
        """
        missing = [name for name in self.files() if not os.path.exists(root / name)]
        if missing:
            self._fetch(root, missing)
        for name, (digest, size) in self.files().items():
            _check(root / name, digest, size)
        return {name: digest for name, (digest, _) in self.files().items()}

    def _fetch(self, root: Path, missing: Sequence[str]) -> None:
        """Download into a temporary folder, then move: a kill leaves no half-written file."""
        make_folder(root)
        remove(abandoned(root, UNFINISHED))
        try:
            with tempfile.TemporaryDirectory(prefix=_PREFIX, suffix=PART, dir=root) as aside:
                self.download(aside)
                for name in missing:
                    make_folder((root / name).parent)
                    (Path(aside) / name).replace(root / name)
        except _NETWORK as error:
            raise DataError(
                f"{self.title} is not in {root} (missing: {', '.join(missing)}) and downloading it "
                f"failed: {' '.join(str(error).split())}; connect to the internet, or set "
                "HYPERGAN_DATA to a folder that holds these files under these names, or use the "
                "data set digits or the profile smoke, which need no download"
            ) from error
        except OSError as error:
            raise StorageError(
                f"cannot write {self.title} to {root}: {error.strerror or error}; free some space, "
                "change the folder's permissions, or choose another folder with HYPERGAN_DATA"
            ) from error


def _check(path: Path, digest: str, size: int) -> None:
    try:
        found = path.stat().st_size
        if found < size:
            raise DataError(f"{path} is truncated: {found} bytes instead of {size}; {_AFRESH}")
        if found > size or sha256(path) != digest:
            raise DataError(f"{path} is altered: its sha256 is not {digest}; {_AFRESH}")
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror or error}; change its permissions or replace it"
        ) from error


def read_idx(path: Path) -> Tensor:
    """Read a gzipped file in MNIST's idx format as uint8, in the shape that it declares.

    Raises:
        DataError: If it is not gzipped, or its magic number or length is wrong.
    """
    try:
        content = gzip.decompress(path.read_bytes())
        zeros, kind, dimensions = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{path} is not a gzipped idx file: {error}; {_AFRESH}") from error
    if (zeros, kind) != (0, 8):  # the format's code for unsigned bytes is 8
        raise DataError(f"{path} has magic number {content[:4].hex()}, not 000008..; {_AFRESH}")
    start, count = 4 + 4 * dimensions, torch.Size(shape).numel()
    if len(content) - start != count:
        raise DataError(f"{path} holds {len(content) - start} values instead of {count}; {_AFRESH}")
    return torch.frombuffer(bytearray(content[start:]), dtype=torch.uint8).view(shape)


def _from_torchvision(name: str, root: str) -> None:
    from torchvision import datasets

    getattr(datasets, name)(root, download=True)


def _download_notmnist(root: str) -> None:
    from torchvision.datasets.utils import download_url

    for name, md5 in (
        ("t10k-images-idx3-ubyte.gz", "2c87c839a4ef9b238846600eec8c35b7"),
        ("t10k-labels-idx1-ubyte.gz", "7ea9118cbafd0f6e3ee2ad771d782a01"),
    ):
        url = f"https://github.com/davidflanagan/notMNIST-to-MNIST/raw/master/{name}"
        download_url(url, f"{root}/NotMNIST/raw", md5=md5)


MNIST = Source(
    "MNIST",
    "MNIST/raw",
    """
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db 47040016 train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5    60008 train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  7840016 t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2    10008 t10k-labels-idx1-ubyte
""",
    partial(_from_torchvision, "MNIST"),
)

NOTMNIST = Source(
    "notMNIST",
    "NotMNIST/raw",
    """
70ae9e06201f2827e5b0a3781a3169d735dd2efc69996b9eeaee7f10ed4044d7 3172375 t10k-images-idx3-ubyte.gz
1fa03836e01c862542f8eb83463bb951bebec6fcb3efa28dad748c6b38a9021b    5118 t10k-labels-idx1-ubyte.gz
""",
    _download_notmnist,
)

CIFAR10 = Source(
    "CIFAR-10",
    "cifar-10-batches-py",
    """
f962466ef690d46b226450fb9aadc74ba4bc64a76aa526b5827fe4bc5c7125cb      158 batches.meta
54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd 31035704 data_batch_1
766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8 31035320 data_batch_2
0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9 31035999 data_batch_3
3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b 31035696 data_batch_4
d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154 31035623 data_batch_5
f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831 31035526 test_batch
""",
    partial(_from_torchvision, "CIFAR10"),
)
