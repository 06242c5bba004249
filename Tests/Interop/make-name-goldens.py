#!/usr/bin/env python3
"""Writes the golden files of Tests/WeightsTests/NameGoldens: small networks built by torchvision,
timm and transformers under their own names, with the same weights as our reference's file <network>.safetensors.

Each translation is written here a second time, independent of Quaver's table, and proved: both networks must give the
same logits. The first releases of CvT and LeViT are not installable; their names alone are made, after
transformers' conversion script and facebookresearch/LeViT's levit.py.

Run by hand when a publisher's names are added: python3 Tests/Interop/make-name-goldens.py
(needs torch, torchvision, timm, transformers and safetensors).
"""
import pathlib
import re
import tempfile

import timm
import torch
import torchvision
from safetensors.torch import load_file, save_file
from timm.models.levit import LevitDistilled
from transformers import (
    CvtConfig, CvtForImageClassification, LevitConfig, LevitForImageClassificationWithTeacher, ViTConfig,
    ViTForImageClassification)

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "WeightsTests" / "NameGoldens"


def randomise(network):
    """Weights that a half-precision file holds exactly, so that goldens are small and comparisons exact."""
    for name, tensor in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        values = torch.rand_like(tensor) + 0.5 if name.endswith("running_var") else torch.randn_like(tensor) * 0.3
        tensor.copy_(values.half())
    return network.double().eval()


def check(name, first, second, tolerance):
    error = float((first - second).norm() / second.norm())
    print(f"{name}: logits differ by {error:.1e}")
    assert error <= tolerance, name


def half(tensors):
    return {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in tensors.items()
    }


def published(network):
    """The names under which transformers saves a network."""
    with tempfile.TemporaryDirectory() as folder:
        network.save_pretrained(folder)
        return load_file(pathlib.Path(folder) / "model.safetensors")


def vit():
    image = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    ours = randomise(torchvision.models.VisionTransformer(
        image_size=32, patch_size=16, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=10))
    weights = ours.state_dict()
    save_file(half(weights), FOLDER / "vit.safetensors")
    logits = ours(image)

    old = {name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2"): tensor
           for name, tensor in weights.items()}
    again = torchvision.models.VisionTransformer(
        image_size=32, patch_size=16, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=16, num_classes=10)
    again.load_state_dict(old)  # torchvision itself renames them, as it does for the files of 0.12
    check("torchvision 0.12", again.double().eval()(image), logits, 1e-12)
    torch.save({"module." + name: tensor for name, tensor in half(old).items()}, FOLDER / "vit-torchvision012.pt")

    theirs = timm.models.VisionTransformer(
        img_size=32, patch_size=16, embed_dim=8, depth=2, num_heads=2, mlp_ratio=2, num_classes=10).double().eval()
    names = [("class_token", "cls_token"), ("encoder.pos_embedding", "pos_embed"), ("conv_proj", "patch_embed.proj"),
             ("encoder.layers.encoder_layer_", "blocks."), ("ln_1", "norm1"), ("ln_2", "norm2"),
             ("self_attention.in_proj_", "attn.qkv."), ("self_attention.out_proj", "attn.proj"), ("mlp.0", "mlp.fc1"),
             ("mlp.3", "mlp.fc2"), ("encoder.ln", "norm"), ("heads.head", "head")]
    theirs.load_state_dict({rename(name, names): tensor for name, tensor in weights.items()})
    check("timm's ViT", theirs(image), logits, 1e-12)
    torch.save({"model": half(theirs.state_dict()), "epoch": 7}, FOLDER / "vit-timm.pt")

    theirs = ViTForImageClassification(ViTConfig(
        image_size=32, patch_size=16, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        num_labels=10)).double().eval()
    state = theirs.state_dict()
    for name, tensor in state.items():
        layer = re.search(r"layers\.(\d+)\.", name)
        part = re.search(r"attention\.([qkv])_proj\.(weight|bias)", name)
        if part:
            whole = weights[f"encoder.layers.encoder_layer_{layer[1]}.self_attention.in_proj_{part[2]}"]
            tensor.copy_(whole.chunk(3)["qkv".index(part[1])])
            continue
        tensor.copy_(weights[rename(name, [
            ("vit.embeddings.cls_token", "class_token"), ("vit.embeddings.position_embeddings", "encoder.pos_embedding"),
            ("vit.embeddings.patch_embeddings.projection", "conv_proj"), ("vit.layers.", "encoder.layers.encoder_layer_"),
            ("layernorm_before", "ln_1"), ("layernorm_after", "ln_2"), ("attention.o_proj", "self_attention.out_proj"),
            ("mlp.fc1", "mlp.0"), ("mlp.fc2", "mlp.3"), ("vit.layernorm", "encoder.ln"),
            ("classifier", "heads.head")])])
    # Layer norm's ε differs: 1e-12 there, 1e-6 here.
    check("Hugging Face's ViT", theirs(image).logits, logits, 1e-4)
    torch.save(half(state), FOLDER / "vit-transformers5.pt")
    save_file(half(published(theirs)), FOLDER / "vit-huggingface.safetensors")


