// A quantised checkpoint as a source of weights: what a loader would multiply with.

package import Checkpoint
package import Schemes
package import TensorMath

/// Matrices are made of their codes when they are read first, and forgotten when they are released;
/// all else comes from the mapped files.
package final class QuantizedWeights: WeightSource {
    private let stored: StoredQuantization
    private let base: MappedWeights
    private var read: [String: WeightMatrix] = [:]

    package init(_ stored: StoredQuantization, _ checkpoint: Checkpoint) {
        self.stored = stored
        base = MappedWeights(checkpoint)
    }

    package func weight(_ name: String) throws -> WeightMatrix {
        if let matrix = read[name] { return matrix }
        guard stored.holds(name) else { return try base.weight(name) }
        let format = try format(of: name)
        let result = WeightMatrix(
            try stored.matrix(name).dequantized(in: format), as: format)
        read[name] = result
        return result
    }

    /// Where activations stay as they are, kernels multiply with weights in the model's format;
    /// where they are rounded, with the codes themselves, and scale the sums.
    private func format(of name: String) throws -> FloatFormat {
        stored.scheme.activations == .none ? try stored.format(name) : .f32
    }

    package func activations(_ name: String) -> ActivationScheme {
        stored.holds(name) ? stored.scheme.activations : .none
    }

    package func ownByteCount(_ tensors: [ExpectedTensor]) -> Int {
        tensors.filter { stored.holds($0.name) }.reduce(0) { sum, tensor in
            let isHalf = (try? format(of: tensor.name)) == .bf16
            return sum + tensor.shape.reduce(isHalf ? 2 : 4, *)
        }
    }

    package func prefetch(_ names: [String]) { base.prefetch(names.flatMap(parts)) }

    package func release(_ names: [String]) {
        for name in names { read[name] = nil }
        base.release(names.flatMap(parts))
    }

    private func parts(_ name: String) -> [String] {
        stored.holds(name) ? stored.parts(name) : [name]
    }
}
