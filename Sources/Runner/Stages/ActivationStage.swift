// Stage `activations`: rows of the residual stream at every layer boundary, one object each, so
// that a large capture never lies in memory as a whole.

import Analysis
import Checkpoint
import JSON
import Model
import Store
import TensorMath

/// Rows at every boundary of one model, in the store.
struct StoredActivations {
    let result: StageResult
    let boundaries: Int
    /// Rows at each boundary, and their width.
    let count: Int
    let width: Int

    /// What a measure is given of them.
    var shape: BoundaryShape {
        BoundaryShape(layers: boundaries - 1, samples: count, width: width)
    }

    static func role(_ boundary: Int) -> String {
        let digits = String(boundary)
        return "hidden." + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    func rows(_ boundary: Int) throws -> LayerRows {
        let role = Self.role(boundary)
        guard let matrix = try result.archive(role).matrix("rows") else { throw result.lost(role) }
        return LayerRows(count: matrix.rows, width: matrix.columns, values: matrix.values())
    }

    /// All of them, read from the store as a measure comes to them.
    var all: LayerBoundaries { LayerBoundaries(count: boundaries, read: rows) }
}

struct ActivationStage: Stage {
    let name = "activations"
    let version = ActivationCapture.version
    let original: CalibratedModel
    let numerics: Numerics
    /// Name and rows of what is kept.
    let capture: (name: String, rows: ActivationCapture)
    private let packingBytes: Int

    /// - Parameter store: that takes the rows; what it holds while it packs those of a boundary is
    ///   as much as a small capture.
    init(
        _ original: CalibratedModel, capture: (name: String, rows: ActivationCapture),
        into store: ContentStore, numerics: Numerics
    ) {
        self.original = original
        self.numerics = numerics
        self.capture = capture
        packingBytes = store.packingBytes(
            of: 4 * capture.rows.rows.count * original.model.blueprint.hiddenWidth)
    }

    var inputs: StageInputs { original.inputs }

    var params: KeyJSON {
        ["numerics": numerics.key, "representation": .string(capture.name)]
    }

    var detail: String {
        "\(original.batch.ranges.count) sequences, \(original.batch.tokens.count) tokens, "
            + capture.name
    }

    private var forward: ForwardPass {
        ForwardPass(weights: original.model.weights, mode: numerics.mode)
    }

    var plannedPeak: Int? {
        ForwardMemory(
            blueprint: original.model.blueprint, batch: original.batch,
            capturedRows: capture.rows.rows.count, waveTokens: forward.waveTokens,
            mode: numerics.mode
        ).total + packingBytes
    }

    var work: Work {
        let blueprint = original.model.blueprint
        return Work(
            operations: forward.recordingOperations(capture.rows, of: original.batch),
            written: Double(
                4 * capture.rows.rows.count * blueprint.hiddenWidth * (blueprint.layers.count + 1)))
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try forward.record(capture.rows, of: original.batch, observer: cache.progress) {
            boundary, rows in
            var archive = TensorArchive()
            archive.add("rows", rows)
            try outputs.put(StoredActivations.role(boundary), archive.bytes, elementBytes: 4)
        }
    }

    func decode(_ stored: StageResult) -> StoredActivations {
        StoredActivations(
            result: stored, boundaries: original.model.blueprint.layers.count + 1,
            count: capture.rows.rows.count, width: original.model.blueprint.hiddenWidth)
    }

    func assumed(_ unknown: StageResult) -> StoredActivations { decode(unknown) }
}
