"""torchattacks on a run of ours: the same weights, the same images, the same settings.

    quaver attack RUN --attack fgsm --eps 0                      # keeps the clean images
    quaver attack RUN --attack bim,pgd --no-random-start --eps 1/255 --alpha 0.25/255 --steps 10
    peer_torchattacks.py ~/.local/share/quaver/runs/RUN          # repeats every complete set of the run

Prints a line of JSON a set: accuracy of ours and of torchattacks, and on how many images both say the same. With random
numbers in an attack (a random start, Pixle, Square) only the accuracies can be compared.
"""

import argparse
import json
import pathlib
import time

import numpy as np
import torch
import torchattacks

from peer_torch import MODELS
from safetensors_reader import read


def load(run, checkpoint):
    job = json.loads((run / "job.json").read_text())["job"]
    if (job.get("options") or {}).get("normalisation"):
        raise SystemExit("this run normalises its images first (--imagenet-norm), which torchattacks' network here does not")
    model = MODELS[job["model"]]()
    stored, _ = read(run / f"checkpoint-{checkpoint}.safetensors")
    state = {name: torch.from_numpy(np.array(stored[name])) for name in model.state_dict() if name in stored}
    model.load_state_dict(state, strict=False)
    missing = [name for name in model.state_dict() if name not in state and "num_batches_tracked" not in name]
    assert not missing, missing
    return model.eval()


def chunks(folder):
    for path in sorted(folder.glob("chunk-*.safetensors")):
        yield read(path)[0]


def attack(model, request):
    s = request["settings"]
    eps, alpha, steps = s["epsilon"], s["alpha"], s["steps"]
    (width, height) = (tuple(s["patchWidth"]), tuple(s["patchHeight"]))
    match request["attack"]:
        case "fgsm":
            return torchattacks.FGSM(model, eps=eps)
        case "mi-fgsm":
            return torchattacks.MIFGSM(model, eps=eps, alpha=alpha, steps=steps, decay=s["decay"])
        case "bim":
            return torchattacks.BIM(model, eps=eps, alpha=alpha, steps=steps)
        case "pgd":
            return torchattacks.PGD(model, eps=eps, alpha=alpha, steps=steps, random_start=s["randomStart"])
        case "eot-pgd":
            return torchattacks.EOTPGD(
                model, eps=eps, alpha=alpha, steps=steps, eot_iter=s["eotIterations"], random_start=s["randomStart"])
        case "pixle":
            return torchattacks.Pixle(
                model, x_dimensions=width, y_dimensions=height, restarts=s["restarts"], max_iterations=s["iterations"])
        case "square":
            return torchattacks.Square(
                model, norm="Linf" if s["norm"] == "linf" else "L2", eps=eps, n_queries=s["queries"],
                n_restarts=s["restarts"], p_init=s["squareShare"])
        case other:
            raise SystemExit(f"{other}: torchattacks has no such attack")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--only", help="sets whose name begins so")
    options = parser.parse_args()
    torch.set_num_threads(2)
    torch.manual_seed(0)
    models = {}
    requests = {path.parent: json.loads(path.read_text())
                for path in sorted((options.run / "results/attacks").glob("*/request.json"))}
    clean = {}
    for folder, request in requests.items():
        if request["attack"] == "fgsm" and request["settings"]["epsilon"] == 0:
            for chunk in chunks(folder):
                clean.update(zip(chunk["slices"].tolist(), chunk["images"]))
    assert clean, "keep the clean images first: quaver attack RUN --attack fgsm --eps 0"
    for folder, request in requests.items():
        if request["settings"]["epsilon"] == 0 or (options.only and not folder.name.startswith(options.only)):
            continue
        ours, theirs, labels, worst, seconds = [], [], [], 0.0, 0.0
        if request["checkpoint"] not in models:
            models[request["checkpoint"]] = load(options.run, request["checkpoint"])
        model = models[request["checkpoint"]]
        attacker = attack(model, request)
        for chunk in chunks(folder):
            slices = chunk["slices"].tolist()
            for start in range(0, len(slices), 32):
                part = slice(start, start + 32)
                images = torch.from_numpy(np.stack([clean[s] for s in slices[part]]))
                truth = torch.from_numpy(np.array(chunk["labels"][part]))
                began = time.perf_counter()
                adversarial = attacker(images, truth)
                seconds += time.perf_counter() - began
                with torch.no_grad():
                    theirs += model(adversarial).argmax(1).tolist()
                if "images" in chunk:
                    difference = adversarial.numpy() - chunk["images"][part]
                    worst = max(worst, float(np.mean(np.abs(difference) > 1 / 255 / 64)))
            ours += chunk["logits"].argmax(1).tolist()
            labels += chunk["labels"].tolist()
        ours, theirs, labels = np.array(ours), np.array(theirs), np.array(labels)
        print(json.dumps({
            "set": folder.name, "settings": request["summary"], "images": len(labels),
            "accuracy": float((ours == labels).mean()), "torchattacks": float((theirs == labels).mean()),
            "same_class": float((ours == theirs).mean()),
            "same_verdict": float(((ours == labels) == (theirs == labels)).mean()),
            "pixels_apart_in_the_worst_batch": worst, "torchattacks_seconds": round(seconds, 2),
        }), flush=True)


if __name__ == "__main__":
    main()
