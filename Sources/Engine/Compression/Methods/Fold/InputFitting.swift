// Lets a layer read a stream it was not trained on. In a fold all layers of a stretch get the same
// input x, and layers behind a fold get a stream that has drifted. The linear map M that takes the
// normalised stream they get nearest to the one they got in the original,
//     M = argmin |n(x) M - n(h)|^2 + mu |M - I|^2,
// goes into the projections that read it: W diag(gain) M'. It costs no size.

import Model
import TensorMath

/// Sums over waves what the maps of a stretch's layers are fitted from, [width, layers * width];
/// the input is the same for all.
struct InputFitting {
    private var sums: GramAccumulator
    private let width: Int
    /// Ones, [1, width].
    private let gains: MatrixView

    init(layers: Int, width: Int) {
        sums = GramAccumulator(features: width, targets: layers * width)
        self.width = width
        gains = MatrixView(rows: 1, columns: width)
        gains.fill(1)
    }

    /// - Parameters:
    ///   - stream: what all layers will get, [tokens, width].
    ///   - wanted: what each got in the original.
    mutating func add(
        _ stream: MatrixView, wanted: [MatrixView], norms: [NormBlueprint?],
        to part: GramAccumulator.Part, context: BlockContext
    ) throws {
        let scratch = context.scratch
        let given = scratch.matrix(rows: stream.rows, columns: width)
        normalise(stream, norms[0], into: given)
        let targets = scratch.matrix(rows: stream.rows, columns: wanted.count * width)
        for (index, state) in wanted.enumerated() {
            let target = targets.columns(index * width..<(index + 1) * width)
            normalise(state, norms[index], into: target)
            target.subtract(given)
        }
        try sums.add(features: given, targets: targets, to: part, by: context.product)
    }

    private func normalise(_ x: MatrixView, _ norm: NormBlueprint?, into out: MatrixView) {
        guard let norm else { return out.assign(x) }
        if norm.isCentred {
            RowKernels.layerNorm(x, gain: gains, bias: nil, epsilon: norm.epsilon, into: out)
        } else {
            RowKernels.rmsNorm(x, gain: gains, gainOffset: 0, epsilon: norm.epsilon, into: out)
        }
    }

    /// M of each layer, [width, width].
    mutating func maps(_ ridge: Ridge) throws -> [MatrixView] {
        let zero = DoubleMatrix(rows: width, columns: sums.targets)
        let lambda = ridge.share(of: sums, start: zero)
        let (gram, cross) = sums.take()
        let steps = try LeastSquares.ridge(gram: gram, cross: cross, start: zero, lambda: lambda)
        return (0..<cross.columns / width).map { layer in
            let map = MatrixView(rows: width, columns: width)
            for row in 0..<width {
                for column in 0..<width {
                    map[row, column] =
                        Float(steps[row, layer * width + column]) + (row == column ? 1 : 0)
                }
            }
            return map
        }
    }
}

extension PatchBuilder {
    /// Projections that read `norm` read it through `map` from now on: W diag(gain) map', and a
    /// norm of gain 1.
    func redirect(
        _ projections: [ProjectionBlueprint], norm: NormBlueprint?, through map: MatrixView,
        in patch: inout LayerPatch
    ) throws {
        let product = try MatrixProduct(mode: .float32)
        let weight = WeightMatrix(map, as: .f32)
        for projection in projections {
            let scaled = try withGains(projection, norm)
            let mapped = MatrixView(rows: scaled.rows, columns: scaled.columns)
            try product.multiply(scaled, weight, into: mapped)
            try set(projection, mapped, in: &patch)
            if norm?.bias != nil {
                try setBias(projection, bias(projection, behind: norm), in: &patch)
            }
        }
        neutralise(norm, in: &patch)
    }
}
