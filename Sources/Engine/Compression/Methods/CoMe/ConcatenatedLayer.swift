// The weights of a layer that is concatenated from channels of two: rows of the projections that
// read the stream, columns of those that write to it, means of the norms, sums of output biases.

import Foundation
import Model
import TensorMath

/// The attention and MLP of a layer whose channels can stand beside another's.
struct ConcatenatedPart {
    let attention: AttentionBlueprint
    let gated: MLPBlueprint

    /// nil where the mixer is no attention, the feed-forward has experts, or both are parallel.
    init?(_ layer: LayerBlueprint) {
        guard case .attention(let attention) = layer.mixer,
            case .mlp(let gated) = layer.feedForward, !layer.isParallel
        else { return nil }
        self.attention = attention
        self.gated = gated
    }

    /// Norms inside the heads are averaged, as all norms are; the rest must agree.
    func joins(_ other: ConcatenatedPart) -> Bool {
        var (first, second) = (attention, other.attention)
        for keyPath in [\AttentionBlueprint.queryNorm, \.keyNorm] {
            guard (first[keyPath: keyPath] == nil) == (second[keyPath: keyPath] == nil) else {
                return false
            }
            first[keyPath: keyPath] = nil
            second[keyPath: keyPath] = nil
        }
        return first.sharesGroups(with: second) && gated.down.inputs == other.gated.down.inputs
            && gated.activation == other.gated.activation
            && gated.readers.count == other.gated.readers.count
    }
}

/// Two layers as one: every tensor has the shape that it has in each of them.
struct ConcatenatedLayer {
    let layers: [LayerBlueprint]
    let parts: [ConcatenatedPart]
    let context: BlockContext

    /// Every tensor of the new layer.
    ///
    /// - Parameters:
    ///   - neurons: kept MLP neurons of both layers.
    ///   - groups: kept key-value groups of both.
    func patch(neurons: [[Int]], groups: [[Int]]) throws -> LayerPatch {
        var patch = LayerPatch()
        let attention = parts[0].attention
        let queries = attention.heads / attention.keyValueHeads * attention.headWidth
        let queryRows = groups.map { Self.spread($0, queries) }
        let keyRows = groups.map { Self.spread($0, attention.headWidth) }
        try gather(\.attention.query, rows: queryRows, &patch)
        try gather(\.attention.key, rows: keyRows, &patch)
        try gather(\.attention.value, rows: keyRows, &patch)
        try gather(\.attention.output, columns: queryRows, &patch)
        for reader in parts[0].gated.readers.indices {
            try gather(\.gated.readers[reader], rows: neurons, &patch)
        }
        try gather(\.gated.down, columns: neurons, &patch)
        try averageNorms(&patch)
        return patch
    }

    private static func spread(_ groups: [Int], _ width: Int) -> [Int] {
        groups.flatMap { $0 * width..<($0 + 1) * width }
    }

    private func gather(
        _ path: KeyPath<ConcatenatedPart, ProjectionBlueprint>, rows: [[Int]],
        _ patch: inout LayerPatch
    ) throws {
        let own = parts[0][keyPath: path]
        let matrix = MatrixView(rows: own.rows.count, columns: own.inputs)
        var bias: MatrixView?
        var place = 0
        for (part, chosen) in zip(parts, rows) {
            let projection = part[keyPath: path]
            let weight = try context.weights.projection(projection).floats()
            let added = try context.weights.bias(projection)
            for row in chosen {
                matrix.rows(place..<place + 1).assign(weight.rows(row..<row + 1))
                if let added {
                    let all = bias ?? MatrixView(rows: 1, columns: own.rows.count)
                    all[0, place] = added[0, row]
                    bias = all
                }
                place += 1
            }
        }
        precondition(place == own.rows.count, "as many channels as one layer has")
        let builder = PatchBuilder(context, layers[0])
        try builder.set(own, matrix, in: &patch)
        try builder.setBias(own, bias, in: &patch)
    }

    private func gather(
        _ path: KeyPath<ConcatenatedPart, ProjectionBlueprint>, columns: [[Int]],
        _ patch: inout LayerPatch
    ) throws {
        let own = parts[0][keyPath: path]
        let matrix = MatrixView(rows: own.rows.count, columns: own.inputs)
        var place = 0
        for (part, chosen) in zip(parts, columns) {
            let weight = try context.weights.projection(part[keyPath: path]).floats()
            for column in chosen {
                matrix.columns(place..<place + 1).assign(weight.columns(column..<column + 1))
                place += 1
            }
        }
        precondition(place == own.inputs, "as many channels as one layer has")
        let builder = PatchBuilder(context, layers[0])
        try builder.set(own, matrix, in: &patch)
        // The outputs of both parts add up, so their biases do.
        try builder.setBias(
            own, try PatchBuilder.biasSum(parts.map { $0[keyPath: path] }, context), in: &patch)
    }

    private func averageNorms(_ patch: inout LayerPatch) throws {
        func norms(_ index: Int) -> [NormBlueprint?] {
            let layer = layers[index]
            let attention = parts[index].attention
            return [
                layer.inputNorm, layer.postMixerNorm, layer.feedForwardNorm,
                layer.postFeedForwardNorm, attention.queryNorm, attention.keyNorm,
            ]
        }
        for case (let first?, let second?) in zip(norms(0), norms(1)) {
            try average(first.tensor, second.tensor, &patch)
            if let own = first.bias, let other = second.bias { try average(own, other, &patch) }
        }
    }

    private func average(_ own: String, _ other: String, _ patch: inout LayerPatch) throws {
        let mean = try context.weights.vector(own)
        RowKernels.add(mean, try context.weights.vector(other))
        RowKernels.scale(mean, by: 0.5)
        patch[layers[0].localName(own)] = mean
    }
}

/// Sizes of channels and of their weights.
enum ChannelWeights {
    static func cosine(_ x: [Float], _ y: [Float]) -> Double {
        var (dot, first, second) = (0.0, 0.0, 0.0)
        for (a, b) in zip(x, y) {
            dot += Double(a) * Double(b)
            first += Double(a) * Double(a)
            second += Double(b) * Double(b)
        }
        return first > 0 && second > 0 ? dot / (first * second).squareRoot() : 0
    }

    static func angle(_ cosine: Double) -> Double { acos(min(1, max(-1, cosine))) }

    /// sum over rows of |weight|, for each column.
    static func columnSizes(_ weight: WeightMatrix) -> [Double] {
        var sizes = [Double](repeating: 0, count: weight.columns)
        addSizes(of: weight.floats(), to: &sizes)
        return sizes
    }

    /// Adds |x| of every row.
    static func addSizes(of matrix: MatrixView, to sums: inout [Double]) {
        for row in 0..<matrix.rows {
            for (column, value) in matrix.row(row).enumerated() {
                sums[column] += Double(abs(value))
            }
        }
    }
}
