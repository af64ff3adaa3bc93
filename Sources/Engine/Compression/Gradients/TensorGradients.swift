// Gradients of a layer's tensors, in the shapes they are stored in, and the two parts that every
// layer is made of on the way back: projections and norms.

import Model
import TensorMath

/// Gradients of one layer's tensors, summed over waves: shaped as a source reads them.
struct TensorGradients {
    private(set) var matrices: [String: MatrixView] = [:]

    /// Of a tensor, zeros where nothing has been added.
    mutating func matrix(_ name: String, _ context: BlockContext) throws -> MatrixView {
        if let found = matrices[name] { return found }
        let stored = try context.weights.source.weight(name)
        let made = MatrixView(rows: stored.rows, columns: stored.columns)
        matrices[name] = made
        return made
    }

    /// Of a vector, [1, n].
    mutating func vector(_ name: String, _ context: BlockContext) throws -> MatrixView {
        let matrix = try matrix(name, context)
        return matrix.reshaped(columns: matrix.rows * matrix.columns)
    }

    /// For y = x W' + b: dW += dy' x, db += the sum of dy.
    mutating func add(
        _ projection: ProjectionBlueprint, input: ProductFactor, output: MatrixView,
        factor: ProductFactor, _ context: BlockContext
    ) throws {
        let product = context.product
        let plane = projection.plane(of: try matrix(projection.tensor, context))
        let runs = projection.storedRuns
        if !projection.liesInColumns {
            for run in runs {
                try product.multiply(
                    factor.columns(run.outputs), input, transposingLeft: true,
                    into: plane.rows(run.places), accumulate: true)
            }
        } else if let run = runs.first, runs.count == 1 {
            try product.multiply(
                input, factor, transposingLeft: true, into: plane.columns(run.places),
                accumulate: true)
        } else {
            let own = context.scratch.matrix(rows: plane.rows, columns: output.columns)
            try product.multiply(input, factor, transposingLeft: true, into: own)
            for run in runs {
                RowKernels.add(plane.columns(run.places), own.columns(run.outputs))
            }
        }
        guard let bias = projection.bias else { return }
        let line = projection.biasLine(of: try matrix(bias, context))
        for run in runs {
            RowGradients.sumColumns(
                output.columns(run.outputs), addingTo: line.columns(run.places))
        }
    }
}

extension BlockContext {
    /// dL/dx of y = x W' + b is added to `result`, [tokens, inputs].
    ///
    /// - Parameters:
    ///   - input: x; asked for where its product is wanted.
    ///   - output: dL/dy.
    ///   - tensors: takes dL/dW and dL/db; nil where they are not wanted.
    func pull(
        _ projection: ProjectionBlueprint, _ input: () -> ProductFactor, _ output: MatrixView,
        _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        let factor = product.factor(output)
        let weight = product.factor(try weights.projection(projection))
        try product.multiply(factor, weight, into: result, accumulate: true)
        try tensors?.add(projection, input: input(), output: output, factor: factor, self)
    }

    /// dL/dx of y = norm(x) is added to `result`; where there is no norm, dL/dy itself.
    func pull(
        _ norm: NormBlueprint?, _ input: MatrixView, _ output: MatrixView,
        _ tensors: inout TensorGradients?, addingTo result: MatrixView
    ) throws {
        guard let norm else { return RowKernels.add(result, output) }
        let gain = try weights.vector(norm.tensor)
        let slopes = try tensors?.vector(norm.tensor, self)
        if norm.isCentred {
            let bias = try norm.bias.flatMap { try tensors?.vector($0, self) }
            RowGradients.layerNorm(
                input, gain: gain, epsilon: norm.epsilon, output: output, addingTo: result,
                gradients: slopes.map { ($0, bias) })
        } else {
            RowGradients.rmsNorm(
                input, gain: gain, gainOffset: norm.gainOffset, epsilon: norm.epsilon,
                output: output, addingTo: result, gainGradient: slopes)
        }
    }

    /// The slopes before a norm of the heads in the rows of `x`, [tokens, heads * headWidth].
    ///
    /// - Parameter x: what was normalised.
    func pullHeads(
        _ norm: NormBlueprint?, _ x: MatrixView?, _ output: MatrixView,
        _ tensors: inout TensorGradients?
    ) throws -> MatrixView {
        guard let norm, let x else { return output }
        let result = scratch.zeros(rows: output.rows, columns: output.columns)
        let slopes = try tensors?.vector(norm.tensor, self)
        let bias = try norm.bias.flatMap { try tensors?.vector($0, self) }
        RowGradients.normalise(
            x, groups: norm.group ?? norm.width, gain: try weights.vector(norm.tensor),
            gainOffset: norm.gainOffset, epsilon: norm.epsilon, isCentred: norm.isCentred,
            output: output, addingTo: result, gradients: slopes.map { ($0, bias) })
        return result
    }
}
