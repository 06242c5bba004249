import Foundation
import NN

/// Numbers that the paper prints, shown beside ours and never mixed with them. All in per cent, tables 2a and 2b on Emo-IIT.
package enum PaperTables {
  /// A row of table 1: one network on one spectrogram, without any attack.
  package struct NetworkRow: Sendable, Equatable {
    package let transform: String
    package let model: String
    package let valid: [PaperCorpus: Double]
    package let average: [PaperCorpus: Double]
  }

  /// A row of table 2a: one attack on one network, undefended and trained against that attack.
  package struct AttackRow: Sendable, Equatable {
    package let model: String
    package let attack: String
    package let undefendedValid: Double
    package let undefendedAverage: Double
    /// nil in the rows without an attack, as are all that follow.
    package let undefendedSuccess: Double?
    package let undefendedAverageSuccess: Double?
    package let defendedValidClean: Double?
    package let defendedValidAttacked: Double?
    package let defendedAverageClean: Double?
    package let defendedAverageAttacked: Double?
    package let defendedSuccess: Double?
    package let defendedAverageSuccess: Double?
  }

  /// A row of table 2b: AlexNet trained against one attack at one ε; success is on average accuracy.
  package struct SweepRow: Sendable, Equatable {
    package let defence: String
    /// Numerator of ε/255.
    package let epsilon255: Int
    package let average: Double
    package let ownSuccess: Double
    package let pixleSuccess: Double
    package let squareSuccess: Double
  }

  package static let networks: [NetworkRow] = rows(table1).compactMap { fields in
    let values = fields.dropFirst(2).compactMap { Double($0) }
    guard values.count == 4 else { return nil }
    return NetworkRow(
      transform: fields[0], model: fields[1], valid: [.emodb: values[0], .emoiit: values[1]],
      average: [.emodb: values[2], .emoiit: values[3]])
  }

  package static let attacks: [AttackRow] = rows(table2a).compactMap { fields in
    let values = fields.dropFirst(2).map { Double($0) }
    guard fields.count == 12, let valid = values[0], let average = values[1] else { return nil }
    return AttackRow(
      model: fields[0], attack: fields[1], undefendedValid: valid, undefendedAverage: average,
      undefendedSuccess: values[2], undefendedAverageSuccess: values[3], defendedValidClean: values[4],
      defendedValidAttacked: values[5], defendedAverageClean: values[6], defendedAverageAttacked: values[7],
      defendedSuccess: values[8], defendedAverageSuccess: values[9])
  }

  package static let sweep: [SweepRow] = rows(table2b).compactMap { fields in
    let values = fields.dropFirst(2).compactMap { Double($0) }
    guard values.count == 4, let epsilon = Int(fields[1]) else { return nil }
    return SweepRow(
      defence: fields[0], epsilon255: epsilon, average: values[0], ownSuccess: values[1], pixleSuccess: values[2],
      squareSuccess: values[3])
  }

  /// - Returns: nil for a network that the paper does not have.
  static func name(of model: String) -> String? {
    guard let title = (try? Networks.named(model))?.title else { return nil }
    return networks.first { title.hasPrefix($0.model) }?.model
  }

  /// Table 2a's row of an attack, by its title, on a network; “none” is the network before any.
  static func row(of attack: String, on model: String) -> AttackRow? {
    guard let name = name(of: model) else { return nil }
    return attacks.first { $0.model == name && $0.attack == attack }
  }

  /// Table 2b's row of a defence at its ε.
  static func sweep(of defence: Defence) -> SweepRow? {
    let title = Scrub.title(defence.attack)
    return sweep.first {
      $0.defence == title && abs(Double($0.epsilon255) - defence.settings.epsilon * 255) < 1e-6
    }
  }

  /// Both tables have AlexNet trained against and attacked by one attack at ε 32/255, and do not agree.
  ///
  /// - Parameter attack: its title.
  static func contradiction(of attack: String) -> String? {
    guard let main = attacks.first(where: { $0.model == "AlexNet" && $0.attack == attack }),
      let other = sweep.first(where: { $0.defence == attack && $0.epsilon255 == 32 }),
      let average = main.defendedAverageClean, let success = main.defendedAverageSuccess
    else { return nil }
    func pair(_ a: Double, _ b: Double) -> String { String(format: "%.2f and %.2f %%", a, b) }
    return
      "the paper contradicts itself on AlexNet trained against and attacked by \(attack) at ε 32/255: average accuracy and success "
      + "are \(pair(average, success)) in table 2a, \(pair(other.average, other.ownSuccess)) in table 2b"
  }

  private static func rows(_ table: String) -> [[String]] {
    table.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  private static let table1 = """
    transform,model,valid_emodb,valid_emoiit,average_emodb,average_emoiit
    linear,CNN-LSTM,78.52,77.24,95.76,95.75
    linear,AlexNet,78.72,84.35,95.74,97.05
    linear,VGG16,79.85,81.09,96.11,96.49
    linear,CvT,84.79,88.12,96.99,97.75
    linear,ViT,75.22,77.41,90.55,94.88
    linear,LeViT,71.65,81.88,93.26,96.6
    mel,CNN-LSTM,79.59,81.54,95.98,96.55
    mel,AlexNet,78.32,87.44,95.71,97.64
    mel,VGG16,81.95,83.06,96.5,96.85
    mel,CvT,86.82,82.18,97.38,96.57
    mel,ViT,75.55,73.22,93.72,91.13
    mel,LeViT,70.44,74.58,91.8,94.53
    cqt,CNN-LSTM,79.65,80.97,95.96,96.44
    cqt,AlexNet,83.54,86.6,96.72,97.47
    cqt,VGG16,81.17,83.23,96.26,96.86
    cqt,CvT,85.42,87.52,97.08,97.63
    cqt,ViT,76.83,73.24,93.89,94.94
    cqt,LeViT,72.56,81.41,91.88,96.02
    mfcc,CNN-LSTM,70.57,76.07,94.17,95.51
    mfcc,AlexNet,76.27,83.38,95.33,96.87
    mfcc,VGG16,77.45,80.17,95.52,96.31
    mfcc,CvT,80.52,81.05,96.18,96.43
    mfcc,ViT,68.85,70.38,85.93,94.06
    mfcc,LeViT,73.34,75.36,92.65,95.15
    """

  private static let table2a = """
    model,attack,undefended_valid,undefended_average,undefended_success,undefended_average_success,defended_valid_clean,defended_valid_attacked,defended_average_clean,defended_average_attacked,defended_success,defended_average_success
    CNN-LSTM,none,77.24,95.75,,,,,,,,
    CNN-LSTM,FGSM,25.07,19.04,67.55,80.12,77.69,9.23,95.64,47.53,88.11,50.30
    CNN-LSTM,MI-FGSM,24.47,22.37,68.32,76.64,78.62,48.25,96.02,90.34,38.62,5.91
    CNN-LSTM,BIM,21.64,19.14,71.98,80.02,80.60,44.01,96.40,89.54,45.40,7.11
    CNN-LSTM,PGD,21.51,19.23,72.16,79.91,78.75,45.44,96.05,89.70,42.29,6.61
    CNN-LSTM,EOT+PGD,19.45,17.20,74.82,82.03,78.70,45.91,96.04,89.64,41.66,6.67
    AlexNet,none,84.35,97.05,,,,,,,,
    AlexNet,FGSM,0.39,3.50,99.53,96.39,81.50,79.33,96.54,96.07,2.66,0.49
    AlexNet,MI-FGSM,0.66,18.61,99.22,80.83,81.85,40.40,96.63,88.91,50.64,7.99
    AlexNet,BIM,0.03,1.91,99.96,98.03,81.47,33.08,96.54,87.61,59.39,9.25
    AlexNet,PGD,0.03,1.91,99.96,98.03,81.01,34.11,96.46,87.78,57.90,9.00
    AlexNet,EOT+PGD,0.00,0.37,100.00,99.62,82.19,32.47,96.67,87.49,60.49,9.49
    VGG16,none,81.09,96.49,,,,,,,,
    VGG16,FGSM,2.00,11.87,97.54,87.70,79.23,71.33,96.11,90.77,9.97,5.55
    VGG16,MI-FGSM,1.12,23.60,98.61,75.54,83.29,59.61,94.58,97.24,28.44,-2.82
    VGG16,BIM,0.10,4.90,99.87,94.92,88.02,50.37,96.89,90.40,42.78,6.69
    VGG16,PGD,0.10,4.90,99.87,94.92,85.21,48.25,92.45,97.59,43.38,-5.56
    VGG16,EOT+PGD,0.00,1.34,100.00,98.61,87.20,47.96,97.78,90.27,45.00,7.68
    CvT,none,88.12,97.75,,,,,,,,
    CvT,FGSM,0.50,10.22,99.43,89.54,80.56,5.58,96.34,26.55,93.08,72.44
    CvT,MI-FGSM,0.78,20.17,99.12,79.37,87.08,52.62,97.57,91.01,39.58,6.72
    CvT,BIM,0.14,5.17,99.84,94.71,88.04,24.72,98.04,66.15,72.38,32.53
    CvT,PGD,0.14,5.17,99.84,94.71,89.81,26.17,98.09,74.29,70.86,24.26
    CvT,EOT+PGD,0.00,1.41,100.00,98.55,88.37,2.69,97.85,14.39,96.96,85.29
    ViT,none,77.41,94.88,,,,,,,,
    ViT,FGSM,1.74,2.33,97.75,97.54,73.64,15.24,92.02,30.68,79.31,66.66
    ViT,MI-FGSM,14.62,34.77,81.12,63.36,79.33,34.43,96.07,77.48,56.60,19.35
    ViT,BIM,3.02,4.91,96.10,94.83,77.22,28.03,93.73,56.56,63.70,39.65
    ViT,PGD,3.02,4.91,96.10,94.83,80.81,25.27,95.85,57.39,68.72,40.13
    ViT,EOT+PGD,2.40,3.40,96.89,96.42,77.66,28.90,95.26,63.13,62.79,33.73
    LeViT,none,81.88,96.60,,,,,,,,
    LeViT,FGSM,5.52,8.81,93.26,90.88,56.13,32.77,82.16,50.18,41.62,38.92
    LeViT,MI-FGSM,0.03,0.47,99.97,99.51,64.25,4.44,80.72,7.25,93.10,91.01
    LeViT,BIM,0.24,0.62,99.70,99.36,69.62,3.21,88.54,4.48,95.38,94.93
    LeViT,PGD,0.24,0.62,99.70,99.36,73.72,2.54,92.66,11.88,96.55,87.18
    LeViT,EOT+PGD,1.39,2.27,98.30,97.65,61.07,1.54,86.85,4.47,97.48,94.85
    """

  private static let table2b = """
    algorithm,eps_255,augmented_average,success_whitebox,success_pixle,success_square
    FGSM,8,96.96,10.96,0.96,2.72
    FGSM,16,95.82,9.05,-0.38,5.43
    FGSM,32,97.20,5.39,1.05,41.74
    FGSM,64,97.03,4.45,1.16,98.59
    FGSM,128,97.31,3.82,1.22,100.00
    FGSM,196,97.06,3.85,1.11,100.00
    MI-FGSM,8,97.54,10.08,0.07,2.39
    MI-FGSM,16,97.25,10.38,-0.21,5.10
    MI-FGSM,32,97.30,10.54,-0.16,14.98
    MI-FGSM,64,97.27,10.65,-0.23,97.74
    MI-FGSM,128,97.56,10.84,0.18,100.00
    MI-FGSM,196,97.53,10.54,0.08,100.00
    BIM,8,97.22,11.10,-0.08,1.66
    BIM,16,97.01,11.04,-0.28,3.94
    BIM,32,97.07,10.66,-0.27,10.78
    BIM,64,96.91,10.78,-0.49,95.24
    BIM,128,96.58,10.18,-0.80,99.99
    BIM,196,96.92,10.71,-0.39,100.00
    PGD,8,96.99,10.53,-0.19,1.90
    PGD,16,96.62,10.56,-0.60,3.78
    PGD,32,96.71,10.86,-0.44,10.41
    PGD,64,96.65,10.65,-0.57,96.54
    PGD,128,96.83,10.80,-0.37,100.00
    PGD,196,97.07,11.26,-0.11,100.00
    EOT+PGD,8,97.09,11.00,-0.05,1.68
    EOT+PGD,16,96.69,10.23,-0.40,3.30
    EOT+PGD,32,96.29,10.09,-0.86,10.59
    EOT+PGD,64,96.64,10.62,-0.48,94.77
    EOT+PGD,128,96.74,12.16,-0.33,100.00
    EOT+PGD,196,96.22,71.99,-0.96,100.00
    """
}
