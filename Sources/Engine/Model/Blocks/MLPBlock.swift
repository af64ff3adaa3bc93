// The feed-forward block, with a gate or without.

package import TensorMath

extension MLPBlueprint {
    /// Outputs of the neurons, [tokens, neurons]: the input of `down`.
    ///
    /// - Parameter x: normalised stream, [tokens, hidden].
    package func neurons(_ x: MatrixView, context: BlockContext) throws -> MatrixView {
        let ups = context.scratch.matrix(rows: x.rows, columns: neuronCount)
        try context.project(x, up, into: ups)
        guard let gate else {
            activation.run(ups)
            return ups
        }
        let gates = context.scratch.matrix(rows: x.rows, columns: neuronCount)
        try context.project(x, gate, into: gates)
        activation.run(gates, multiplying: ups)
        return gates
    }

    package func run(
        _ x: MatrixView, into output: MatrixView, accumulate: Bool, context: BlockContext
    ) throws {
        let neurons = try neurons(x, context: context)
        try context.project(neurons, down, into: output, accumulate: accumulate)
    }
}

extension Activation {
    /// nil: a function of gate and up that is no product.
    package var curve: Curve? {
        switch self {
        case .silu: .silu
        case .geluTanh: .geluTanh
        case .gelu: .gelu
        case .relu: .relu
        case .reluSquared: .reluSquared
        case .clampedSwish: nil
        }
    }

    /// gates = activation(gates) * ups; both [tokens, neurons].
    package func run(_ gates: MatrixView, multiplying ups: MatrixView) {
        switch self {
        case .silu: RowKernels.siluMultiply(gates, ups)
        case .geluTanh: RowKernels.geluMultiply(gates, ups)
        case .clampedSwish: RowKernels.clampedSwish(gates, ups)
        case .gelu, .relu, .reluSquared:
            run(gates)
            RowKernels.multiply(gates, ups)
        }
    }

    /// ups = activation(ups), [tokens, neurons].
    package func run(_ ups: MatrixView) {
        guard let curve else { preconditionFailure("\(self) has a gate") }
        RowKernels.activate(ups, curve)
    }
}
