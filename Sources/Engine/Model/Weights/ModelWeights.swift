// The weights of a blueprint, read from a checkpoint: projections as views into mapped memory,
// gains and biases as small float rows.

package import Schemes
package import TensorMath

/// Where weights come from: a checkpoint on disk, or tensors that a fold has just made.
package protocol WeightSource: AnyObject {
    /// The stored matrix [rows, columns]; a vector [n] reads as [1, n], [d, 1, k] as [d, k].
    func weight(_ name: String) throws -> WeightMatrix
    /// The tensors will be read soon.
    func prefetch(_ names: [String])
    /// The tensors will not be read again soon.
    func release(_ names: [String])
    /// What the inputs of products with the weight are rounded to.
    func activations(_ name: String) -> ActivationScheme
    /// Bytes that these tensors take in memory of the source's own while they are read, beside
    /// mapped files.
    func ownByteCount(_ tensors: [ExpectedTensor]) -> Int
}

extension WeightSource {
    package func activations(_ name: String) -> ActivationScheme { .none }
    package func ownByteCount(_ tensors: [ExpectedTensor]) -> Int { 0 }
}

/// A blueprint with its source: hands blocks what they multiply with.
package struct ModelWeights {
    package let blueprint: ModelBlueprint
    package let source: any WeightSource
    private let formed = FormedWeights()

    package init(blueprint: ModelBlueprint, source: any WeightSource) {
        self.blueprint = blueprint
        self.source = source
    }

    package func projection(_ projection: ProjectionBlueprint) throws -> WeightMatrix {
        formed.rows(of: projection, in: try source.weight(projection.tensor))
    }

    /// The tensors of a layer will not be read again soon.
    package func release(_ layer: LayerBlueprint) {
        let names = layer.tensors.map(\.name)
        formed.release(names)
        source.release(names)
    }

    /// Bytes of memory of its own that a pass from layer to layer takes for this source: weights of
    /// a layer, those around the layers, and inputs that are rounded.
    ///
    /// - Parameter tokens: that go through a product at once, at the most.
    package func heldByteCount(tokens: Int) -> Int {
        let weights =
            blueprint.layers.map { layer in
                source.ownByteCount(layer.tensors)
                    + layer.multiplied.reduce(0) { $0 + $1.formedByteCount }
            }.max() ?? 0
        let rounded =
            blueprint.layers.flatMap(\.projections)
            .filter { source.activations($0.tensor) != .none }.map(\.inputs).max() ?? 0
        return weights + source.ownByteCount(blueprint.tensorsAround) + 4 * tokens * rounded
    }

    /// The bias row [1, outputs] of a projection, if it has one.
    package func bias(_ projection: ProjectionBlueprint) throws -> MatrixView? {
        guard let name = projection.bias else { return nil }
        return projection.bias(of: try vector(name))
    }

    /// A stored vector as [1, n] floats.
    package func vector(_ name: String) throws -> MatrixView {
        let stored = try source.weight(name)
        let floats = stored.floats()
        return MatrixView(
            storage: floats.storage, offset: 0, rows: 1, columns: stored.rows * stored.columns,
            stride: stored.rows * stored.columns)
    }
}

/// What the blocks of a layer share: the products, the weights and the scratch.
package struct BlockContext {
    package let product: MatrixProduct
    package let weights: ModelWeights
    /// Serves layer after layer and wave after wave.
    package let scratch = MatrixPool()

    package init(product: MatrixProduct, weights: ModelWeights) {
        self.product = product
        self.weights = weights
    }

    /// output (+)= input W^T (+ bias).
    package func project(
        _ input: MatrixView, _ projection: ProjectionBlueprint, into output: MatrixView,
        accumulate: Bool = false
    ) throws {
        // Codes times scales are no bf16: runtimes multiply the codes, and scale the sums in f32.
        let scheme = weights.source.activations(projection.tensor)
        try product.multiply(
            rounded(input, as: scheme), weights.projection(projection), into: output,
            accumulate: accumulate, exactly: scheme != .none)
        if let bias = try weights.bias(projection) { RowKernels.addBias(output, bias) }
    }

    /// What a runtime of the model's scheme multiplies with; the input itself where it rounds
    /// nothing.
    private func rounded(_ input: MatrixView, as scheme: ActivationScheme) -> MatrixView {
        guard scheme != .none else { return input }
        let result = scratch.matrix(rows: input.rows, columns: input.columns)
        scheme.round(input, into: result)
        return result
    }

    /// Rows of a matrix, in a matrix of their own.
    package func gather(_ rows: [Int], of x: MatrixView) -> MatrixView {
        let gathered = scratch.matrix(rows: rows.count, columns: x.columns)
        for (index, row) in rows.enumerated() {
            gathered.rows(index..<index + 1).assign(x.rows(row..<row + 1))
        }
        return gathered
    }

    /// out = norm(x), or x where there is no norm.
    package func normalise(_ x: MatrixView, _ norm: NormBlueprint?, into out: MatrixView) throws {
        guard let norm else { return out.assign(x) }
        let gain = try weights.vector(norm.tensor)
        if norm.isCentred {
            RowKernels.layerNorm(
                x, gain: gain, bias: try norm.bias.map { try weights.vector($0) },
                epsilon: norm.epsilon, into: out)
        } else {
            RowKernels.rmsNorm(
                x, gain: gain, gainOffset: norm.gainOffset, epsilon: norm.epsilon, into: out)
        }
    }

    /// norm(x), or x itself where there is none.
    package func normalised(_ x: MatrixView, _ norm: NormBlueprint?) throws -> MatrixView {
        guard let norm else { return x }
        let result = scratch.matrix(rows: x.rows, columns: x.columns)
        try normalise(x, norm, into: result)
        return result
    }

    /// A norm of the heads in the rows of `x`, [tokens, heads * headWidth], in place: of each by
    /// itself, or of all together.
    func normaliseHeads(_ x: MatrixView, _ norm: NormBlueprint) throws {
        RowKernels.normalise(
            x, groups: norm.group ?? norm.width, gain: try weights.vector(norm.tensor),
            bias: try norm.bias.map { try weights.vector($0) },
            gainOffset: norm.gainOffset, epsilon: norm.epsilon, isCentred: norm.isCentred)
    }
}
