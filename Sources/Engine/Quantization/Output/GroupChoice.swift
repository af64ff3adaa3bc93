// How many columns share a scale: as asked, or found from the widths of a model.

import Model

/// What a manifest says of `group`.
package enum GroupChoice: Hashable, Sendable {
    /// The largest of 128, 64 and 32 that divides the width of every input.
    case auto
    case columns(Int)
    case channel

    private static let automatic = [128, 64, 32]

    /// Columns of a group; nil: a whole row.
    package func group(of weights: QuantizableWeights) throws(QuantizationRefusal) -> Int? {
        func indivisible(_ group: Int) -> ExpectedTensor? {
            weights.tensors.first { $0.shape[1] % group != 0 }
        }
        let found = Self.automatic.first { indivisible($0) == nil }
        switch self {
        case .channel: return nil
        case .columns(let group):
            guard let tensor = indivisible(group) else { return group }
            throw .group(group, tensor: tensor.name, columns: tensor.shape[1], works: found)
        case .auto:
            if let found { return found }
            guard let tensor = indivisible(32) else { return nil }
            throw .noGroup(tensor: tensor.name, columns: tensor.shape[1])
        }
    }
}
