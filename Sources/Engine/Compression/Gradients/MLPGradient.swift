// Back-propagation through an MLP, with a gate or without.

import Model
import TensorMath

extension MLPBlueprint {
    /// What the way back reads of the way forwards; all [tokens, neurons] but the input.
    struct Trace {
        fileprivate let input: ProductFactor
        fileprivate let gates: MatrixView?
        fileprivate let ups: MatrixView
        /// The input of `down`.
        let neurons: MatrixView
    }

    /// - Parameter x: normalised stream, [tokens, hidden]; stays as it is while the trace lives.
    func trace(_ x: MatrixView, context: BlockContext) throws -> Trace {
        let scratch = context.scratch
        let ups = scratch.matrix(rows: x.rows, columns: neuronCount)
        try context.project(x, up, into: ups)
        let input = context.product.factor(x)
        guard let gate else {
            let neurons = scratch.copy(ups)
            activation.run(neurons)
            return Trace(input: input, gates: nil, ups: ups, neurons: neurons)
        }
        let gates = scratch.matrix(rows: x.rows, columns: neuronCount)
        try context.project(x, gate, into: gates)
        let neurons = scratch.copy(gates)
        activation.run(neurons, multiplying: ups)
        return Trace(input: input, gates: gates, ups: ups, neurons: neurons)
    }

    /// dL/dx is added to `result`, [tokens, hidden].
    ///
    /// - Parameters:
    ///   - output: dL/d(what `down` gives), [tokens, hidden].
    ///   - trace: used up.
    ///   - tensors: takes the gradients of the MLP's tensors; nil where none are wanted.
    func pull(
        _ output: MatrixView, through trace: consuming Trace, context: BlockContext,
        tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        let (input, gates, ups, neurons) = (trace.input, trace.gates, trace.ups, trace.neurons)
        let slopes = context.scratch.zeros(rows: output.rows, columns: neuronCount)
        try context.pull(
            down, { context.product.factor(neurons) }, output, &tensors, addingTo: slopes)
        activation.pull(gates: gates, ups: ups, output: slopes)
        if let gate, let gates {
            try context.pull(gate, { input }, gates, &tensors, addingTo: result)
        }
        try context.pull(up, { input }, ups, &tensors, addingTo: result)
    }
}

extension Activation {
    /// Gates and ups become dL/dgates and dL/dups; all [tokens, neurons].
    ///
    /// - Parameter output: dL/d(neurons).
    fileprivate func pull(gates: MatrixView?, ups: MatrixView, output: MatrixView) {
        switch (self, gates) {
        case (.silu, let gates?): RowGradients.siluMultiply(gate: gates, up: ups, output: output)
        case (.geluTanh, let gates?):
            RowGradients.geluMultiply(gate: gates, up: ups, output: output)
        case (.clampedSwish, let gates?):
            RowGradients.clampedSwish(gate: gates, up: ups, output: output)
        default:
            guard let curve else { preconditionFailure("\(self) has a gate") }
            if let gates {
                RowGradients.multiply(curve, gate: gates, up: ups, output: output)
            } else {
                RowGradients.curve(curve, up: ups, output: output)
            }
        }
    }
}
