"""Writes drift.json: rank correlations by SciPy and overlaps by NumPy of pairs of small maps."""

import json
import pathlib

import numpy as np
from scipy.stats import spearmanr

ROWS, COLUMNS = 12, 10
BANDS = [(0, 3), (3, 4), (4, 12)]
INTERVALS = [(0, 5), (5, 10)]


def top(values):
    threshold = np.sort(values)[::-1][round(0.2 * len(values)) - 1]
    return (values >= threshold) & (values > values.min())


def case(name, a, b):
    a, b = np.float32(a).ravel(), np.float32(b).ravel()
    constant = a.min() == a.max() or b.min() == b.max()

    def shares(values):
        grid = np.float64(values).reshape(ROWS, COLUMNS)
        total = grid.sum() or 1
        return {
            "frequency": [grid[i:j].sum() / total for i, j in BANDS],
            "time": [grid[:, i:j].sum() / total for i, j in INTERVALS],
        }

    return {
        "name": name,
        "before": a.tolist(),
        "after": b.tolist(),
        "rankCorrelation": None if constant else spearmanr(a, b).statistic,
        "overlap": None if constant else np.sum(top(a) & top(b)) / np.sum(top(a) | top(b)),
        "beforeShares": shares(a),
        "afterShares": shares(b),
    }


random = np.random.default_rng(5)
smooth = np.add.outer(np.hanning(ROWS), np.hanning(COLUMNS)) / 2
noise = random.random((ROWS, COLUMNS))
coarse = np.round(noise * 4) / 4
sparse = np.where(noise > 0.9, noise, 0)
blank = np.zeros((ROWS, COLUMNS))
cases = [
    case("equal", smooth, smooth),
    case("opposite", smooth, 1 - smooth),
    case("unrelated", smooth, noise),
    case("ties", coarse, np.round(smooth * 5) / 5),
    case("fewer than a fifth", sparse, np.roll(sparse, 7)),
    case("sparse against dense", sparse, noise),
    case("blank before", blank, noise),
    case("blank after", noise, blank),
    case("constant after", noise, blank + 0.5),
    case("both blank", blank, blank),
]
golden = {"columns": COLUMNS, "bands": BANDS, "intervals": INTERVALS, "cases": cases}
pathlib.Path(__file__).with_name("drift.json").write_text(json.dumps(golden) + "\n")
