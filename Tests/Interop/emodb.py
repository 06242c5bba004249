"""What the scripts beside this one share: Emo-DB's slices, the images that Quaver cached of them, files of tensors."""
import csv
import json
import sys
import wave

import numpy as np

EMOTIONS = dict(zip("WLEAFNT", range(7)))  # anger, boredom, disgust, fear, happiness, neutral, sadness
# Position and value of the corners of matplotlib's jet: red, green, blue.
JET = (
    ((0, 0.35, 0.66, 0.89, 1), (0, 0, 1, 1, 0.5)),
    ((0, 0.125, 0.375, 0.64, 0.91, 1), (0, 0, 1, 1, 0, 0)),
    ((0, 0.11, 0.34, 0.65, 1), (0.5, 1, 1, 0, 0)),
)


def slices_of(corpus, split, stride, part):
    """Numbers and labels of the slices of the files of one part of the split ("train" or "test"), utterances in the
    order of their names, and the number of slices of the whole corpus."""
    files = {row["file"] for row in csv.DictReader(split.open()) if row["part"] == part}
    slices, labels, count = [], [], 0
    for path in sorted(corpus.glob("*.wav")):
        with wave.open(str(path)) as sound:
            beyond = (max(sound.getnframes(), 16001) - 16000) * 1000
        own = -(-beyond // (stride * 16000))
        if path.name in files:
            slices += range(count, count + own)
            labels += [EMOTIONS[path.stem[5]]] * own
        count += own
    return slices, np.array(labels, np.int64), count


class CachedImages:
    """The cache's file of index images (NAME.images under the user's cache folder), read as [n, 3, 224, 224] in jet."""

    def __init__(self, path, count):
        self.index = np.fromfile(path, np.uint8)[4096:].reshape(-1, 224, 224)
        if len(self.index) != count:
            sys.exit(f"{path} holds {len(self.index)} images, the corpus has {count} slices")
        place = np.arange(256) / 255
        self.jet = np.stack([np.interp(place, at, value) for at, value in JET]).astype(np.float32)

    def __getitem__(self, slices):
        return self.jet[:, self.index[slices]].transpose(1, 0, 2, 3).copy()


def write(path, tensors, metadata=None):
    """A safetensors file."""
    header, offset = {"__metadata__": metadata} if metadata else {}, 0
    for name, (kind, array) in tensors.items():
        header[name] = dict(dtype=kind, shape=list(array.shape), data_offsets=[offset, offset + array.nbytes])
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in tensors.values():
            array.tofile(file)


def attack(network, name, eps, alpha, steps, images, labels):
    """Adversarial images and their logits by torchattacks, 32 images at a time."""
    import torch
    import torchattacks

    kinds = {
        "fgsm": lambda: torchattacks.FGSM(network, eps=eps),
        "mi-fgsm": lambda: torchattacks.MIFGSM(network, eps=eps, alpha=alpha, steps=steps, decay=0.9),
        "bim": lambda: torchattacks.BIM(network, eps=eps, alpha=alpha, steps=steps),
        "pgd": lambda: torchattacks.PGD(network, eps=eps, alpha=alpha, steps=steps, random_start=False),
        "square": lambda: torchattacks.Square(network, eps=eps, n_queries=200),
        "pixle": lambda: torchattacks.Pixle(
            network, x_dimensions=(20, 50), y_dimensions=(20, 50), restarts=1, max_iterations=1),
    }
    run, logits, adversarial = kinds[name](), [], []
    for start in range(0, len(labels), 32):
        batch = run(torch.tensor(images[start : start + 32]), torch.tensor(labels[start : start + 32]))
        adversarial.append(batch.numpy())
        with torch.no_grad():
            logits.append(network(batch).numpy())
    return np.concatenate(adversarial), np.concatenate(logits)
