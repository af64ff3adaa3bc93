// Stage `guard`: whether a result is better than what else could be done at its size.

import Catalogue
import Compression
import JSON
import Model
import Store

struct GuardStage: Stage {
    let name = "guard"
    let version = RivalComparison.version
    let rivals: RivalComparison
    let model: ComputedModel

    /// Why nothing can be compared; nil where it can.
    var obstacle: String? { rivals.obstacle(model.input) }
    /// Why rivals were left out.
    func missing(_ found: [Rival]) -> [String] { rivals.missing(model.input, found) }

    var inputs: StageInputs { model.inputs }
    var params: KeyJSON { model.params(rivals.parameters) }

    var detail: String { "fold against \(rivals.names)" }
    var plannedPeak: Int? { rivals.peakByteCount(model.input, model.kept) }

    var work: Work { rivals.work(model.input, model.kept) }
    func assumed(_ unknown: StageResult) -> [Rival] { [] }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put(
            "rivals",
            json: try rivals.compare(
                model.input, model.kept, model.weights.tensors, cache.progress))
    }

    func decode(_ stored: StageResult) throws -> [Rival] { try stored.json([Rival].self, "rivals") }
}
