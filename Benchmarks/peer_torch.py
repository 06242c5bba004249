"""PyTorch's side of `quaver bench --against torch`: one network, one demand, one memory format, eager, on the CPU.

    peer_torch.py --model alexnet --demand train [--channels-last] [--fused] [--bf16]
    peer_torch.py --verify ../shared/reference       compares every network with the reference instead

It warms up and prints a line of JSON about itself. Then each line that it reads is a number of seconds to spend; it takes
steps for so long, at least one, and answers with a line of JSON. So both sides can take turns, and the end of its input
ends it. Its peak of resident memory belongs to this network, demand and format alone.

Demands: `train` is one step of Adam with weight decay on dropout, cross-entropy and zero_grad; `gradient` is one FGSM
step, the gradient by the input alone; `inference` runs without gradients; "attack bim" and so on is the attack of
torchattacks with the paper's settings (Square with ε = 0, so that no image gives in and each takes all its queries).
With --bf16 the networks run under autocast. The batch is ready in memory.
"""

import argparse
import contextlib
import importlib.metadata
import json
import pathlib
import re
import statistics
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from safetensors_reader import read


class CNNLSTM(nn.Module):
    """Four blocks of convolution; an LSTM over the 128 channels as steps of 13×13 values; two linear layers."""

    def __init__(self):
        super().__init__()
        widths = [3, 32, 64, 128, 128]
        self.features = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 2), nn.BatchNorm2d(b), nn.ELU(), nn.MaxPool2d(2))
            for a, b in zip(widths, widths[1:])
        ])
        self.lstm = nn.LSTM(169, 256, batch_first=True)
        self.fc1 = nn.Linear(128 * 256, 1000)
        self.dropout = nn.Dropout(0.4)
        self.fc2 = nn.Linear(1000, 7)

    def forward(self, x):
        steps, _ = self.lstm(self.features(x).flatten(2))
        return self.fc2(self.dropout(self.fc1(steps.flatten(1))))


def headed(network, logits=lambda output: output):
    """A network of 1000 classes with the seven-class head behind them."""
    thousand = network.forward
    network.ser_head = nn.Linear(1000, 7)
    network.forward = lambda x: network.ser_head(logits(thousand(x)))
    return network


# Each library is loaded where it is needed: together they take longer to load than a batch takes to run.
def torchvision_network(name):
    from torchvision import models
    return headed(getattr(models, name)())


def cvt():
    from transformers import CvtConfig, CvtForImageClassification
    network = CvtForImageClassification(CvtConfig(depth=[1, 4, 16], num_labels=1000))
    return headed(network, lambda output: output.logits)


def levit():
    """The mean of its two heads, in training too."""
    import timm
    return headed(timm.create_model("levit_256"))


MODELS = {
    "cnn-lstm": CNNLSTM,
    "alexnet": lambda: torchvision_network("alexnet"),
    "vgg16": lambda: torchvision_network("vgg16"),
    "cvt": cvt,
    "vit": lambda: torchvision_network("vit_b_16"),
    "levit": levit,
}


PAPER = dict(eps=32 / 255, alpha=4 / 255, steps=2)
# torchattacks' class and its settings.
ATTACKS = {
    "fgsm": ("FGSM", dict(eps=32 / 255)),
    "mi-fgsm": ("MIFGSM", PAPER | dict(decay=0.9)),
    "bim": ("BIM", PAPER),
    "pgd": ("PGD", PAPER),
    "eot-pgd": ("EOTPGD", PAPER | dict(eot_iter=2)),
    "pixle": ("Pixle", dict(x_dimensions=(20, 50), y_dimensions=(20, 50), restarts=1, max_iterations=1)),
    "square": ("Square", dict(eps=0, n_queries=200)),
    "apgd-ce": ("APGD", dict(eps=32 / 255, steps=10)),
}


def step(model, demand, images, labels, fused):
    """A closure that does one batch of the demand."""
    if demand == "train":
        model.train()
        # None lets PyTorch choose, as in torch.optim.Adam(parameters): on the CPU, one tensor after another.
        adam = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-3, fused=fused or None)

        def train():
            adam.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            adam.step()

        return train
    model.eval().requires_grad_(False)
    if demand.startswith("attack "):
        import torchattacks
        kind, settings = ATTACKS[demand.removeprefix("attack ")]
        attack = getattr(torchattacks, kind)(model, **settings)
        # The attacks go by what the network gets right.
        with torch.no_grad():
            labels = model(images).argmax(1)
        return lambda: attack(images, labels)
    if demand == "gradient":
        def fgsm():
            x = images.detach().requires_grad_(True)
            gradient, = torch.autograd.grad(F.cross_entropy(model(x), labels), x)
            return (images + 8 / 255 * gradient.sign()).clamp(0, 1)

        return fgsm
    return torch.inference_mode()(lambda: model(images))


