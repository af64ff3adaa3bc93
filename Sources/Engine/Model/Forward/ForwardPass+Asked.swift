// A forward pass of which only some tokens are asked for: beginnings that sequences share are
// computed once, and of the last layer nothing but the asked tokens and the keys they look at.

package import TensorMath

/// How a batch goes through the layers where only some of its tokens are asked for.
package struct AskedPass {
    /// As they are computed: the batch's own, or fewer where sequences begin alike.
    private let forest: TextForest?
    private let batch: PackedSequences
    /// Row of each asked token among those that are computed, in the order they were asked for.
    private let rows: [Int]
    private let forward: ForwardPass

    /// One token in as many or fewer is asked for by itself.
    private static let askedShare = 8

    /// - Parameter asked: tokens of the batch, in any order.
    package init(_ forward: ForwardPass, _ batch: PackedSequences, asked: [Int]) {
        self.forward = forward
        self.batch = batch
        let ranges = batch.ranges.filter { !$0.isEmpty }
        let shared =
            forward.sharesBeginnings
            && !forward.blueprint.rotaries.contains { $0.dependsOnLength }
        let forest = TextForest(
            ranges.map { Array(batch.tokens[$0]) }, sharesBeginnings: shared)
        // Keys and values of all tokens are kept then: never more than the stream is smaller by.
        let width = forward.blueprint.hiddenWidth
        let fits =
            forest.tokens.count * (width + 2 * forward.keyWidthMax) <= batch.tokens.count * width
        self.forest = shared && fits ? forest : nil
        guard let forest = self.forest else {
            rows = asked
            return
        }
        rows = asked.map { token in
            // The last sequence that begins at the token or before it.
            var (low, high) = (0, ranges.count)
            while high - low > 1 {
                let middle = (low + high) / 2
                if ranges[middle].lowerBound <= token { low = middle } else { high = middle }
            }
            return forest.row(text: low, position: token - ranges[low].lowerBound)
        }
    }

    /// Tokens that go through all layers but the last.
    package var computedTokens: Int { forest?.tokens.count ?? batch.tokens.count }

    /// Floating point operations of the pass.
    package var operations: Double {
        let blueprint = forward.blueprint
        let load = TokenLoad(lengths: batch.ranges.map(\.count), computed: computedTokens)
        guard let last = blueprint.layers.last else { return 0 }
        let share = Double(Set(rows).count) / Double(max(1, computedTokens))
        let asked = load * (share * Double(Self.askedShare) < 1 ? share : 1)
        return blueprint.operations(load) - last.operations(load)
            + last.operations(load, asked: asked)
    }

    /// Runs all layers.
    ///
    /// - Parameter atBoundary: sees the asked rows of the residual stream, [asked, hidden], after
    ///   the embedding (0) and after each layer (1...L), before the final norm.
    package func run(
        observer: some WorkObserver,
        atBoundary: (_ boundary: Int, _ rows: MatrixView) throws -> Void
    ) throws {
        let blueprint = forward.blueprint
        let stream = try forest.map(forward.embed) ?? forward.embed(batch)
        let waves = try self.waves()
        try atBoundary(0, Self.gather(rows, of: stream))
        let last = blueprint.layers.count - 1
        guard last >= 0 else { return }
        try forward.run(layers: 0..<last, stream: stream, waves: waves, observer: observer) {
            try atBoundary($0 + 1, Self.gather(rows, of: $1))
        }
        let final = Self.gather(rows, of: stream)
        let context = BlockContext(
            product: try MatrixProduct(mode: forward.mode), weights: forward.weights)
        let wanted = rows.enumerated().sorted { $0.element < $1.element }
        var next = wanted.startIndex
        for wave in waves {
            try observer.checkpoint()
            let end = wanted[next...].firstIndex { $0.element >= wave.tokens.upperBound }
            let asking = wanted[next..<(end ?? wanted.endIndex)]
            next = asking.endIndex
            let distinct = asking.map(\.element).reduce(into: [Int]()) {
                if $0.last != $1 { $0.append($1) }
            }
            let result = try rows(
                distinct.map { $0 - wave.tokens.lowerBound }, behind: blueprint.layers[last],
                stream.rows(wave.tokens), wave.layout, context)
            var row = 0
            for (place, token) in asking {
                if distinct[row] != token { row += 1 }
                final.rows(place..<place + 1).assign(result.rows(row..<row + 1))
            }
        }
        forward.weights.release(blueprint.layers[last])
        try atBoundary(last + 1, final)
    }

    /// The asked tokens behind a layer. A query by itself is slower than one of many.
    private func rows(
        _ asked: [Int], behind layer: LayerBlueprint, _ stream: MatrixView, _ layout: WaveLayout,
        _ context: BlockContext
    ) throws -> MatrixView {
        if asked.count * Self.askedShare < stream.rows {
            return try layer.run(at: asked, of: stream, layout: layout, context: context)
        }
        try layer.run(stream, layout: layout, context: context)
        return context.gather(asked, of: stream)
    }

    private func waves() throws -> [ForwardPass.Wave] {
        guard let forest else {
            return try batch.waves(limit: forward.waveTokens).map {
                try ForwardPass.Wave($0, batch, forward.blueprint)
            }
        }
        return forward.waves(forest, length: batch.longest)
    }

    private static func gather(_ rows: [Int], of stream: MatrixView) -> MatrixView {
        let gathered = MatrixView(rows: rows.count, columns: stream.columns)
        for (index, row) in rows.enumerated() {
            gathered.rows(index..<index + 1).assign(stream.rows(row..<row + 1))
        }
        return gathered
    }
}

extension RotaryBlueprint {
    /// Whether texts of different lengths are rotated by different frequencies.
    var dependsOnLength: Bool {
        switch scaling {
        case .dynamic, .longrope: true
        case .none, .linear, .llama3, .yarn: false
        }
    }
}
