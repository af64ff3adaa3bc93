// Stage `heal`: a last pass of a computed model down its divergence from the original.

import Catalogue
import Compression
import JSON
import Model
import Store

struct HealStage: Stage {
    struct Healed {
        var weights: IdentifiedWeights
        let looks: [HealingLook]
    }

    let name = "heal"
    let version = Healing.version
    let healing: Healing
    let model: ComputedModel

    /// Why there is no pass; nil where there is one.
    var obstacle: String? { healing.obstacle(model.input, model.kept) }

    var inputs: StageInputs { model.inputs }
    var params: KeyJSON { model.params(healing.parameters) }

    var detail: String {
        "\(healing.detail) through \(model.kept.count) layers on "
            + "\(model.original.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { healing.peakByteCount(model.input, model.kept) }
    var scratchBytes: Int { healing.scratchByteCount(model.input) }
    var work: Work { healing.work(model.input, model.kept) }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let recall = StoredHealing(key, cache: cache, layers: model.layers)
        let healed = try healing.run(
            model.input, model.kept, model.weights.tensors, recall, cache.progress)
        try outputs.putTensors(healed.tensors, ofLayers: model.kept.count, naming: model.layers)
        try outputs.put("looks", json: healed.looks)
    }

    func decode(_ stored: StageResult) throws -> Healed {
        Healed(
            weights: try IdentifiedWeights(stored, naming: model.layers),
            looks: try stored.json([HealingLook].self, "looks"))
    }

    func assumed(_ unknown: StageResult) -> Healed {
        Healed(weights: IdentifiedWeights(unknown: unknown), looks: [])
    }
}
