#!/usr/bin/env python3
"""Writes Tests/NNTests/Goldens/starts.csv: how the parameters of torchvision's, timm's and transformers' networks are
distributed before the first step: count, mean, standard deviation, fourth standardised moment, largest magnitude. Of
the repeated blocks the first two of a stage are enough.

Run by hand when a network is added: python3 Tests/Interop/make-start-goldens.py
(needs torch, torchvision, timm and transformers, as Benchmarks/setup-peers installs them).
"""
import csv
import pathlib
import re
import sys

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Benchmarks"))
from peer_torch import MODELS  # noqa: E402


def rows(network):
    for name, tensor in network.named_parameters():
        repeated = re.search(r"(?:layers|encoder_layer|blocks)[._](\d+)\.", name)
        if "ser_head" in name or repeated and int(repeated.group(1)) > 1:
            continue
        values = tensor.detach().double().flatten()
        if len(values) > 1000:  # trunc_normal_ rounds one number in 2^24 to its cut, a hundred deviations away
            values = values[values.abs() <= 50 * values.abs().median()] if values.abs().median() > 0 else values
        deviation = float(values.std(correction=0))
        fourth = float(((values - values.mean()) ** 4).mean()) / deviation**4 if deviation > 0 else 0
        yield [name, tensor.numel(), float(values.mean()), deviation, fourth, float(values.abs().max())]


with open(ROOT / "Tests" / "NNTests" / "Goldens" / "starts.csv", "w", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["network", "parameter", "count", "mean", "deviation", "fourth", "largest"])
    for name, make in MODELS.items():
        torch.manual_seed(0)
        for row in rows(make()):
            table.writerow([name, *row[:2], *(f"{value:.5g}" for value in row[2:])])
