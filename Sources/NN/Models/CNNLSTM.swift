extension Networks {
  /// The paper's own network: four convolutional blocks, an LSTM that reads the 128 channels one after the other, and two linear
  /// layers. 33,321,191 parameters for seven classes.
  static let cnnLSTM = NetworkEntry(name: "cnn-lstm", title: "CNN-LSTM", camNode: "features.3.2") { net, classes in
    var x = net.input  // 3×224×224

    // 32×111×111, 64×55×55, 128×27×27, 128×13×13
    for (index, channels) in [32, 64, 128, 128].enumerated() {
      x = net("features.\(index).0", Convolution(channels, kernel: 2), x)
      x = net("features.\(index).1", BatchNorm(), x)
      x = net("features.\(index).2", ELU(), x)
      x = net("features.\(index).3", MaxPool(kernel: 2), x)
    }

    // Each channel's 13×13 map is one step of a sequence.
    x = net("sequence", Flatten(from: 1), x)  // 128×169
    x = net("lstm", LSTM(256), x)  // 128×256
    x = net("flatten", Flatten(), x)  // 32768

    x = net("fc1", Linear(1000), x)
    x = net("dropout", Dropout(0.4), x)
    return net("fc2", Linear(classes), x)
  }
}
