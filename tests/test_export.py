"""One network of an ensemble leaves as a plain module, by torch.export and as ONNX."""

import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn
from zoo import ZOO

from hypergan import HyperGAN


def drawn(kind):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    return HyperGAN(network, 8, 8, 16).ensemble(2)[1].eval(), inputs


@pytest.mark.parametrize("kind", ["dense", "mnist", "recurrent", "attention", "language", "frozen"])
def test_a_network_is_exported(kind, tmp_path):
    network, inputs = drawn(kind)
    torch.export.save(torch.export.export(network, (inputs,)), tmp_path / "network.pt2")
    loaded = torch.export.load(tmp_path / "network.pt2").module()
    torch.testing.assert_close(loaded(inputs), network(inputs))


@pytest.mark.parametrize("kind", ["dense", "mnist"])
def test_a_network_becomes_onnx(kind, tmp_path):
    network, inputs = drawn(kind)
    batch = torch.export.Dim("batch")
    path = tmp_path / "network.onnx"
    torch.onnx.export(network, (inputs,), path, dynamic_shapes=({0: batch},), verbose=False)
    onnx.checker.check_model(str(path))
    evaluator = ReferenceEvaluator(str(path))
    for batch in (inputs, torch.cat([inputs, inputs])):
        (found,) = evaluator.run(None, {evaluator.input_names[0]: batch.numpy()})
        torch.testing.assert_close(torch.from_numpy(found), network(batch).detach())


def test_weights_go_into_an_ordinary_network(tmp_path):
    network, inputs = drawn("dense")
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    plain: nn.Module = ZOO["dense"].network().eval()
    plain.load_state_dict(torch.load(tmp_path / "weights.pt"))
    torch.testing.assert_close(plain(inputs), network(inputs))
