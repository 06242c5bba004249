extension Networks {
  /// VGG16 as torchvision has it (Simonyan and Zisserman 2015, configuration D), followed by the emotion head: 138,364,551
  /// parameters for seven classes. It starts as torchvision's does: Kaiming's normal distribution by fan-out for
  /// convolutions, N(0, 0.01²) for the classifier, biases zero.
  static let vgg16 = NetworkEntry(name: "vgg16", title: "VGG16") { net, classes in
    var x = net.input  // 3×224×224

    // 64×112×112, 128×56×56, 256×28×28, 512×14×14, 512×7×7
    var index = 0
    for block in [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]] {
      for channels in block {
        x = net("features.\(index)", Convolution(channels, kernel: 3, padding: 1, start: .kaimingNormal), x)
        x = net("features.\(index + 1)", ReLU(), x)
        index += 2
      }
      x = net("features.\(index)", MaxPool(kernel: 2), x)
      index += 1
    }

    x = net("avgpool", AdaptiveAveragePool(7), x)
    x = net("flatten", Flatten(), x)  // 25088

    x = net("classifier.0", Linear(4096, start: .normal(0.01)), x)
    x = net("classifier.1", ReLU(), x)
    x = net("classifier.2", Dropout(0.5), x)
    x = net("classifier.3", Linear(4096, start: .normal(0.01)), x)
    x = net("classifier.4", ReLU(), x)
    x = net("classifier.5", Dropout(0.5), x)
    x = net("classifier.6", Linear(1000, start: .normal(0.01)), x)

    return net("ser_head", Linear(classes), x)
  }
}