def about():
    onednn = re.search(r"MKL-DNN (v[\d.]+)", torch.__config__.show())
    kernels = [f"ATen {torch.backends.cpu.get_cpu_capability()}", f"oneDNN {onednn[1] if onednn else 'unknown'}"]
    versions = {name: importlib.metadata.version(name) for name in ("torch", "torchvision", "timm", "torchattacks")}
    return dict(versions=versions, kernels=kernels + ["MKL"] * torch.backends.mkl.is_available())


def peak_bytes():
    """Most resident memory; getrusage would count the program that started this one, as it was then."""
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path("/proc/self/status").read_text())[1]) * 1024


def serve(arguments):
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    layout = torch.channels_last if arguments.channels_last else torch.contiguous_format
    model = MODELS[arguments.model]().to(memory_format=layout)
    images = torch.rand(arguments.batch, 3, 224, 224).to(memory_format=layout)
    labels = torch.randint(7, (arguments.batch,))
    precision = torch.autocast("cpu", torch.bfloat16) if arguments.bf16 else contextlib.nullcontext()
    with precision:
        one = step(model, arguments.demand, images, labels, arguments.fused)
        one()
        print(json.dumps(about()), flush=True)
        for line in sys.stdin:
            times, end = [], time.perf_counter() + float(line)
            while not times or time.perf_counter() < end:
                start = time.perf_counter()
                one()
                times.append(time.perf_counter() - start)
            print(json.dumps(dict(
                rate=arguments.batch / statistics.median(times), steps=len(times),
                peak_bytes=peak_bytes())), flush=True)


# --- The reference's hashed weights and inputs -----------------------------------------------------------------------

MASK = (1 << 64) - 1


def uniform(name, shape, seed):
    """The reference's u(name, i) for all i of a shape."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = (start ^ byte) * 0x100000001B3 & MASK
    start = start + seed * 0x2545F4914F6CDD1D + 0x9E3779B97F4A7C15 & MASK
    with np.errstate(over="ignore"):
        z = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint64) + np.uint64(start)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float64).reshape(shape) / 2**24


def hashed(name, shape, seed):
    u = uniform(name, shape, seed)
    if name.endswith("running_var"):
        return 0.5 + u
    if name.endswith("running_mean"):
        return 0.2 * (2 * u - 1)
    if "weight" in name.rsplit(".", 1)[-1] and len(shape) >= 2:
        return np.sqrt(3 / np.prod(shape[1:])) * (2 * u - 1)
    return 0.75 + 0.5 * u if name.endswith("weight") else 0.1 * (2 * u - 1)


def verify(folder):
    """Checks logits, loss and Adam's four losses in float64; exits with a sentence when one is off."""
    for name, kind in MODELS.items():
        tensors, metadata = read(pathlib.Path(folder, "model", f"{name}.safetensors"))
        seed, n = int(metadata["seed"]), int(metadata["batch"])
        grid = uniform("input.grid", (n, 3, 14, 14), seed).repeat(16, 2).repeat(16, 3)
        x = torch.tensor(0.75 * grid + 0.25 * uniform("input.noise", (n, 3, 224, 224), seed), dtype=torch.float32)
        x, labels, model = x.double(), torch.tensor(json.loads(metadata["labels"])), kind()
        state = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
        assert {k: list(v.shape) for k, v in state.items()} == json.loads(metadata["names"]), "names or shapes differ"
        for key, value in state.items():
            value.copy_(torch.tensor(hashed(key, tuple(value.shape), seed), dtype=torch.float32))
        model = model.double().eval()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0
            if hasattr(module, "drop_prob"):
                module.drop_prob = 0
        logits = model(x).detach().numpy()
        off = np.linalg.norm(logits - tensors["eval.logits"]) / np.linalg.norm(tensors["eval.logits"])
        adam, losses = torch.optim.Adam(model.train().parameters(), lr=1e-4, weight_decay=1e-3), []
        for _ in tensors["adam.losses"]:
            adam.zero_grad()
            loss = F.cross_entropy(model(x), labels)
            loss.backward()
            adam.step()
            losses.append(loss.item())
        drift = np.abs(np.array(losses) / tensors["adam.losses"] - 1)[tensors["adam.losses"] > 1e-2].max()
        if name == "levit":  # in train mode a rounding grows a hundredfold a step: only the logits tell
            drift = 0
        print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters,"
              f" logits {off:.1e} and Adam's losses {drift:.1e} off")
        if off > 1e-5 or drift > 1e-3:
            sys.exit(f"peer_torch's {name} does other work than the reference")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS)
    parser.add_argument("--demand", choices=["train", "gradient", "inference", *(f"attack {name}" for name in ATTACKS)])
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--fused", action="store_true", help="Adam's fused kernel, which PyTorch does not choose itself")
    parser.add_argument("--bf16", action="store_true", help="under autocast to bfloat16")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--verify", metavar="DIR")
    arguments = parser.parse_args()
    if arguments.verify:
        return verify(arguments.verify)
    if not arguments.model or not arguments.demand:
        parser.error("--model and --demand, or --verify")
    serve(arguments)


if __name__ == "__main__":
    main()
