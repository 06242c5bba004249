"""t-SNE by Quaver, openTSNE and scikit-learn on the same points, in one run: seconds and quality of each.

    peer_opentsne.py [--points 10000] [--features 1000] [--file FILE.safetensors] [--threads 2] [--rounds 1]
                     [--quaver ../.build/release/quaver] [--sklearn] [--json]

Needs numpy, openTSNE and scikit-learn. The points are clusters of several widths on curved sheets, or the tensor x
[points, features] of a file. Seconds are those of the embedding, neighbours and start included; reading the file and
starting the program are not. Both programs take the perplexity 30, 250 iterations with exaggeration 12 and 500 without.

Quality is judged by one ruler: `kl` is over P from exact neighbours (3 · perplexity) and Q over all pairs in float64;
`own kl` is what each program says. Trustworthiness is scikit-learn's, k = 12.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
PERPLEXITY = 30


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=1000)
    parser.add_argument("--file")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=1, help="the median time counts")
    parser.add_argument("--quaver", default=HERE.parent / ".build/release/quaver")
    parser.add_argument("--sklearn", action="store_true", help="scikit-learn too (slow)")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def clusters(points, features):
    """Seven emotions, a few speakers each: unequal clusters, curved, of unequal width."""
    random = np.random.default_rng(0)
    x = np.empty((points, features), np.float32)
    group = random.integers(0, 7 * 4, points)
    centres = random.normal(size=(28, features)) * 0.4 + np.repeat(random.normal(size=(7, features)), 4, 0)
    for g in range(28):
        mine = group == g
        latent = random.normal(size=(mine.sum(), 6))
        sheet = np.tanh(latent @ random.normal(size=(6, features)))
        x[mine] = centres[g] + 0.2 * (1 + g % 4) * sheet + 0.2 * random.normal(size=sheet.shape)
    return x


def write(path, x):
    x = np.ascontiguousarray(x, np.float32)
    header = {"x": {"dtype": "F32", "shape": list(x.shape), "data_offsets": [0, x.nbytes]}}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + x.tobytes())


def quaver(path, program, threads):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "points.csv"
        every = sorted(os.sched_getaffinity(0))
        pinned = ["taskset", "-c", ",".join(map(str, every[:threads]))] if threads < len(every) else []
        command = [*pinned, program, "embed", path, "--json", "--out", out]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        result = json.loads(lines[-1])
        return result["seconds"], result["divergence"], np.loadtxt(out, delimiter=",", skiprows=1)[:, 1:]


def opentsne(x, threads, negative):
    import openTSNE

    began = time.perf_counter()
    embedding = openTSNE.TSNE(
        perplexity=PERPLEXITY, n_jobs=threads, random_state=0, negative_gradient_method=negative).fit(x)
    return time.perf_counter() - began, embedding.kl_divergence, np.asarray(embedding)


def scikit(x, threads):
    from sklearn.manifold import TSNE

    began = time.perf_counter()
    tsne = TSNE(perplexity=PERPLEXITY, n_jobs=threads, random_state=0)
    points = tsne.fit_transform(x)
    return time.perf_counter() - began, tsne.kl_divergence_, points


def affinities(x):
    """Symmetric P over exact neighbours: rows, columns, values."""
    from openTSNE.affinity import PerplexityBasedNN

    p = PerplexityBasedNN(x, perplexity=PERPLEXITY, method="exact", n_jobs=-1).P.tocoo()
    return p.row, p.col, p.data / p.data.sum()


def divergence(p, points):
    rows, columns, values = p
    y = points.astype(np.float64)
    square = lambda a, b: ((a - b) ** 2).sum(-1)
    total = sum((1 / (1 + square(y[i : i + 64, None], y[None]))).sum() for i in range(0, len(y), 64)) - len(y)
    kept = values > 0
    rows, columns, values = rows[kept], columns[kept], values[kept]
    return float((values * np.log(values * (1 + square(y[rows], y[columns])) * total)).sum())


def main():
    given = options()
    # Some machines force an old OpenBLAS kernel, which would slow all sides: each shall choose its own.
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    from sklearn.manifold import trustworthiness
    from safetensors_reader import read

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(given.file) if given.file else pathlib.Path(folder) / "points.safetensors"
        if not given.file:
            write(path, clusters(given.points, given.features))
        x = read(path)[0]["x"]
        programs = {
            "Quaver": lambda: quaver(path, given.quaver, given.threads),
            "openTSNE, default (FFT from 10 000)": lambda: opentsne(x, given.threads, "auto"),
            "openTSNE, Barnes-Hut": lambda: opentsne(x, given.threads, "bh"),
        }
        if given.sklearn:
            programs["scikit-learn"] = lambda: scikit(x, given.threads)
        runs = {name: [] for name in programs}
        opentsne(x[:500], given.threads, "auto")  # its libraries load and compile here
        for _ in range(given.rounds):
            for name, program in programs.items():
                runs[name].append(program())
    p = affinities(x)
    results = []
    for name, rounds in runs.items():
        _, own, points = rounds[-1]
        results.append(dict(
            program=name, seconds=float(np.median([r[0] for r in rounds])), kl=divergence(p, points), own_kl=float(own),
            trustworthiness=float(trustworthiness(x, points, n_neighbors=12))))
    if given.json:
        print(json.dumps(dict(points=len(x), features=x.shape[1], threads=given.threads, results=results), indent=1))
        return
    print(f"{len(x)} points of {x.shape[1]} features, {given.threads} threads, median of {given.rounds}\n")
    print("| program | seconds | KL | own KL | trustworthiness |\n|---|--:|--:|--:|--:|")
    for r in results:
        print(f"| {r['program']} | {r['seconds']:.2f} | {r['kl']:.4f} | {r['own_kl']:.4f} | {r['trustworthiness']:.4f} |")


if __name__ == "__main__":
    main()
