/// The one table of names. Our names (those of torchvision's AlexNet, VGG16 and ViT-B/16, timm's LeViT-256 and
/// transformers' CvT) come first; each entry after it says how others name the same tensors. Prefixes that wrappers put
/// before every name ("module." of DataParallel, "_orig_mod." of torch.compile, "model." of Lightning, "state_dict." of
/// a nested checkpoint, "0." of a Sequential) need no rule: they are found in the file.
enum NameDialects {
  static let table: [NameDialect] = [
    NameDialect("the reference's", []),
    torchvisionViTBefore013, timmVGG, timmViT, huggingFaceViT, huggingFaceBareViT, transformers5ViT,
    huggingFaceLeViT, facebookLeViT, microsoftCvT, huggingFaceBareCvT,
  ]

  /// Tensors that some publishers store though no weight is in them, or though no logit depends on them: batch counters,
  /// look-up tables of LeViT's first release, the pooler of Hugging Face's ViT.
  static let bookkeeping = ["num_batches_tracked", "attention_bias_idxs", "pooler.dense.weight", "pooler.dense.bias"]

  /// The first published vit_b_16 files have these; torchvision 0.13 renames them when it loads them
  /// (`MLPBlock._load_from_state_dict`, pytorch/vision pull request 6053).
  private static let torchvisionViTBefore013 = NameDialect(
    "torchvision's before 0.13", [Rename("mlp.0.", "mlp.linear_1."), Rename("mlp.3.", "mlp.linear_2.")])

  /// timm makes convolutions of VGG's first two linear layers (`vgg.py`, `_filter_fn`): the same elements in the same
  /// order.
  private static let timmVGG = NameDialect(
    "timm's VGG",
    [
      Rename("classifier.0.", "pre_logits.fc1."), Rename("classifier.3.", "pre_logits.fc2."),
      Rename("classifier.6.", "head.fc."),
    ])

  /// timm's `vision_transformer.py`: queries, keys and values in one matrix in the same order, layer norm's ε and GELU
  /// as torchvision's.
  private static let timmViT = NameDialect(
    "timm's ViT",
    [
      Rename("class_token", "cls_token"), Rename("conv_proj.", "patch_embed.proj."),
      Rename("encoder.pos_embedding", "pos_embed"), Rename("encoder.layers.encoder_layer_#.", "blocks.#."),
      Rename("ln_1.", "norm1."), Rename("ln_2.", "norm2."),
      Rename("self_attention.in_proj_weight", "attn.qkv.weight"),
      Rename("self_attention.in_proj_bias", "attn.qkv.bias"), Rename("self_attention.out_proj.", "attn.proj."),
      Rename("mlp.0.", "mlp.fc1."), Rename("mlp.3.", "mlp.fc2."), Rename("encoder.ln.", "norm."),
      Rename("heads.head.", "head."),
    ])

  /// `ViTForImageClassification` as its files have it (transformers 5 saves under these names too): queries, keys and
  /// values apart. Its layer norms use ε = 1e-12 instead of 1e-6, which moves logits by about 3e-6 of their norm.
  private static let huggingFaceViT = NameDialect(
    "Hugging Face's ViT",
    [
      Rename("class_token", "vit.embeddings.cls_token"),
      Rename("conv_proj.", "vit.embeddings.patch_embeddings.projection."),
      Rename("encoder.pos_embedding", "vit.embeddings.position_embeddings"),
      Rename("encoder.layers.encoder_layer_#.", "vit.encoder.layer.#."),
      Rename("ln_1.", "layernorm_before."), Rename("ln_2.", "layernorm_after."),
      Rename("self_attention.in_proj_weight", "attention.attention.{query,key,value}.weight"),
      Rename("self_attention.in_proj_bias", "attention.attention.{query,key,value}.bias"),
      Rename("self_attention.out_proj.", "attention.output.dense."),
      Rename("mlp.0.", "intermediate.dense."), Rename("mlp.3.", "output.dense."),
      Rename("encoder.ln.", "vit.layernorm."), Rename("heads.head.", "classifier."),
    ])

  /// `ViTModel` alone, without a classifier.
  private static let huggingFaceBareViT = NameDialect(
    "Hugging Face's ViT without its classifier", huggingFaceViT.rules + [Rename("vit.", "")])

  /// The module's own names since transformers 5, which `torch.save(model.state_dict())` writes.
  private static let transformers5ViT = NameDialect(
    "transformers 5's ViT",
    [
      Rename("class_token", "vit.embeddings.cls_token"),
      Rename("conv_proj.", "vit.embeddings.patch_embeddings.projection."),
      Rename("encoder.pos_embedding", "vit.embeddings.position_embeddings"),
      Rename("encoder.layers.encoder_layer_#.", "vit.layers.#."),
      Rename("ln_1.", "layernorm_before."), Rename("ln_2.", "layernorm_after."),
      Rename("self_attention.in_proj_weight", "attention.{q_proj,k_proj,v_proj}.weight"),
      Rename("self_attention.in_proj_bias", "attention.{q_proj,k_proj,v_proj}.bias"),
      Rename("self_attention.out_proj.", "attention.o_proj."),
      Rename("mlp.0.", "mlp.fc1."), Rename("mlp.3.", "mlp.fc2."),
      Rename("encoder.ln.", "vit.layernorm."), Rename("heads.head.", "classifier."),
    ])

