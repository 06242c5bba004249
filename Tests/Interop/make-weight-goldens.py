#!/usr/bin/env python3
"""Writes the golden files of Tests/WeightsTests/Goldens: one small file for each way in which PyTorch and safetensors
store weights, and expected.json, what torch itself reads in them.

Run by hand when a format is added: python3 Tests/Interop/make-weight-goldens.py  (needs torch and safetensors).
"""
import json
import math
import pathlib
import warnings
import zipfile
from collections import OrderedDict

import numpy
import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "WeightsTests" / "Goldens"
TYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.bool: "BOOL", torch.uint16: "U16", torch.uint32: "U32", torch.uint64: "U64",
}
expected = {}
refused = {}


def plain():
    """Every element type and every kind of view."""
    weight = torch.arange(6, dtype=torch.float32).reshape(2, 3) * 0.5 - 1
    grid = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {
        "net.weight": weight,
        "net.bias": torch.nn.Parameter(torch.tensor([0.1, -0.2, 0.3])),
        "shared": weight,
        "transposed": weight.t(),
        "slice": grid[1:3, 1::2],
        "permuted": torch.arange(24, dtype=torch.float32).reshape(2, 3, 4).permute(2, 0, 1),
        "double": torch.tensor([math.pi, -1e-3], dtype=torch.float64),
        "half": torch.tensor([1.5, -2.25, 65504.0, 6e-8], dtype=torch.float16),
        "brain": torch.tensor([1.5, -2.25, 3e38, 1e-40], dtype=torch.bfloat16),
        "long": torch.tensor([-5, 0, 1 << 40]),
        "int": torch.tensor([-5, 7], dtype=torch.int32),
        "short": torch.tensor([-300, 300], dtype=torch.int16),
        "char": torch.tensor([-128, 127], dtype=torch.int8),
        "byte": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
    }


class Shift(torch.nn.Module):
    """Something to compile into a TorchScript archive."""

    def __init__(self):
        super().__init__()
        self.by = torch.nn.Parameter(torch.ones(2))

    def forward(self, x):
        return x + self.by


def describe(tensors):
    return {
        name: {
            "type": TYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "values": [str(value) for value in tensor.detach().to(torch.float32).flatten().tolist()],
        }
        for name, tensor in tensors.items()
    }


def save(name, value, tensors, **options):
    torch.save(value, FOLDER / name, **options)
    expected[name] = describe(tensors)


def nested(network):
    """A training checkpoint: weights, an optimizer's state, and plain values of all sorts."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    value = {
        "epoch": 3, "best": 0.5, "seed": 1 << 63, "note": "naïve", "done": True, "nothing": None, "raw": b"\x00\xff",
        "names": ("a", ["b", {"c"}]), "shape": torch.Size([2, 3]), "type": torch.float16,
        "device": torch.device("cpu"), "state_dict": network.state_dict(), "optimizer": optimizer.state_dict(),
    }
    tensors = {f"state_dict.{name}": tensor for name, tensor in network.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.state.{index}.{name}": tensor for name, tensor in state.items()}
    return value, tensors


def rewrite(source, target, **options):
    """The same entries in an archive that Python writes, with another compression or with zip64 fields."""
    with zipfile.ZipFile(FOLDER / source) as old, zipfile.ZipFile(FOLDER / target, "w") as new:
        for entry in old.infolist():
            info = zipfile.ZipInfo(entry.filename)
            info.compress_type = options.get("compression", zipfile.ZIP_STORED)
            with new.open(info, "w", force_zip64=options.get("zip64", False)) as stream:
                stream.write(old.read(entry.filename))


def main():
    warnings.simplefilter("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    tensors = plain()
    for protocol in (2, 3, 4, 5):
        save(f"zip-protocol{protocol}.pt", tensors, tensors, pickle_protocol=protocol)
        save(f"legacy-protocol{protocol}.pt", tensors, tensors, pickle_protocol=protocol,
             _use_new_zipfile_serialization=False)

    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    value, inside = nested(network)
    save("nested.pt", value, inside)
    save("nested-legacy.pt", value, inside, _use_new_zipfile_serialization=False)
    save("unsigned.pt", unsigned := {
        "u16": torch.tensor([0, 65535], dtype=torch.uint16), "u32": torch.tensor([0, 1 << 31], dtype=torch.uint32),
        "u64": torch.tensor([0, 1 << 62], dtype=torch.uint64)}, unsigned)
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.note = "kept by torch as an attribute"
    save("parameter-with-state.pt", {"p": parameter}, {"p": parameter})
    save("list.pt", [torch.ones(2), OrderedDict(a=torch.zeros(1))], {"0": torch.ones(2), "1.a": torch.zeros(1)})
    save("bare.pt", torch.ones(2, 2), {"tensor": torch.ones(2, 2)})
    odd = {"odd": torch.tensor([1.0, math.nan, math.inf, -math.inf, math.nan])}
    save("not-finite.pt", odd, odd)
    save("overflow.pt", large := {"large": torch.tensor([1e300, 1.0], dtype=torch.float64)}, large)
    torch.serialization.set_crc32_options(False)
    save("no-checksums.pt", {"a": torch.ones(3)}, {"a": torch.ones(3)})
    torch.serialization.set_crc32_options(True)
    rewrite("zip-protocol2.pt", "zip64.pt", zip64=True)
    expected["zip64.pt"] = expected["zip-protocol2.pt"]

    contiguous = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    save_file(contiguous, FOLDER / "plain.safetensors", metadata={"format": "pt", "note": "naïve “quotes” \\ \n"})
    expected["plain.safetensors"] = describe(contiguous)

    rewrite("zip-protocol2.pt", "compressed.pt", compression=zipfile.ZIP_DEFLATED)
    refused["compressed.pt"] = "compressed"
    torch.save(network, FOLDER / "module.pt")
    refused["module.pt"] = "torch.nn.modules.container.Sequential"
    # Without the source text of PyTorch's classes, which the old format otherwise stores.
    torch.serialization.get_source_lines_and_file = lambda *_: (_ for _ in ()).throw(OSError())
    torch.save(network, FOLDER / "module-legacy.pt", _use_new_zipfile_serialization=False)
    refused["module-legacy.pt"] = "torch.nn.modules.container.Sequential"
    torch.save({"best": numpy.float64(0.5), "w": torch.ones(2)}, FOLDER / "numpy-scalar.pt")
    refused["numpy-scalar.pt"] = "numpy"
    torch.jit.script(Shift()).save(str(FOLDER / "torchscript.pt"))
    refused["torchscript.pt"] = "TorchScript"
    torch.save({"w": torch.ones(1).expand(1000)}, FOLDER / "expanded.pt")
    refused["expanded.pt"] = "more elements than its storage holds"
    torch.save({"w": torch.eye(2).to_sparse()}, FOLDER / "sparse.pt")
    refused["sparse.pt"] = "torch._utils._rebuild_sparse_tensor"
    torch.save({"w": torch.ones(2, dtype=torch.complex64)}, FOLDER / "complex.pt")
    refused["complex.pt"] = "torch.ComplexFloatStorage"
    torch.save({"epoch": 3}, FOLDER / "no-tensors.pt")
    refused["no-tensors.pt"] = "holds no tensors"

    (FOLDER / "expected.json").write_text(
        json.dumps({"read": expected, "refused": refused}, indent=None, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
