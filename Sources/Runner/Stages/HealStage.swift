// Stage `heal`: a last pass of a computed model down its divergence from the original.

import Catalogue
import Checkpoint
import Compression
import JSON
import Model
import Store

struct HealStage: Stage {
    struct Healed {
        let weights: IdentifiedWeights
        let looks: [HealingLook]
    }

    let name = "heal"
    let version = Healing.version
    let original: CalibratedModel
    private let healing: Healing
    private let input: MethodInput
    private let kept: [Int]
    private let weights: IdentifiedWeights
    private let numerics: Numerics

    init(
        _ original: CalibratedModel, _ healing: Healing, _ request: PlanRequest, kept: [Int],
        weights: IdentifiedWeights, numerics: Numerics
    ) {
        self.original = original
        self.healing = healing
        self.kept = kept
        self.weights = weights
        self.numerics = numerics
        input = MethodInput(request, original, numerics)
    }

    /// Why there is no pass; nil where there is one.
    var obstacle: String? { healing.obstacle(input, kept: kept) }

    var inputs: StageInputs { original.inputs + [(role: "weights", digest: weights.digest)] }

    var params: KeyJSON {
        [
            "kept": .array(kept.map { .integer($0) }), "numerics": numerics.key,
            "rate": .decimal(healing.rate), "steps": .integer(healing.steps),
        ]
    }

    var detail: String {
        "\(healing.steps) steps through \(kept.count) layers on \(original.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { healing.peakByteCount(input, kept: kept) }
    var scratchBytes: Int { healing.scratchByteCount(input) }
    var work: Work { healing.work(input, kept: kept) }

    private var layers: [LayerBlueprint] { original.model.blueprint.layers }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let recall = StoredHealing(key, cache: cache, layers: layers)
        let healed = try healing.run(
            input, kept: kept, computed: weights.tensors, recall: recall, observer: cache.progress)
        try outputs.putTensors(naming: layers) { give in
            for layer in kept.indices where !healed.tensors[layer].names.isEmpty {
                try give(WeightPatch(healed.tensors[layer], ofLayer: layer))
            }
        }
        try outputs.put("looks", json: healed.looks)
    }

    func decode(_ stored: StageResult) throws -> Healed {
        Healed(
            weights: try IdentifiedWeights(stored, naming: layers),
            looks: try stored.json([HealingLook].self, "looks"))
    }

    func assumed(_ unknown: StageResult) -> Healed {
        Healed(weights: IdentifiedWeights(unknown: unknown), looks: [])
    }
}

/// What passes leave in the store on their way, each an action of its own.
private final class StoredHealing: HealingRecall {
    private let stage: ActionKey
    private let cache: StageCache
    private let layers: [LayerBlueprint]
    private var start = ContinuousClock.now

    init(_ stage: ActionKey, cache: StageCache, layers: [LayerBlueprint]) {
        self.stage = stage
        self.cache = cache
        self.layers = layers
    }

    func state(behind step: Int) throws -> (tensors: WeightPatch, looks: [HealingLook])? {
        start = .now
        let key = part(step)
        guard
            let looks = try cache.recalled("looks", of: key).flatMap({
                try? SortedJSON.value([HealingLook].self, $0)
            }),
            let archive = try cache.recalled(PatchIndex.role, of: key).flatMap({
                try? TensorArchive(parsing: $0)
            }), let tensors = WeightPatch(archive, naming: layers)
        else { return nil }
        return (tensors, looks)
    }

    func keep(_ tensors: WeightPatch, _ looks: [HealingLook], behind step: Int) throws {
        try cache.keep(part(step), seconds: (.now - start) / .seconds(1)) { outputs in
            try outputs.put(
                PatchIndex.role, tensors.archive(naming: layers).bytes, elementBytes: 4)
            try outputs.put("looks", json: looks)
        }
    }

    private func part(_ step: Int) -> ActionKey {
        StageCache.key(
            stage.stage + "-steps", version: stage.stageVersion,
            inputs: stage.inputs.map { (role: $0.key, digest: $0.value) },
            params: ["behind": .integer(step), "stage": stage.params])
    }
}
