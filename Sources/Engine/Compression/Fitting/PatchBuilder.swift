// Writes computed projections into a patch: whole, or as rows gathered from several layers with the
// norm gains before them folded in. Fused tensors (Phi-3) are patched row range by row range.

import Model
import TensorMath

/// Fills the patch of one layer.
struct PatchBuilder {
    private let context: BlockContext
    private let layer: LayerBlueprint

    /// - Parameter layer: the one whose tensors are set.
    init(_ context: BlockContext, _ layer: LayerBlueprint) {
        self.context = context
        self.layer = layer
    }

    /// Tensors that have other shapes than those of `old` begin with zeros: all of them is set.
    func reshape(from old: LayerBlueprint, in patch: inout LayerPatch) {
        for (old, new) in zip(old.localTensors, layer.localTensors) where old.shape != new.shape {
            // A vector is a row.
            let rows = new.shape.count > 1 ? new.shape[0] : 1
            let matrix = MatrixView(rows: rows, columns: new.shape[new.shape.count - 1])
            matrix.fill(0)
            patch[new.name] = matrix
        }
    }

    /// Changes a tensor of the layer, as it is so far.
    private func change(
        _ fullName: String, in patch: inout LayerPatch, _ change: (MatrixView) -> Void
    ) throws {
        let name = layer.localName(fullName)
        let whole = try patch[name] ?? context.weights.source.weight(fullName).floats()
        change(whole)
        patch[name] = whole
    }

    /// - Parameter matrix: [outputs, inputs].
    func set(
        _ projection: ProjectionBlueprint, _ matrix: MatrixView, in patch: inout LayerPatch
    ) throws {
        try change(projection.tensor, in: &patch) { projection.write(matrix, to: $0) }
    }

    /// - Parameter bias: [1, outputs]; nil for none.
    func setBias(
        _ projection: ProjectionBlueprint, _ bias: MatrixView?, in patch: inout LayerPatch
    ) throws {
        guard let name = projection.bias, let bias else { return }
        try change(name, in: &patch) {
            projection.writeBias(bias, to: $0.reshaped(columns: $0.rows * $0.columns))
        }
    }

    /// One number of a vector.
    func set(
        _ vector: String, at index: Int, to value: Float, in patch: inout LayerPatch
    ) throws {
        try change(vector, in: &patch) {
            $0.reshaped(columns: $0.rows * $0.columns)[0, index] = value
        }
    }

    /// Sum of the biases of several projections, [1, outputs]; nil where they have none.
    static func biasSum(
        _ projections: [ProjectionBlueprint], _ context: BlockContext
    ) throws -> MatrixView? {
        var sum: MatrixView?
        for projection in projections {
            guard let bias = try context.weights.bias(projection) else { continue }
            let total = sum ?? MatrixView(rows: 1, columns: bias.columns)
            RowKernels.addBias(total, bias)
            sum = total
        }
        return sum
    }

    /// Output projections of several layers as start weights [sum of inputs, outputs].
    ///
    /// - Parameter factors: what the outputs of one are multiplied with, [1, outputs]; nil: 1.
    static func stacked(
        _ projections: [ProjectionBlueprint], _ context: BlockContext,
        factors: (_ index: Int) throws -> MatrixView? = { _ in nil }
    ) throws -> DoubleMatrix {
        let parts = try projections.enumerated().map { index, projection in
            let matrix = try context.weights.projection(projection).floats()
            if let factors = try factors(index) {
                RowKernels.scale(matrix, rowsBy: factors.row(0))
            }
            return matrix.transposedDoubles
        }
        return DoubleMatrix(
            rows: parts.reduce(0) { $0 + $1.rows }, columns: parts[0].columns,
            values: parts.flatMap(\.values))
    }

    /// Gathers groups of rows, numbered through all layers, each multiplied by its layer's norm
    /// gains, so that a norm of gain 1 can stand before them.
    func gather(
        _ projections: [ProjectionBlueprint], norms: [NormBlueprint?], groups: [Int],
        rowsPerGroup: Int, into own: ProjectionBlueprint, _ patch: inout LayerPatch
    ) throws {
        let perLayer = projections[0].rows.count / rowsPerGroup
        let matrix = MatrixView(rows: own.rows.count, columns: own.inputs)
        var biases: MatrixView?
        for (layer, projection) in projections.enumerated() {
            let chosen = groups.indices.filter { groups[$0] / perLayer == layer }
            guard !chosen.isEmpty else { continue }
            let weight = try withGains(projection, norms[layer])
            let bias = try self.bias(projection, behind: norms[layer])
            for place in chosen {
                let from = groups[place] % perLayer * rowsPerGroup
                let to = place * rowsPerGroup
                matrix.rows(to..<to + rowsPerGroup).assign(weight.rows(from..<from + rowsPerGroup))
                if let bias {
                    let all = biases ?? MatrixView(rows: 1, columns: own.rows.count)
                    all.columns(to..<to + rowsPerGroup).assign(
                        bias.columns(from..<from + rowsPerGroup))
                    biases = all
                }
            }
        }
        try set(own, matrix, in: &patch)
        try setBias(own, biases, in: &patch)
    }

    /// The projection's bias with what the norm's own gives behind it, [1, outputs].
    func bias(
        _ projection: ProjectionBlueprint, behind norm: NormBlueprint?
    ) throws -> MatrixView? {
        let own = try context.weights.bias(projection)
        guard let name = norm?.bias else { return own }
        let sum = MatrixView(rows: 1, columns: projection.rows.count)
        sum.assignProduct(
            try context.weights.vector(name),
            try context.weights.projection(projection).floats(), transposingRight: true)
        if let own { RowKernels.add(sum, own) }
        return sum
    }

    /// W diag(gain), [outputs, inputs].
    func withGains(
        _ projection: ProjectionBlueprint, _ norm: NormBlueprint?
    ) throws -> MatrixView {
        let weight = try context.weights.projection(projection).floats()
        guard let norm else { return weight }
        RowKernels.multiply(
            weight, gain: try context.weights.vector(norm.tensor), gainOffset: norm.gainOffset)
        return weight
    }

    /// A norm that only normalises.
    func neutralise(_ norm: NormBlueprint?, in patch: inout LayerPatch) {
        guard let norm else { return }
        let gains = MatrixView(rows: 1, columns: norm.width)
        gains.fill(1 - norm.gainOffset)
        patch[layer.localName(norm.tensor)] = gains
        if let bias = norm.bias {
            patch[layer.localName(bias)] = MatrixView(rows: 1, columns: norm.width)
        }
    }
}
