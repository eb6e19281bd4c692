import errno
import gzip
import hashlib
import io
import os
import struct
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from real import real
from torch import Tensor
from torch.utils.data import TensorDataset

from hypergan.data import cubic, downloads, embedded
from hypergan.data.datasets import DATASETS, Data, check_finite, load
from hypergan.errors import DataError, SettingsError, StorageError
from hypergan.paths import PROJECT
from hypergan.paths import downloads as default_root

IMAGES = [name for name, data in DATASETS.items() if data.task == "classification"]


def pixels(inputs: Tensor, data: Data) -> Tensor:
    """Undo the normalisation: pixel values in [0, 1]."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (data.mean, data.std))
    return inputs * std + mean


def splits(data: Data) -> list[TensorDataset]:
    return [split for split in (data.train, data.test, data.outliers) if split is not None]


def rows(dataset: TensorDataset) -> list[bytes]:
    return [row.numpy().tobytes() for row in dataset.tensors[0]]


# What needs no files


@pytest.mark.parametrize(
    ("name", "shape", "sizes", "outliers_name"),
    [
        ("mnist", (1, 28, 28), (1437, 360, 420), "letters"),
        ("mnist5000", (1, 28, 28), (1437, 360, 420), "letters"),
        ("cifar10", (3, 32, 32), (1437, 360), None),
        ("cifar5", (3, 32, 32), None, "tinted digits 5-9"),
        ("digits", (1, 28, 28), (1437, 360, 420), "letters"),
    ],
)
def test_embedded_images_need_no_files(
    name, shape, sizes, outliers_name, tmp_path, monkeypatch, no_internet
):
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path / "nothing"))
    data = load(name, stand_in=True)
    assert data.name == name
    assert data.stand_in is (name != "digits")
    assert data.outliers_name == outliers_name
    assert data.validation is None
    assert not (tmp_path / "nothing").exists()
    for split in splits(data):
        inputs, labels = split.tensors
        assert inputs.shape == (len(labels), *shape)
        assert (inputs.dtype, labels.dtype) == (torch.float32, torch.int64)
    if sizes:
        assert tuple(map(len, splits(data))) == sizes
    known = list(range(len(data.classes)))
    for split in (data.train, data.test):
        assert split.tensors[1].unique().tolist() == known


def test_only_images_have_stand_ins():
    assert load("cubic", stand_in=True).stand_in is False
    assert load("digits").stand_in is False


@pytest.mark.parametrize("name", IMAGES)
def test_every_split_has_the_same_transform(name):
    data = load(name, stand_in=True)
    for split in splits(data):
        values = pixels(split.tensors[0], data) * 255
        assert (values - values.round()).abs().max() < 1e-2
        assert values.min() > -1e-2
        assert values.max() < 255 + 1e-2
        assert values.max() - values.min() > 200


def test_digits_and_letters_are_white_on_black_and_inside_the_frame():
    for images in (embedded.digits()[0][0], embedded.letters()[0]):
        assert images.dtype == torch.uint8
        assert images.flatten(1).median(1).values.float().mean() < 10
        assert (images.flatten(1).amax(1) > 200).float().mean() > 0.99
        frame = torch.cat([images[..., [0, -1], :].flatten(1), images[..., [0, -1]].flatten(1)], 1)
        assert (frame.amax(1) > 60).float().mean() < 0.01


def test_labels_belong_to_their_images():
    def nearest_mean_accuracy(train, test) -> float:
        (images, labels), (queries, answers) = train, test
        means = torch.stack([images[labels == label].float().mean(0) for label in range(10)])
        distances = torch.cdist(queries.flatten(1).float(), means.flatten(1))
        return (distances.argmin(1) == answers).float().mean().item()

    train, test = embedded.digits()
    letters = embedded.letters()
    assert nearest_mean_accuracy(train, test) > 0.85
    assert nearest_mean_accuracy(letters, letters) > 0.5
    assert letters[1].bincount().tolist() == [42] * 10


def test_tints_differ_between_images_and_keep_the_strokes():
    images, _ = embedded.digits()[1]
    tinted = embedded.tinted(images).float()
    ground = tinted[:, :, 0, 0]
    assert ground.max() < 0.31 * 255
    assert len(ground.unique(dim=0)) > 350
    strokes = torch.nn.functional.pad(images, (2, 2, 2, 2)).squeeze(1) > 200
    lit = tinted.mean(1)
    for image, stroke in zip(lit[:50], strokes[:50], strict=True):
        assert image[stroke].min() > image[0, 0]


def test_stand_in_of_cifar5_holds_no_digit_above_four_but_in_the_outliers():
    data, whole = load("cifar5", stand_in=True), load("cifar10", stand_in=True)
    assert data.classes == ("0", "1", "2", "3", "4")
    assert data.outliers.tensors[1].unique().tolist() == [5, 6, 7, 8, 9]
    assert set(rows(data.outliers)) <= set(rows(whole.test))
    assert len(data.test) + len(data.outliers) == len(whole.test)


def test_cubic_is_the_papers_regression():
    data = load("cubic")
    inputs, targets = data.train.tensors
    assert inputs.shape == targets.shape == (20, 1)
    assert (inputs.dtype, targets.dtype) == (torch.float32, torch.float32)
    assert inputs.abs().max() <= 4
    assert 1.5 < (targets - inputs**3).std() < 4.5
    grid, truth = data.test.tensors
    assert (grid[0].item(), grid[120].item(), grid[-1].item()) == (-6, 0, 6)
    assert torch.allclose(grid.diff(dim=0), torch.tensor(0.05), atol=1e-5)
    assert torch.equal(truth, grid**3)
    assert (data.classes, data.mean, data.std, data.outliers) == ((), (), (), None)


def test_cubic_noise_has_variance_nine_and_inputs_are_uniform():
    inputs, targets = cubic.points(100_000, torch.Generator().manual_seed(7))
    noise = targets - inputs**3
    assert noise.mean().abs() < 0.05
    assert noise.var().item() == pytest.approx(9, rel=0.03)
    assert inputs.var().item() == pytest.approx(64 / 12, rel=0.03)
    assert torch.corrcoef(torch.cat([inputs, noise], 1).T)[0, 1].abs() < 0.02


@pytest.mark.parametrize("name", ["cubic", "digits", "cifar5"])
def test_nothing_depends_on_the_global_generator(name):
    torch.manual_seed(1)
    first = load(name, stand_in=True, validation=4)
    torch.manual_seed(2)
    second = load(name, stand_in=True, validation=4)
    assert first.sha256 == second.sha256
    for a, b in zip(
        (*splits(first), first.validation), (*splits(second), second.validation), strict=True
    ):
        assert all(map(torch.equal, a.tensors, b.tensors))


def test_cubic_points_are_pinned():
    inputs, targets = load("cubic").train.tensors
    expected = {"inputs": inputs, "labels": targets}
    for what, tensor in expected.items():
        digest = hashlib.sha256(tensor.numpy().tobytes()).hexdigest()
        assert load("cubic").sha256[f"train {what}"] == digest
    assert inputs[:3, 0].tolist() == pytest.approx([-0.02995, 2.14577, -3.29218], abs=1e-5)
    assert targets[:3, 0].tolist() == pytest.approx([1.79649, 5.21461, -36.70622], abs=1e-4)


@pytest.mark.parametrize(("name", "count"), [("digits", 100), ("cubic", 5)])
def test_validation_is_held_out_of_the_training_data(name, count):
    whole, held = load(name), load(name, validation=count)
    assert len(held.validation) == count
    assert not set(rows(held.validation)) & set(rows(held.train))
    assert sorted(rows(held.validation) + rows(held.train)) == sorted(rows(whole.train))
    assert rows(held.test) == rows(whole.test)
    label_of = dict(zip(rows(whole.train), whole.train.tensors[1].tolist(), strict=True))
    assert [label_of[row] for row in rows(held.validation)] == held.validation.tensors[1].tolist()


@pytest.mark.parametrize("count", [-1, 1437, 5000])
def test_validation_must_leave_training_data(count):
    with pytest.raises(SettingsError, match="from 0 to 1436"):
        load("digits", validation=count)


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(SettingsError, match="mnsit") as caught:
        load("mnsit")
    assert all(name in str(caught.value) for name in DATASETS)


# Bad values


def test_nan_and_infinity_are_counted():
    inputs, labels = torch.zeros(5, 1, 2, 2), torch.zeros(5, dtype=torch.int64)
    check_finite(TensorDataset(inputs, labels), "mine")
    inputs[1, 0, 0] = torch.nan
    inputs[3, 0, 1, 1] = -torch.inf
    with pytest.raises(DataError, match="mine has NaN or infinite values in 2 of 5.*remove"):
        check_finite(TensorDataset(inputs, labels), "mine")
    with pytest.raises(DataError, match="1 of 2"):
        check_finite(TensorDataset(torch.zeros(2, 1), torch.tensor([0.0, torch.nan])), "targets")


@pytest.mark.parametrize("lengths", [(5, 4), (0, 0)])
def test_inputs_and_labels_must_match(lengths):
    dataset = TensorDataset(torch.zeros(1))
    dataset.tensors = tuple(torch.zeros(length, 2) for length in lengths)
    with pytest.raises(DataError, match=f"{lengths[0]} and {lengths[1]} inputs and labels"):
        check_finite(dataset, "mine")


# Files: missing, damaged, unwritable


CONTENT = {"a.bin": b"first file", "b.bin": b"second"}


def source(download) -> downloads.Source:
    lines = (f"{hashlib.sha256(c).hexdigest()} {len(c)} {n}" for n, c in CONTENT.items())
    return downloads.Source("Toy", "toy", "\n".join(lines), download)


def deliver(root: str) -> None:
    folder = Path(root) / "toy"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)


def test_missing_files_are_downloaded_once(tmp_path):
    calls = []

    def counted(root: str) -> None:
        calls.append(root)
        deliver(root)

    root = tmp_path / "new" / "root"
    hashes = source(counted).ensure(root)
    assert source(counted).ensure(root) == hashes
    assert len(calls) == 1
    assert hashes["toy/b.bin"] == hashlib.sha256(b"second").hexdigest()
    assert [path.name for path in root.iterdir()] == ["toy"]


def test_a_download_leaves_present_files_alone(tmp_path):
    deliver(str(tmp_path))
    (tmp_path / "toy" / "a.bin").write_bytes(b"FIRST FILE")
    (tmp_path / "toy" / "b.bin").unlink()
    with pytest.raises(DataError, match=r"a\.bin is altered"):
        source(deliver).ensure(tmp_path)
    assert (tmp_path / "toy" / "a.bin").read_bytes() == b"FIRST FILE"


def test_a_killed_download_leaves_nothing_behind(tmp_path):
    def killed(root: str) -> None:
        deliver(root)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        source(killed).ensure(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_storage_error(tmp_path):
    def full(root: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="No space left on device; free some space"):
        source(full).ensure(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"first fil", "is truncated: 9 bytes instead of 10"),
        (b"", "is truncated: 0 bytes instead of 10"),
        (b"first filf", "is altered"),
        (b"first file!", "is altered"),
    ],
)
def test_damaged_files_are_named(content, message, tmp_path):
    deliver(str(tmp_path))
    (tmp_path / "toy" / "a.bin").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        source(deliver).ensure(tmp_path)
    assert str(tmp_path / "toy" / "a.bin") in str(caught.value)
    assert "delete it and run again to download it afresh" in str(caught.value)


FIRST_FILE = {"mnist": downloads.MNIST, "mnist5000": downloads.MNIST, "cifar5": downloads.CIFAR10}


def sparse_files(root: Path, *sources: downloads.Source) -> None:
    """Files of the right names and sizes whose bytes are all zero."""
    for origin in sources:
        for name, (_, size) in origin.files().items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            with (root / name).open("wb") as file:
                file.truncate(size)


@pytest.mark.parametrize("name", FIRST_FILE)
def test_load_refuses_wrong_bytes_before_reading_them(name, tmp_path, no_internet):
    sparse_files(tmp_path, FIRST_FILE[name])
    first = next(iter(FIRST_FILE[name].files()))
    with pytest.raises(DataError, match=f"{first} is altered"):
        load(name, tmp_path)
    os.truncate(tmp_path / first, 100)
    with pytest.raises(DataError, match=f"{first} is truncated: 100 bytes instead of"):
        load(name, tmp_path)


@pytest.mark.parametrize("name", ["mnist", "mnist5000", "cifar10", "cifar5"])
def test_without_files_or_internet_the_way_out_is_told(name, tmp_path, no_internet):
    with pytest.raises(DataError) as caught:
        load(name, tmp_path)
    first = "cifar-10-batches-py/batches.meta" if "cifar" in name else "MNIST/raw/train-images"
    for words in (str(tmp_path), first, "no route to host", "HYPERGAN_DATA", "digits", "smoke"):
        assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_internet_notmnist_is_named(tmp_path, no_internet):
    with pytest.raises(DataError, match="notMNIST is not in .*no route to host"):
        downloads.NOTMNIST.ensure(tmp_path)


def test_default_root_is_hypergan_data(tmp_path, monkeypatch, no_internet):
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match=f"{tmp_path}/elsewhere"):
        load("mnist")


def test_a_root_below_a_file_cannot_be_written_to(tmp_path, no_internet):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="HYPERGAN_DATA"):
        load("mnist", tmp_path / "file" / "root")


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_a_read_only_root_without_the_files_cannot_be_written_to(tmp_path, no_internet):
    tmp_path.chmod(0o555)
    with pytest.raises(StorageError, match="Permission denied"):
        load("mnist", tmp_path)


# The idx format


def idx(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


HEADER = struct.pack(">IIII", 2051, 2, 2, 3)


def test_idx_is_read_with_its_shape(tmp_path):
    images = downloads.read_idx(idx(tmp_path / "images.gz", HEADER + bytes(range(12))))
    assert images.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert images.dtype == torch.uint8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER + bytes(11), "holds 11 values instead of 12"),
        (HEADER + bytes(13), "holds 13 values instead of 12"),
        (HEADER[:9], "not a gzipped idx file"),
        (struct.pack(">IIII", 0x0D03, 2, 2, 3) + bytes(12), "magic number 00000d03"),
        (b"\1" + HEADER[1:] + bytes(12), "magic number 01000803"),
    ],
)
def test_bad_idx_is_refused(content, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        downloads.read_idx(idx(tmp_path / "images.gz", content))
    assert "images.gz" in str(caught.value)


def test_broken_gzip_is_refused(tmp_path):
    whole = idx(tmp_path / "images.gz", HEADER + bytes(12)).read_bytes()
    flipped = bytearray(whole)
    flipped[-6] ^= 1
    for content in (b"plain bytes", whole[:-4], whole[:15], bytes(flipped)):
        (tmp_path / "images.gz").write_bytes(content)
        with pytest.raises(DataError, match=r"images\.gz is not a gzipped idx file"):
            downloads.read_idx(tmp_path / "images.gz")


# The real files


def raw_labels(name: str) -> np.ndarray:
    return np.frombuffer((default_root() / "MNIST" / "raw" / name).read_bytes()[8:], np.uint8)


@real("MNIST")
def test_mnist(no_internet):
    data = load("mnist", validation=5000)
    assert (len(data.train), len(data.validation), len(data.test)) == (55000, 5000, 10000)
    assert data.train.tensors[0].shape[1:] == (1, 28, 28)
    assert np.array_equal(data.test.tensors[1], raw_labels("t10k-labels-idx1-ubyte"))
    content = (default_root() / "MNIST" / "raw" / "t10k-images-idx3-ubyte").read_bytes()[16:]
    first = np.frombuffer(content[: 28 * 28], np.uint8).reshape(28, 28)
    restored = pixels(data.test.tensors[0][:1], data)[0, 0] * 255
    assert np.allclose(restored, first, atol=1e-3)
    assert data.sha256["MNIST/raw/t10k-images-idx3-ubyte"].startswith("0fa7898d")
    assert len(data.sha256) == 6
    assert not data.stand_in


@real("NotMNIST")
def test_notmnist_has_mnists_transform():
    data = load("mnist5000")
    inputs, labels = data.outliers.tensors
    assert data.outliers_name == "notMNIST"
    assert labels.bincount().tolist() == [1000] * 10
    values = pixels(inputs, data) * 255
    assert (values.min().round().item(), values.max().round().item()) == (0, 255)
    content = gzip.decompress(
        (default_root() / "NotMNIST" / "raw" / "t10k-images-idx3-ubyte.gz").read_bytes()
    )
    last = np.frombuffer(content[-28 * 28 :], np.uint8).reshape(28, 28)
    assert np.allclose(values[-1, 0], last, atol=1e-3)


@real("MNIST")
def test_mnist5000_is_the_first_500_of_each_class():
    data, labels = load("mnist5000"), raw_labels("train-labels-idx1-ubyte")
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == c)[:500] for c in range(10)]))
    assert data.train.tensors[1].bincount().tolist() == [500] * 10
    assert len(data.test) == 10000
    whole = load("mnist").train.tensors
    assert all(map(torch.equal, data.train.tensors, (tensor[chosen] for tensor in whole)))


@real("MNIST")
def test_loading_writes_nothing_below_the_root(tmp_path, no_internet):
    for folder in ("MNIST", "NotMNIST"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "raw").symlink_to(default_root() / folder / "raw")
    load("mnist5000", tmp_path)
    assert sorted(map(str, tmp_path.glob("*/*"))) == [
        f"{tmp_path}/MNIST/raw",
        f"{tmp_path}/NotMNIST/raw",
    ]
    (tmp_path / "MNIST" / "processed").mkdir()
    (tmp_path / "MNIST" / "processed" / "training.pt").touch()
    with pytest.raises(DataError, match="processed was left by an old torchvision"):
        load("mnist5000", tmp_path)


@real("NotMNIST")
def test_notmnist_is_downloaded_from_its_address(tmp_path, monkeypatch):
    asked = []

    class Response(io.BytesIO):
        def __init__(self, url: str) -> None:
            name = url.rsplit("/", 1)[1]
            super().__init__((default_root() / "NotMNIST" / "raw" / name).read_bytes())
            self.url, self.length = url, len(self.getvalue())

    def serve(request):
        asked.append(request.full_url)
        return Response(request.full_url)

    monkeypatch.setattr(urllib.request, "urlopen", serve)
    downloads.NOTMNIST.ensure(tmp_path)
    base = "https://github.com/davidflanagan/notMNIST-to-MNIST/raw/master/t10k-"
    assert set(asked) == {f"{base}images-idx3-ubyte.gz", f"{base}labels-idx1-ubyte.gz"}


@pytest.mark.slow
@real("cifar-10-batches-py")
def test_cifar5_and_cifar10(no_internet):
    data = load("cifar5")
    assert data.classes == ("airplane", "automobile", "bird", "cat", "deer")
    assert data.train.tensors[1].bincount().tolist() == [5000] * 5
    assert data.test.tensors[1].bincount().tolist() == [1000] * 5
    assert data.outliers.tensors[1].bincount(minlength=10).tolist() == [0] * 5 + [1000] * 5
    assert data.outliers_name == "CIFAR-10 classes 5-9"
    for split in splits(data):
        values = pixels(split.tensors[0], data)
        assert values.shape[1:] == (3, 32, 32)
        assert values.min() > -1e-4
        assert values.max() < 1 + 1e-4
    ten = load("cifar10")
    assert (len(ten.train), len(ten.test), len(ten.classes), ten.outliers) == (
        50000,
        10000,
        10,
        None,
    )
    assert ten.train.tensors[0].mean((0, 2, 3)).abs().max() < 0.01
    batch = (default_root() / "cifar-10-batches-py" / "test_batch").read_bytes()
    image = (pixels(ten.test.tensors[0][:1], ten) * 255).round().to(torch.uint8)
    assert image.numpy().tobytes() in batch


def test_the_readme_lists_every_file_with_its_hash():
    readme = (PROJECT / "data" / "README.md").read_text()
    for origin in (downloads.MNIST, downloads.NOTMNIST, downloads.CIFAR10):
        for name, (digest, size) in origin.files().items():
            assert f"| `{name}` | {size:,} | `{digest}` |" in readme
