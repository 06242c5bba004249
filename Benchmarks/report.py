"""Gathers the results of Benchmarks/compare: report.py FOLDER OUTPUT.json writes them and prints the table."""

import collections
import datetime
import json
import os
import pathlib
import platform
import statistics
import sys

DEMANDS = {"train": "a training step", "gradient": "a gradient step (FGSM)", "inference": "inference"}


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    known = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
    return dict(
        cpu=f"{fields.get('model name')} (family {fields.get('cpu family')}, model {fields.get('model')})",
        isa=[flag for flag in known if flag in fields.get("flags", "").split()],
        processors=len(os.sched_getaffinity(0)), system=platform.platform(),
        date=datetime.date.today().isoformat())


def gather(folder):
    """Medians over the rounds: of each transform and of each network, by program and variant."""
    machines, transforms, networks = {}, collections.defaultdict(list), collections.defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        program = path.stem.split("-")[1]
        data = json.loads(path.read_text())
        machines[program] = data["machine"]
        for row in data.get("pipeline", []):
            transforms[program, row["transform"], row["threads"]].append(row)
        for row in data.get("networks", []):
            variant = " ".join(["channels-last"] * row.get("channels_last", 0) + ["fused Adam"] * row.get("fused", 0))
            networks[program, row["model"], row["demand"], row["batch"], row["threads"], variant].append(row)
    middle = lambda rows, key: statistics.median(row[key] for row in rows) if key in rows[0] else None
    pipeline = [
        dict(program=p, transform=t, threads=n, rounds=len(rows), milliseconds=middle(rows, "milliseconds"),
             heap_kept_milliseconds=middle(rows, "heap_kept_milliseconds"))
        for (p, t, n), rows in transforms.items()
    ]
    nets = [
        dict(program=p, model=m, demand=d, batch=b, threads=n, variant=v, rounds=len(rows),
             images_per_second=middle(rows, "images_per_second"), peak_rss_bytes=middle(rows, "peak_rss_bytes"))
        for (p, m, d, b, n, v), rows in networks.items()
    ]
    return dict(machine=machine() | dict(programs=machines), pipeline=pipeline, networks=nets)


def cell(value, form):
    return "–" if value is None else format(value, form)


def ratio(above, below):
    return "–" if not above or not below else f"{above / below:.2f}×"


def print_transforms(rows):
    print("| transform, 1 s, 1 thread | Quaver ms | librosa ms | ratio | librosa ms, heap kept | ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    ours = {row["transform"]: row["milliseconds"] for row in rows if row["program"] == "quaver" and row["threads"] == 1}
    for row in rows:
        if row["program"] == "librosa":
            mine, plain, kept = ours.get(row["transform"]), row["milliseconds"], row["heap_kept_milliseconds"]
            print(f"| {row['transform']} | {cell(mine, '.3f')} | {plain:.2f} | {ratio(plain, mine)}"
                  f" | {kept:.2f} | {ratio(kept, mine)} |")


def print_networks(rows):
    print("| network, demand | Quaver images/s | PyTorch images/s | ratio | peak MB, Quaver | peak MB, PyTorch |")
    print("|---|--:|--:|--:|--:|--:|")
    peers = [row for row in rows if row["program"] == "torch"]
    for model, demand, fused in dict.fromkeys((r["model"], r["demand"], "fused" in r["variant"]) for r in peers):
        best = max((r for r in peers if (r["model"], r["demand"], "fused" in r["variant"]) == (model, demand, fused)),
                   key=lambda r: r["images_per_second"])
        same = [r for r in rows if r["program"] == "quaver"
                and all(r[key] == best[key] for key in ("model", "demand", "batch", "threads"))]
        mine = same[0] if same else dict(images_per_second=None, peak_rss_bytes=None)
        megabytes = [cell(r["peak_rss_bytes"] and r["peak_rss_bytes"] / 1e6, ".0f") for r in (mine, best)]
        name = f"{model}, {DEMANDS.get(demand, demand)}, batch {best['batch']}, {best['threads']} threads"
        print(f"| {name} | {cell(mine['images_per_second'], '.1f')}"
              f" | {best['images_per_second']:.1f} ({best['variant'] or 'plain'})"
              f" | {ratio(mine['images_per_second'], best['images_per_second'])} | {megabytes[0]} | {megabytes[1]} |")


def main():
    folder, output = map(pathlib.Path, sys.argv[1:])
    results = gather(folder)
    output.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    about = results["machine"]
    isa = " ".join(about["isa"])
    print(f"\n{about['cpu']}, {about['processors']} processors, {isa}, {about['system']}, {about['date']}\n")
    for program, details in about["programs"].items():
        print(f"- {program}: {json.dumps(details, ensure_ascii=False)}")
    print()
    print_transforms(results["pipeline"])
    print()
    print_networks(results["networks"])
    print(f"\nPyTorch's better memory format is shown, once with its own choice of Adam and once with the fused one."
          f" Medians over rounds: {max(r['rounds'] for r in results['networks'])}. All numbers: {output}")


if __name__ == "__main__":
    main()
