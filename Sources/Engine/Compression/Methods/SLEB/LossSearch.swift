// Which layers go, by measured loss: SLEB (Song et al. 2024, arXiv 2402.09025), greedily the layer
// without which the loss on calibration text is least; and, beyond it, exchanges of one for one.

package import Model
package import TensorMath

/// Searches by the mean loss in nats per predicted token.
package struct LossSearch {
    private let weights: ModelWeights
    private let mode: ComputeMode
    private let batch: PackedSequences

    /// - Parameter batch: sequences of two tokens or more, whose next tokens are predicted.
    package init(weights: ModelWeights, mode: ComputeMode, batch: PackedSequences) {
        self.weights = weights
        self.mode = mode
        self.batch = batch
    }

    /// Bytes held beside the weights: the streams before, inside and after a candidate.
    package static func streamByteCount(tokens: Int, width: Int) -> Int { 3 * 4 * tokens * width }

    /// Of `order`: in each round all layers behind each candidate, and the loss.
    package static func orderWork(
        _ blueprint: ModelBlueprint, removing count: Int, tokens: PackedSequences
    ) -> Work {
        let load = TokenLoad(tokens)
        let layer = blueprint.meanLayerOperations(load)
        let head = blueprint.headOperations(load.tokens)
        let rounds = (0..<count).map { Double(blueprint.layers.count - $0) }
        return Work(
            operations: rounds.reduce(blueprint.operations(load) + head) {
                $0 + $1 * ($1 + 1) / 2 * layer + $1 * head
            })
    }

    /// Of `exchanged`, if one exchange in two rounds is worth it.
    package static func exchangeWork(
        _ blueprint: ModelBlueprint, keeping count: Int, tokens: PackedSequences
    ) -> Work {
        let load = TokenLoad(tokens)
        let (layers, kept) = (Double(blueprint.layers.count), Double(count))
        let tails = (layers - kept) * kept
        let tail = blueprint.meanLayerOperations(load) * kept / 2
        let rounds = max(1, (layers - kept) / 2)
        return Work(
            operations: rounds * tails * (tail + blueprint.headOperations(load.tokens)))
    }

    /// The first `count` layers to go.
    ///
    /// The stream before the candidate is carried along, so that a candidate costs the layers
    /// behind it only: removals * layers^2 / 2 layer passes in all.
    package func order(
        removing count: Int, observer: some WorkObserver
    ) throws -> RemovalOrder {
        var kept = Array(weights.blueprint.layers.indices)
        precondition(count < kept.count, "a layer is left")
        let total = (0..<count).reduce(0) { sum, round in
            sum + (kept.count - round) * (kept.count - round + 1) / 2
        }
        var done = 0
        var steps: [RemovalOrder.Step] = []
        for round in 0..<count {
            var best: RemovalOrder.Step?
            var forward = pass(kept)
            let prefix = try forward.embed(batch)
            for place in kept.indices {
                let stream = MatrixView(rows: prefix.rows, columns: prefix.columns)
                stream.assign(prefix)
                try forward.run(
                    layers: place + 1..<kept.count, stream: stream, batch,
                    observer: Quiet(observer))
                let loss = try loss(forward, stream)
                if loss < best?.loss ?? .infinity {
                    best = RemovalOrder.Step(layer: kept[place], loss: loss)
                }
                try forward.run(
                    layers: place..<place + 1, stream: prefix, batch, observer: Quiet(observer))
                done += kept.count - place
                observer.progress(
                    done: done, total: total, unit: "layer passes",
                    detail: "removal \(round + 1) of \(count)")
            }
            guard let best else { throw MethodError.noLoss(layers: kept.count - 1) }
            steps.append(best)
            kept.removeAll { $0 == best.layer }
            forward = pass(kept)
        }
        return RemovalOrder(originalLoss: try loss(keeping: nil, observer), steps: steps)
    }

    /// `kept` (ascending), with removed layers brought back for others as long as that lowers the
    /// loss: each round makes the best exchange of one for one.
    ///
    /// A candidate costs the layers behind its first change only: about rounds * removed * kept *
    /// layers / 2 layer passes in all, in as many rounds as layers are removed at most.
    package func exchanged(
        _ kept: [Int], observer: some WorkObserver
    ) throws -> (kept: [Int], loss: Double) {
        var kept = kept
        var loss = try loss(keeping: kept, observer)
        let rounds = weights.blueprint.layers.count - kept.count
        for round in 0..<rounds {
            let detail = "exchanges, round \(round + 1) of \(rounds) at most"
            guard let better = try bestExchange(kept, below: loss, detail, observer) else { break }
            (kept, loss) = better
        }
        return (kept, loss)
    }

    private func bestExchange(
        _ kept: [Int], below limit: Double, _ detail: String, _ observer: some WorkObserver
    ) throws -> (kept: [Int], loss: Double)? {
        let removed = weights.blueprint.layers.indices.filter { !kept.contains($0) }
        let forward = pass(kept)
        let prefix = try forward.embed(batch)
        var best: (kept: [Int], loss: Double)?
        for place in kept.indices {
            // What can follow the prefix: this layer gone and a later one back, or one from just
            // before it back and it or a later one gone.
            let before = place == 0 ? -1 : kept[place - 1]
            let behind = kept[(place + 1)...]
            var tails = removed.filter { $0 > kept[place] }.map { ([$0] + behind).sorted() }
            for layer in removed where layer > before && layer < kept[place] {
                tails += kept[place...].map { gone in
                    [layer] + kept[place...].filter { $0 != gone }
                }
            }
            for tail in tails {
                let stream = MatrixView(rows: prefix.rows, columns: prefix.columns)
                stream.assign(prefix)
                let rest = pass(tail)
                try rest.run(
                    layers: tail.indices, stream: stream, batch, observer: Quiet(observer))
                let loss = try loss(rest, stream)
                if loss < best?.loss ?? limit { best = (kept[..<place] + tail, loss) }
            }
            try forward.run(
                layers: place..<place + 1, stream: prefix, batch, observer: Quiet(observer))
            observer.progress(
                done: place + 1, total: kept.count, unit: "layers", detail: detail)
        }
        return best
    }

    /// Mean loss of the model with the layers `kept` (nil: all).
    package func loss(keeping kept: [Int]?, _ observer: some WorkObserver) throws -> Double {
        let forward = pass(kept ?? Array(weights.blueprint.layers.indices))
        let stream = try forward.run(batch, observer: Quiet(observer))
        return try loss(forward, stream)
    }

    private func pass(_ kept: [Int]) -> ForwardPass {
        var blueprint = weights.blueprint
        blueprint.layers = kept.map { weights.blueprint.layers[$0] }
        return ForwardPass(
            weights: ModelWeights(blueprint: blueprint, source: weights.source), mode: mode)
    }

    private func loss(_ forward: ForwardPass, _ stream: MatrixView) throws -> Double {
        let rows = batch.ranges.flatMap { $0.dropLast() }
        let losses = try OutputHead(forward).losses(
            stream, rows: rows, targets: rows.map { batch.tokens[$0 + 1] },
            observer: SilentObserver())
        return losses.reduce(0, +) / Double(max(1, losses.count))
    }
}
