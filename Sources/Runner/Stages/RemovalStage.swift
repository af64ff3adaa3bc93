// Stages `removals` and `exchange`: in which order layers go by measured loss, and that choice
// improved for one ratio.

import Compression
import JSON
import Model
import Store

struct IdentifiedRemovals {
    let order: RemovalOrder
    let digest: Digest
}

/// The order does not know the ratio: it is made for three fifths of the layers, or as many as are
/// asked for, and all smaller ratios take its beginning.
struct RemovalStage: Stage {
    let name = "removals"
    let original: CalibratedModel
    let numerics: Numerics
    /// What the loss is measured on.
    private let batch: PackedSequences
    private let depth: Int

    init(
        _ original: CalibratedModel, _ search: RemovalSearch, removing count: Int,
        numerics: Numerics
    ) throws {
        self.original = original
        self.numerics = numerics
        batch = try original.spread(search.samples)
        let layers = original.model.blueprint.layers.count
        depth = max(min(layers - 1, layers * 3 / 5), count)
    }

    var inputs: StageInputs { original.inputs }

    var params: KeyJSON {
        [
            "depth": .integer(depth), "numerics": numerics.key,
            "samples": .integer(batch.ranges.count),
        ]
    }

    var detail: String { original.model.lossDetail(removing: depth, on: batch) }
    var plannedPeak: Int? { original.model.lossSearchPeak(batch, numerics) }

    var work: Work {
        LossSearch.orderWork(original.model.blueprint, removing: depth, tokens: batch)
    }

    func assumed(_ unknown: StageResult) -> IdentifiedRemovals {
        let layers = original.model.blueprint.layers.indices.reversed()
        return IdentifiedRemovals(
            order: RemovalOrder(
                originalLoss: 1,
                steps: layers.prefix(depth).map { RemovalOrder.Step(layer: $0, loss: 1) }),
            digest: unknown.key)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let order = try LossSearch(
            weights: original.model.weights, mode: numerics.mode, batch: batch
        ).order(removing: depth, observer: cache.progress)
        try outputs.put("order", json: order)
    }

    func decode(_ stored: StageResult) throws -> IdentifiedRemovals {
        let bytes = try stored.bytes("order")
        return IdentifiedRemovals(
            order: try SortedJSON.value(RemovalOrder.self, bytes), digest: Digest(of: bytes))
    }
}

struct ExchangeStage: Stage {
    let name = "exchange"
    let original: CalibratedModel
    let numerics: Numerics
    private let batch: PackedSequences
    /// The layers that stay, before any exchange.
    private let kept: [Int]

    init(
        _ original: CalibratedModel, _ search: RemovalSearch, kept: [Int], numerics: Numerics
    ) throws {
        self.original = original
        self.numerics = numerics
        self.kept = kept
        batch = try original.spread(search.samples)
    }

    private var layers: Int { original.model.blueprint.layers.count }

    var inputs: StageInputs { original.inputs }

    var params: KeyJSON {
        [
            "kept": .array(kept.map { .integer($0) }), "numerics": numerics.key,
            "samples": .integer(batch.ranges.count),
        ]
    }

    var detail: String { original.model.lossDetail(removing: layers - kept.count, on: batch) }
    var plannedPeak: Int? { original.model.lossSearchPeak(batch, numerics) }

    var work: Work {
        LossSearch.exchangeWork(original.model.blueprint, keeping: kept.count, tokens: batch)
    }

    func assumed(_ unknown: StageResult) -> SearchedPlan {
        SearchedPlan(.keeping(kept, of: layers), digest: unknown.key)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let found = try LossSearch(
            weights: original.model.weights, mode: numerics.mode, batch: batch
        ).exchanged(kept, observer: cache.progress)
        try outputs.put("plan", json: FoldPlan.keeping(found.kept, of: layers))
    }

    func decode(_ stored: StageResult) throws -> SearchedPlan { try SearchedPlan(stored) }
}

extension Model {
    fileprivate func lossDetail(removing count: Int, on batch: PackedSequences) -> String {
        "\(count) of \(blueprint.layers.count) layers by loss on \(batch.tokens.count) tokens"
    }

    fileprivate func lossSearchPeak(_ batch: PackedSequences, _ numerics: Numerics) -> Int {
        LossSearch.streamByteCount(tokens: batch.tokens.count, width: blueprint.hiddenWidth)
            + ForwardMemory(
                blueprint: blueprint, batch: batch, capturedRows: 0, waveTokens: 2048,
                mode: numerics.mode
            ).total
    }
}
