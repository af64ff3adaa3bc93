// Where a layer's inputs may be divided by scales: a norm or a projection that makes them, and the
// weights that read them.

import Model
import TensorMath

/// What is divided, and what is multiplied in return.
struct ScalingPair {
    enum Before {
        case norm(NormBlueprint)
        case projection(ProjectionBlueprint)
    }

    let before: Before
    /// Where the weights read.
    let place: LayerSite.Place
    /// Weights that will be rounded, each whole.
    let after: [ProjectionBlueprint]
    /// Weights that read the same and stay dense.
    var dense: [ProjectionBlueprint] = []
    /// Number of the scale of each input: query heads that share a key-value head share scales.
    let scaleOfInput: [Int]

    private init(
        _ before: Before, _ site: LayerSite, dense: [ProjectionBlueprint] = [],
        scaleOfInput: [Int]? = nil
    ) {
        self.before = before
        place = site.place
        after = site.weights
        self.dense = dense
        self.scaleOfInput = scaleOfInput ?? Array(0..<site.inputs)
    }

    var scaleCount: Int { (scaleOfInput.max() ?? -1) + 1 }

    /// Means over the inputs that share a scale.
    func pooled(_ values: [Double]) -> [Double] {
        var sums = [Double](repeating: 0, count: scaleCount)
        var counts = sums
        for (input, scale) in scaleOfInput.enumerated() {
            sums[scale] += values[input]
            counts[scale] += 1
        }
        return zip(sums, counts).map { $0 / $1 }
    }

    /// A scale for each input, [1, inputs].
    func spread(_ scales: [Float]) -> MatrixView {
        MatrixView(rows: 1, columns: scaleOfInput.count, values: scaleOfInput.map { scales[$0] })
    }

    // MARK: Of a layer

    /// Norm to queries, keys and values; values to the output projection. Of latent attention norm
    /// to latents.
    static func ofMixer(_ layer: LayerBlueprint, includingProjections: Bool) -> [ScalingPair] {
        let sites = layer.mixerSites
        guard !sites.isEmpty else { return [] }
        let norm = layer.inputNorm.map { ScalingPair(.norm($0), sites[0]) }
        // What is clipped is no multiple of what was made.
        guard includingProjections, case .attention(let attention) = layer.mixer,
            attention.clip == nil
        else { return [norm].compactMap { $0 } }
        let width = attention.headWidth
        let sharing = attention.heads / attention.keyValueHeads
        return [
            norm,
            ScalingPair(
                .projection(attention.value), sites[1],
                scaleOfInput: (0..<attention.heads * width).map {
                    $0 / width / sharing * width + $0 % width
                }),
        ].compactMap { $0 }
    }

    /// Norm to gate and up, of all experts and their router; up to down.
    static func ofFeedForward(
        _ layer: LayerBlueprint, includingProjections: Bool
    ) -> [ScalingPair] {
        let sites = layer.feedForwardSites
        switch layer.feedForward {
        case .absent: return []
        case .mlp(let mlp):
            let norm = layer.feedForwardNorm.map { ScalingPair(.norm($0), sites[0]) }
            // Without a gate a curve lies between up and down: no scale passes it.
            let neurons = mlp.gate.map { _ in ScalingPair(.projection(mlp.up), sites[1]) }
            return [norm, includingProjections ? neurons : nil].compactMap { $0 }
        case .experts(let experts):
            let perceptrons = experts.experts + (experts.shared.map { [$0] } ?? [])
            let all = LayerSite(.feedForward, perceptrons.flatMap(\.readers))
            let dense = [experts.router, experts.sharedGate].compactMap { $0 }
            let norm = layer.feedForwardNorm.map { ScalingPair(.norm($0), all, dense: dense) }
            guard includingProjections else { return [norm].compactMap { $0 } }
            return [norm].compactMap { $0 }
                + experts.experts.enumerated().map { index, expert in
                    ScalingPair(.projection(expert.up), sites[2 * index + 1])
                }
                + (experts.shared.map {
                    [ScalingPair(.projection($0.up), sites[2 * experts.experts.count + 1])]
                } ?? [])
        }
    }
}

extension LayerDraft {
    /// Divides what makes the inputs of a pair by scales, and multiplies what reads them.
    ///
    /// A norm's gains are rounded to their format first, and what reads them makes up for it.
    func scale(_ pair: ScalingPair, by scales: [Float]) throws {
        var scales = MatrixView(rows: 1, columns: scales.count, values: scales)
        switch pair.before {
        case .norm(let norm):
            let gains = try vector(norm.tensor)
            let divided = MatrixView(rows: 1, columns: gains.columns)
            for index in 0..<gains.columns {
                divided[0, index] =
                    (gains[0, index] + norm.gainOffset) / scales[0, index] - norm.gainOffset
            }
            var stored = try setDense(norm.tensor, divided)
            // A gain that rounds to nothing would cut its input off: it stays as it was.
            let lost = (0..<gains.columns).filter {
                stored[0, $0] + norm.gainOffset == 0 && gains[0, $0] + norm.gainOffset != 0
            }
            if !lost.isEmpty {
                for index in lost { divided[0, index] = gains[0, index] }
                stored = try setDense(norm.tensor, divided)
            }
            let exact = MatrixView(rows: 1, columns: gains.columns)
            for index in 0..<gains.columns {
                let (old, new) = (
                    gains[0, index] + norm.gainOffset, stored[0, index] + norm.gainOffset
                )
                exact[0, index] = new == 0 ? 1 : old / new
            }
            scales = exact
            if let name = norm.bias {
                let bias = try vector(name)
                RowKernels.divide(bias, by: scales)
                try setDense(name, bias)
            }
        case .projection(let projection):
            let weight = try weight(projection)
            for row in 0..<weight.rows {
                RowKernels.scale(weight.rows(row..<row + 1), by: 1 / scales[0, row])
            }
            try set(projection, weight)
            if let name = projection.bias {
                let bias = try vector(name)
                let own = bias.columns(projection.rows)
                RowKernels.divide(own, by: scales)
                try setDense(name, bias)
            }
        }
        let factors = pair.spread(scales.row(0))
        for projection in pair.after {
            let weight = try weight(projection)
            RowKernels.multiply(weight, gain: factors, gainOffset: 0)
            try set(projection, weight)
        }
        for projection in pair.dense {
            let weight = try weight(projection)
            RowKernels.multiply(weight, gain: factors, gainOffset: 0)
            try setDense(projection.tensor, weight)
        }
    }
}
