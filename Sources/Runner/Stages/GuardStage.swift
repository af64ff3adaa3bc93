// Stage `guard`: whether a result is better than what else could be done at its size.

import Catalogue
import Compression
import JSON
import Model
import Store

struct GuardStage: Stage {
    let name = "guard"
    let version = RivalComparison.version
    let original: CalibratedModel
    private let rivals: RivalComparison
    private let input: MethodInput
    private let kept: [Int]
    private let weights: IdentifiedWeights
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ rivals: RivalComparison, _ request: PlanRequest,
        kept: [Int], weights: IdentifiedWeights, numerics: Numerics
    ) {
        self.original = original
        self.rivals = rivals
        self.kept = kept
        self.weights = weights
        self.numerics = numerics
        input = MethodInput(request, original, numerics)
    }

    /// Why nothing can be compared; nil where it can.
    var obstacle: String? { rivals.obstacle(input) }

    var inputs: StageInputs { original.inputs + [(role: "weights", digest: weights.digest)] }

    var params: KeyJSON {
        [
            "kept": .array(kept.map { .integer($0) }), "numerics": numerics.key,
            "parameters": input.parameters.canonical(rivals.parameters),
        ]
    }

    var detail: String { "fold against \(rivals.names)" }
    var plannedPeak: Int? { rivals.peakByteCount(input, kept) }

    var work: Work { rivals.work(input, kept) }
    func assumed(_ unknown: StageResult) -> [Rival] { [] }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put(
            "rivals", json: try rivals.compare(input, kept, weights.tensors, cache.progress))
    }

    func decode(_ stored: StageResult) throws -> [Rival] { try stored.json([Rival].self, "rivals") }
}
