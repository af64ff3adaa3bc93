// Stages `removals` and `weights`: what methods learn from running the model on calibration tokens:
// the order in which layers go by measured loss, and tensors fitted by least squares.

import Catalogue
import Compression
import Foundation
import JSON
import Model
import Store

/// What of these stages a request needs.
struct Planning {
    let similarity: Bool
    let removals: Bool
    let weights: Bool
    let search: Bool

    init(_ request: PlanRequest) {
        let declaration = Offer.method(request.method)
        let select = request.parameters.values["select"]?.text ?? "loss"
        let byLoss = select == "loss"
        similarity =
            declaration?.needs == .similarity
            || declaration?.needs == .tokens && select == "npib"
        // Of the methods that need tokens, those that drop by loss say on how many samples.
        removals =
            declaration?.needs == .tokens && byLoss
            && request.parameters.values["search_samples"] != nil
        search = declaration?.needs == .search
        weights = declaration?.computesWeights ?? false
    }
}

struct IdentifiedRemovals {
    let order: RemovalOrder
    let digest: Digest
}

struct MeasuringStages {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    /// The order does not know the ratio: it is made for three fifths of the layers, or as many
    /// as are asked for, and all smaller ratios take its beginning.
    func removals(
        _ request: PlanRequest, _ original: IdentifiedModel, tokens: TokenisedSet?
    ) throws -> IdentifiedRemovals {
        let model = original.model
        let layers = model.blueprint.layers.count
        let depth = max(
            min(layers - 1, layers * 3 / 5),
            try layersRemoved(ratio: request.ratio ?? 0, of: layers))
        let tokens = try required(tokens, request)
        let batch = Self.spread(tokens.batch, request.parameters.integer("search_samples"))
        let stage = StageRequest(
            name: "removals", inputs: inputs(original, tokens),
            params: [
                "depth": .integer(depth), "numerics": numerics.key,
                "samples": .integer(batch.ranges.count),
            ],
            detail: "\(depth) of \(layers) layers by loss on \(batch.tokens.count) tokens",
            plannedPeakBytes: searchPeakBytes(model, batch))
        let result = try cache.run(stage) { outputs in
            let order = try LossSearch(
                weights: model.weights, mode: numerics.mode, batch: batch
            ).order(removing: depth, observer: progress)
            try outputs.put("order", json: order)
        }
        let bytes = try cache.bytes(result, "order", stage: stage.name)
        return IdentifiedRemovals(
            order: try SortedJSON.value(RemovalOrder.self, bytes),
            digest: Digest(of: bytes))
    }

    func searchPeakBytes(_ model: Model, _ batch: PackedSequences) -> Int {
        LossSearch.streamByteCount(
            tokens: batch.tokens.count, width: model.blueprint.hiddenWidth)
            + ForwardMemory(
                blueprint: model.blueprint, batch: batch, capturedRows: 0, waveTokens: 2048,
                mode: numerics.mode
            ).total
    }

    func weights(
        _ request: PlanRequest, _ plan: IdentifiedPlan, _ original: IdentifiedModel,
        tokens: TokenisedSet?
    ) throws -> IdentifiedWeights {
        let tokens = try required(tokens, request)
        let kept = plan.plan.layers.map { $0.from[0].layer }
        guard let compute = Method.named(request.method).weights else {
            preconditionFailure("method \(request.method) declares weights and computes none")
        }
        let work = compute(
            MethodInput(
                parameters: request.parameters, weights: original.model.weights,
                batch: tokens.batch, mode: numerics.mode),
            WeightGoal(ratio: request.ratio ?? 0, kept: kept))
        for note in work.notes { progress.warn("\(request.name): \(note)") }
        var params: [String: KeyJSON] = [
            "method": .string(request.method), "numerics": numerics.key,
            "parameters": request.parameters.canonical(work.parameters),
        ]
        if work.dependsOnRatio { params["ratio"] = .decimal(request.ratio ?? 0) }
        var stage = StageRequest(
            name: "weights", version: 8, inputs: inputs(original, tokens),
            params: .object(params),
            detail:
                "\(request.method), \(kept.count) layers on \(tokens.batch.tokens.count) tokens",
            plannedPeakBytes: work.peakByteCount)
        let recall = StoredFold(
            stage, numerics: numerics.key, cache: cache, progress: progress)
        params["kept"] = .array(kept.map { .integer($0) })
        stage.params = .object(params)
        let result = try cache.run(stage) { outputs in
            try outputs.putTensors { give in try work.compute(progress, recall, give) }
        }
        return try IdentifiedWeights(cache, result, stage: stage.name)
    }

    /// Stage `guard`: says whether a fold is better than what else could be done at its size.
    func compareWithRivals(
        _ request: PlanRequest, _ plan: IdentifiedPlan, _ weights: IdentifiedWeights,
        _ original: IdentifiedModel, tokens: TokenisedSet?, label: String
    ) throws {
        let tokens = try required(tokens, request)
        let settings = FoldSettings(request.parameters)
        let blueprint = original.model.blueprint
        let rivals = FoldRivals(
            original.model.weights, mode: numerics.mode, batch: tokens.batch, settings: settings)
        guard blueprint.layers.count > plan.plan.layers.count else { return }
        guard let rivals else {
            progress.warn(
                "\(label) is not held against drop, average and replaceme: one in "
                    + "\(settings.heldBack) calibration sequences is held back for that, and there "
                    + "are \(tokens.batch.ranges.count); raise `samples`")
            return
        }
        let kept = plan.plan.layers.map { $0.from[0].layer }
        let stage = StageRequest(
            name: "guard", version: 2,
            inputs: inputs(original, tokens) + [(role: "weights", digest: weights.digest)],
            params: [
                "kept": .array(kept.map { .integer($0) }), "numerics": numerics.key,
                "parameters": request.parameters.canonical(["lambda"]),
            ],
            detail: "fold against drop, average and replaceme",
            plannedPeakBytes: BlockReplacement.peakByteCount(
                blueprint, tokens: tokens.batch, mode: numerics.mode)
                + 4 * (blueprint.layers.count + 1) * blueprint.hiddenWidth
                * tokens.batch.tokens.count / settings.heldBack)
        let result = try cache.run(stage) { outputs in
            let found = try rivals.compare(
                keeping: kept, folded: weights.tensors, observer: progress)
            try outputs.put("rivals", json: found)
        }
        let bytes = try cache.bytes(result, "rivals", stage: stage.name)
        let found = try SortedJSON.value([FoldRivals.Result].self, bytes)
        let text = FoldText.rivals(found)
        progress.note("\(label): \(text)")
        if !FoldRivals.Result.isBest(found) { progress.warn("\(label) does not win: \(text)") }
    }

    func inputs(
        _ original: IdentifiedModel, _ tokens: TokenisedSet
    ) -> [(role: String, digest: Digest)] {
        [(role: "model", digest: original.digest), (role: "tokens", digest: tokens.digest)]
    }

    func required(
        _ tokens: TokenisedSet?, _ request: PlanRequest
    ) throws -> TokenisedSet {
        guard let tokens else {
            preconditionFailure("the manifest parser asks for calibration: \(request.method)")
        }
        return tokens
    }

    /// `count` of the sequences of two tokens or more, evenly spread.
    static func spread(_ batch: PackedSequences, _ count: Int) -> PackedSequences {
        let usable = batch.ranges.filter { $0.count > 1 }
        let taken = min(count, usable.count)
        return PackedSequences(
            (0..<taken).map { Array(batch.tokens[usable[$0 * usable.count / taken]]) })
    }
}