def levit():
    image = torch.rand(2, 3, 64, 64, dtype=torch.float64)
    ours = randomise(LevitDistilled(
        img_size=64, embed_dim=(8, 16, 16), key_dim=4, depth=(4, 4, 4), num_heads=(2, 2, 2), num_classes=10))
    weights = ours.state_dict()
    logits = ours(image)
    save_file(half({name: tensor for name, tensor in weights.items() if tensor.ndim}),
              FOLDER / "levit.safetensors")

    theirs = LevitForImageClassificationWithTeacher(LevitConfig(
        image_size=64, hidden_sizes=[8, 16, 16], num_attention_heads=[2, 2, 2], depths=[4, 4, 4], key_dim=[4, 4, 4],
        num_labels=10)).double().eval()
    state = theirs.state_dict()

    def hugging_face(name):
        name = re.sub(r"stem\.conv(\d)\.linear", r"levit.patch_embeddings.embedding_layer_\1.convolution", name)
        name = re.sub(r"stem\.conv(\d)", r"levit.patch_embeddings.embedding_layer_\1", name)
        name = re.sub(r"stages\.(\d)\.blocks\.(\d)\.(attn|mlp)", lambda m: f"levit.encoder.stages.{m[1]}.layers."
                      f"{2 * int(m[2]) + (m[3] == 'mlp')}.module", name)
        name = re.sub(r"stages\.(\d)\.downsample\.attn_downsample",
                      lambda m: f"levit.encoder.stages.{int(m[1]) - 1}.layers.8", name)
        name = re.sub(r"stages\.(\d)\.downsample\.mlp",
                      lambda m: f"levit.encoder.stages.{int(m[1]) - 1}.layers.9.module", name)
        return rename(name, [
            (".q.ln.", ".queries."), (".proj.ln.", ".projection."), (".qkv.", ".queries_keys_values."),
            (".kv.", ".keys_values."), (".ln1.", ".linear_up."), (".ln2.", ".linear_down."), (".bn.", ".batch_norm."),
            ("head_dist.", "classifier_distill."), ("head.", "classifier.")])

    for name, tensor in weights.items():
        state[hugging_face(name)].copy_(tensor)
    check("Hugging Face's LeViT", theirs(image).logits, logits, 1e-12)
    save_file(half(published(theirs)), FOLDER / "levit-huggingface.safetensors")

    def first_release(name):
        name = re.sub(r"stem\.conv(\d)", lambda m: f"patch_embed.{2 * int(m[1]) - 2}", name)
        name = re.sub(r"stages\.(\d)\.blocks\.(\d)\.(attn|mlp)",
                      lambda m: f"blocks.{10 * int(m[1]) + 2 * int(m[2]) + (m[3] == 'mlp')}.m", name)
        name = re.sub(r"stages\.(\d)\.downsample\.attn_downsample", lambda m: f"blocks.{10 * int(m[1]) - 2}", name)
        name = re.sub(r"stages\.(\d)\.downsample\.mlp", lambda m: f"blocks.{10 * int(m[1]) - 1}.m", name)
        name = re.sub(r"^(head|head_dist)\.linear", r"\1.l", name)
        return rename(name, [(".q.ln.", ".q.1."), (".proj.ln.", ".proj.1."), (".ln1.", ".0."), (".ln2.", ".2."),
                             (".linear.", ".c.")])

    first = {first_release(name): tensor for name, tensor in weights.items()}
    first["blocks.0.m.attention_bias_idxs"] = torch.zeros(16, 16, dtype=torch.int64)
    torch.save({"model": half(first)}, FOLDER / "levit-first-release.pt", _use_new_zipfile_serialization=False)


def cvt():
    ours = randomise(CvtForImageClassification(CvtConfig(
        embed_dim=[4, 8, 8], num_heads=[1, 2, 2], depth=[1, 2, 3], num_labels=10)))
    weights = published(ours)
    save_file(half({name: tensor for name, tensor in weights.items() if tensor.ndim}), FOLDER / "cvt.safetensors")

    def first_release(name):
        name = re.sub(r"cvt\.encoder\.stages\.(\d)\.embedding\.convolution_embeddings\.projection",
                      r"stage\1.patch_embed.proj", name)
        name = re.sub(r"cvt\.encoder\.stages\.(\d)\.embedding\.convolution_embeddings\.normalization",
                      r"stage\1.patch_embed.norm", name)
        name = re.sub(r"cvt\.encoder\.stages\.(\d)\.layers\.(\d)", r"stage\1.blocks.\2", name)
        name = re.sub(r"cvt\.encoder\.stages\.(\d)\.cls_token", r"stage\1.cls_token", name)
        name = re.sub(r"attention\.attention\.convolution_projection_(.)\w+\.convolution_projection\.convolution",
                      r"attn.conv_proj_\1.conv", name)
        name = re.sub(r"attention\.attention\.convolution_projection_(.)\w+\.convolution_projection\.normalization",
                      r"attn.conv_proj_\1.bn", name)
        name = re.sub(r"attention\.attention\.projection_(.)\w+", r"attn.proj_\1", name)
        return rename(name, [("attention.output.dense", "attn.proj"), ("intermediate.dense", "mlp.fc1"),
                             ("output.dense", "mlp.fc2"), ("layernorm_before", "norm1"), ("layernorm_after", "norm2"),
                             ("layernorm", "norm"), ("classifier", "head")])

    torch.save(half({first_release(name): tensor for name, tensor in weights.items()}),
               FOLDER / "cvt-first-release.pt", _use_new_zipfile_serialization=False)


def rename(name, pairs):
    for before, after in pairs:
        name = name.replace(before, after)
    return name


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.set_grad_enabled(False)
    vit()
    levit()
    cvt()


if __name__ == "__main__":
    main()
