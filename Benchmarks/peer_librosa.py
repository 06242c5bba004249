"""librosa's side of `quaver bench --against librosa`: one transform of a one-second slice, to dB, on one thread.

    peer_librosa.py --transform mel [--keep-heap]     each line that it reads is a round: see peer_torch.py
    peer_librosa.py --verify ../shared/reference      compares all four with the reference vectors instead

With --keep-heap the C library keeps freed memory instead of giving it back to the system: NumPy's large arrays then cost
no page faults, the best case for librosa.
"""

import argparse
import ctypes
import json
import pathlib
import statistics
import sys
import time
import warnings

import librosa
import numpy as np
import scipy
from threadpoolctl import threadpool_info, threadpool_limits

from safetensors_reader import read

RATE = 16000
FRAMES = dict(hop_length=70, win_length=256, window="hann", center=True, pad_mode="constant")


def linear(wave):
    return librosa.amplitude_to_db(np.abs(librosa.stft(wave, n_fft=446, **FRAMES)), ref=1.0, amin=1e-5, top_db=80)


def mel_power(wave):
    return librosa.feature.melspectrogram(
        y=wave, sr=RATE, n_fft=2048, n_mels=224, fmin=0, fmax=8000, power=2, htk=False, norm="slaney", **FRAMES)


def mel(wave):
    return librosa.power_to_db(mel_power(wave), ref=1.0, amin=1e-10, top_db=80)


def cqt(wave):
    fmin = librosa.note_to_hz("C1")
    bins = librosa.cqt(wave, sr=RATE, hop_length=70, fmin=fmin, n_bins=224, bins_per_octave=32)
    return librosa.amplitude_to_db(np.abs(bins), ref=1.0, amin=1e-5, top_db=80)


def mfcc(wave):
    return librosa.feature.mfcc(S=mel(wave), n_mfcc=224, dct_type=2, norm="ortho")


TRANSFORMS = dict(linear=linear, mel=mel, mfcc=mfcc, cqt=cqt)


def keep_heap():
    """Tells glibc never to return memory to the system."""
    mallopt = ctypes.CDLL(None).mallopt
    trim_threshold, mmap_threshold = -1, -3
    assert mallopt(trim_threshold, 1 << 30) and mallopt(mmap_threshold, 1 << 25)


def made_slice():
    """A harmonic tone that glides, in noise."""
    t = np.arange(RATE) / RATE
    phase = 2 * np.pi * (140 * t + 20 * t**2)
    tone = sum(np.sin(k * phase) / k for k in range(1, 20))
    return (0.1 * tone + 0.001 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)


def serve(transform, keeps_heap):
    if keeps_heap:
        keep_heap()
    wave = made_slice()
    for _ in range(3):  # fills librosa's and numba's caches
        transform(wave)
    kernels = sorted({f"{pool['internal_api']} {pool.get('architecture', '')}".strip() for pool in threadpool_info()})
    versions = dict(librosa=librosa.__version__, numpy=np.__version__, scipy=scipy.__version__)
    print(json.dumps(dict(versions=versions, kernels=kernels)), flush=True)
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while time.perf_counter() < end or len(times) < 10:
            start = time.perf_counter()
            transform(wave)
            times.append(time.perf_counter() - start)
        print(json.dumps(dict(rate=1 / statistics.median(times), steps=len(times))), flush=True)


def verify(folder):
    worst = {}
    for path in sorted(pathlib.Path(folder, "spectrogram").glob("*.safetensors")):
        tensors, metadata = read(path)
        name = metadata["transform"]
        error = np.abs(TRANSFORMS[name](tensors["wave"]) - tensors["db"]).max()
        print(f"{path.stem}: at most {error:.2e} dB off")
        worst[name] = max(worst.get(name, 0), error)
    sys.exit(0 if worst.keys() == TRANSFORMS.keys() and max(worst.values()) < 1e-3 else "peer_librosa does other work")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transform", choices=TRANSFORMS)
    parser.add_argument("--keep-heap", action="store_true")
    parser.add_argument("--verify", metavar="DIR")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="n_fft=.* is too large")
    with threadpool_limits(limits=1):
        if arguments.verify:
            verify(arguments.verify)
        if not arguments.transform:
            parser.error("--transform or --verify")
        serve(TRANSFORMS[arguments.transform], arguments.keep_heap)


if __name__ == "__main__":
    main()
