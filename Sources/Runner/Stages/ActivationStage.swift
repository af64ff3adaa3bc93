// Stage `activations`: rows of the residual stream at every layer boundary, one object each, so
// that a large capture never lies in memory as a whole.

import Analysis
import Checkpoint
import Model
import Store
import TensorMath

/// Rows at every boundary of one model, in the store.
struct StoredActivations {
    let result: StageResult
    let boundaries: Int

    static func role(_ boundary: Int) -> String {
        let digits = String(boundary)
        return "hidden." + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    func rows(_ boundary: Int, cache: StageCache) throws -> LayerRows {
        let archive = try cache.archive(result, Self.role(boundary), stage: "activations")
        guard let matrix = archive.matrix("rows") else {
            throw StageInputLost(stage: "activations", role: Self.role(boundary))
        }
        return LayerRows(count: matrix.rows, width: matrix.columns, values: matrix.values())
    }

    /// All of them, read from the store as a measure comes to them.
    func all(cache: StageCache) -> LayerBoundaries {
        LayerBoundaries(count: boundaries) { try rows($0, cache: cache) }
    }
}

struct ActivationStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    /// - Parameter capture: name and rows of what is kept.
    func record(
        _ original: IdentifiedModel, tokens: TokenisedSet,
        capture: (name: String, rows: ActivationCapture)
    ) throws -> StoredActivations {
        let model = original.model
        let forward = ForwardPass(weights: model.weights, mode: numerics.mode)
        let plan = ForwardMemory(
            blueprint: model.blueprint, batch: tokens.batch,
            capturedRows: capture.rows.rows.count, waveTokens: forward.waveTokens,
            mode: numerics.mode)
        let request = StageRequest(
            name: "activations",
            inputs: [
                (role: "model", digest: original.digest),
                (role: "tokens", digest: tokens.digest),
            ],
            params: ["numerics": numerics.key, "representation": .string(capture.name)],
            detail: "\(tokens.batch.ranges.count) sequences, "
                + "\(tokens.batch.tokens.count) tokens, \(capture.name)",
            plannedPeakBytes: plan.total
                + cache.store.packingBytes(
                    of: 4 * capture.rows.rows.count * model.blueprint.hiddenWidth))
        let result = try cache.run(request) { outputs in
            try forward.record(capture.rows, of: tokens.batch, observer: progress) {
                boundary, rows in
                var archive = TensorArchive()
                archive.add("rows", rows)
                try outputs.put(
                    StoredActivations.role(boundary), archive.bytes, elementBytes: 4)
            }
        }
        return StoredActivations(result: result, boundaries: model.blueprint.layers.count + 1)
    }
}
