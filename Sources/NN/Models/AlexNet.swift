extension Networks {
  /// AlexNet as torchvision has it (Krizhevsky 2014, “One weird trick”), followed by the emotion head: 61,107,847
  /// parameters for seven classes.
  static let alexNet = NetworkEntry(name: "alexnet", title: "AlexNet", camNode: "features.11") { net, classes in
    var x = net.input  // 3×224×224

    x = net("features.0", Convolution(64, kernel: 11, stride: 4, padding: 2), x)
    x = net("features.1", ReLU(), x)  // 64×55×55
    x = net("features.2", MaxPool(kernel: 3, stride: 2), x)  // 64×27×27

    x = net("features.3", Convolution(192, kernel: 5, padding: 2), x)
    x = net("features.4", ReLU(), x)
    x = net("features.5", MaxPool(kernel: 3, stride: 2), x)  // 192×13×13

    x = net("features.6", Convolution(384, kernel: 3, padding: 1), x)
    x = net("features.7", ReLU(), x)
    x = net("features.8", Convolution(256, kernel: 3, padding: 1), x)
    x = net("features.9", ReLU(), x)
    x = net("features.10", Convolution(256, kernel: 3, padding: 1), x)
    x = net("features.11", ReLU(), x)
    x = net("features.12", MaxPool(kernel: 3, stride: 2), x)  // 256×6×6

    x = net("avgpool", AdaptiveAveragePool(6), x)
    x = net("flatten", Flatten(), x)  // 9216

    x = net("classifier.0", Dropout(0.5), x)
    x = net("classifier.1", Linear(4096), x)
    x = net("classifier.2", ReLU(), x)
    x = net("classifier.3", Dropout(0.5), x)
    x = net("classifier.4", Linear(4096), x)
    x = net("classifier.5", ReLU(), x)
    x = net("classifier.6", Linear(1000), x)

    return net("ser_head", Linear(classes), x)
  }
}