  /// `LevitForImageClassificationWithTeacher` (transformers' `modeling_levit.py`): attention and MLP alternate in one
  /// list of layers; the last two of a stage are what timm counts as the next stage's downsampling.
  private static let huggingFaceLeViT = NameDialect(
    "Hugging Face's LeViT",
    [
      Rename("stem.conv#.linear.", "levit.patch_embeddings.embedding_layer_#.convolution."),
      Rename("stem.conv#.bn.", "levit.patch_embeddings.embedding_layer_#.bn."),
      Rename("stages.#.blocks.#.attn.") { "levit.encoder.stages.\($0[0]).layers.\(2 * $0[1]).module." },
      Rename("stages.#.blocks.#.mlp.") { "levit.encoder.stages.\($0[0]).layers.\(2 * $0[1] + 1).module." },
      Rename("stages.#.downsample.attn_downsample.") { "levit.encoder.stages.\($0[0] - 1).layers.8." },
      Rename("stages.#.downsample.mlp.") { "levit.encoder.stages.\($0[0] - 1).layers.9.module." },
      Rename("qkv.", "queries_keys_values."), Rename("kv.", "keys_values."), Rename("q.ln.", "queries."),
      Rename("proj.ln.", "projection."), Rename("ln1.", "linear_up."), Rename("ln2.", "linear_down."),
      Rename("head.", "classifier."), Rename("head_dist.", "classifier_distill."), Rename("bn.", "batch_norm."),
    ])

  /// The first release (facebookresearch/LeViT, `levit.py`): one list of blocks for all stages, ten a stage, in which a
  /// residual's inside is `m` and a convolution or linear layer `c`.
  private static let facebookLeViT = NameDialect(
    "LeViT's first release",
    [
      Rename("stem.conv#.") { "patch_embed.\(2 * ($0[0] - 1))." },
      Rename("stages.#.blocks.#.attn.") { "blocks.\(10 * $0[0] + 2 * $0[1]).m." },
      Rename("stages.#.blocks.#.mlp.") { "blocks.\(10 * $0[0] + 2 * $0[1] + 1).m." },
      Rename("stages.#.downsample.attn_downsample.") { "blocks.\(10 * $0[0] - 2)." },
      Rename("stages.#.downsample.mlp.") { "blocks.\(10 * $0[0] - 1).m." },
      Rename("q.ln.", "q.1."), Rename("proj.ln.", "proj.1."), Rename("ln1.", "0."), Rename("ln2.", "2."),
      Rename("head.linear.", "head.l."), Rename("head_dist.linear.", "head_dist.l."), Rename("linear.", "c."),
    ])

  /// The first release (microsoft/CvT), as transformers' `convert_cvt_original_pytorch_checkpoint_to_pytorch.py` pairs
  /// the names.
  private static let microsoftCvT = NameDialect(
    "CvT's first release",
    [
      Rename("cvt.encoder.stages.#.embedding.convolution_embeddings.projection.", "stage#.patch_embed.proj."),
      Rename("cvt.encoder.stages.#.embedding.convolution_embeddings.normalization.", "stage#.patch_embed.norm."),
      Rename("cvt.encoder.stages.#.cls_token", "stage#.cls_token"),
      Rename("cvt.encoder.stages.#.layers.#.", "stage#.blocks.#."),
      Rename("attention.output.dense.", "attn.proj."), Rename("attention.attention.", "attn."),
      Rename("convolution_projection_query.convolution_projection.", "conv_proj_q."),
      Rename("convolution_projection_key.convolution_projection.", "conv_proj_k."),
      Rename("convolution_projection_value.convolution_projection.", "conv_proj_v."),
      Rename("convolution.", "conv."), Rename("normalization.", "bn."), Rename("projection_query.", "proj_q."),
      Rename("projection_key.", "proj_k."), Rename("projection_value.", "proj_v."),
      Rename("intermediate.dense.", "mlp.fc1."), Rename("output.dense.", "mlp.fc2."),
      Rename("layernorm_before.", "norm1."), Rename("layernorm_after.", "norm2."), Rename("layernorm.", "norm."),
      Rename("classifier.", "head."),
    ])

  /// `CvtModel` alone, without the last layer norm and the classifier.
  private static let huggingFaceBareCvT = NameDialect(
    "Hugging Face's CvT without its classifier", [Rename("cvt.", "")])
}
