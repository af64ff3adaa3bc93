// Stage `heal`: a last pass of a computed model down its divergence from the original.

import Catalogue
import Checkpoint
import Compression
import JSON
import Model
import Store
import TensorMath

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
    var obstacle: String? { healing.obstacle(input, kept) }

    var inputs: StageInputs { original.inputs + [(role: "weights", digest: weights.digest)] }

    var params: KeyJSON {
        [
            "kept": .array(kept.map { .integer($0) }), "numerics": numerics.key,
            "parameters": input.parameters.canonical(healing.parameters),
        ]
    }

    var detail: String {
        "\(healing.detail) through \(kept.count) layers on \(original.batch.tokens.count) tokens"
    }

    var plannedPeak: Int? { healing.peakByteCount(input, kept) }
    var scratchBytes: Int { healing.scratchByteCount(input) }
    var work: Work { healing.work(input, kept) }

    private var layers: [LayerBlueprint] { original.model.blueprint.layers }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let recall = StoredHealing(
            key, cache: cache, layers: layers, count: kept.count)
        let healed = try healing.run(input, kept, weights.tensors, recall, cache.progress)
        try outputs.putTensors(naming: layers) { give in
            for layer in kept.indices {
                try give(try WeightPatch(ofLayer: layer, of: healed.tensors))
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

extension WeightPatch {
    /// What `tensors` has of a layer, in the order of the layer's own tensors.
    fileprivate init(
        ofLayer layer: Int, of tensors: any ComputedTensors
    ) throws {
        let found = tensors.tensors(ofLayer: layer)
        var patch = LayerPatch()
        for name in found.keys.sorted() { patch[name] = try found[name]?() }
        self.init(patch, ofLayer: layer)
    }
}

/// What passes leave in the store on their way, each an action of its own: a look's figures, and an
/// object for each layer.
private final class StoredHealing: HealingRecall {
    private let stage: ActionKey
    private let cache: StageCache
    private let layers: [LayerBlueprint]
    private let layerCount: Int
    private var start = ContinuousClock.now

    /// Steps are stored once they took so long: less is done again sooner than it is worth a copy
    /// of the model.
    private static let keptAfter = Duration.seconds(300)

    init(_ stage: ActionKey, cache: StageCache, layers: [LayerBlueprint], count: Int) {
        self.stage = stage
        self.cache = cache
        self.layers = layers
        layerCount = count
    }

    func state(behind step: Int) throws -> HealingState? {
        let key = part(step)
        guard
            let looks = try cache.recalled("looks", of: key).flatMap({
                try? SortedJSON.value([HealingLook].self, $0)
            })
        else { return nil }
        let hasBest = HealingLook.best(of: looks).map { $0.step > 0 && $0.step < step } ?? false
        let tensors = RecalledTensors(cache, key, "tensors", layers)
        let best = hasBest ? RecalledTensors(cache, key, "best", layers) : nil
        // What is damaged or gone is not gone on from; read here once to know.
        let moving = Set(0..<layerCount).subtracting(try still(key))
        guard moving.allSatisfy({ tensors.has($0) && best?.has($0) ?? true }) else { return nil }
        return HealingState(looks: looks, tensors: tensors, best: best)
    }

    /// Layers of which nothing moves.
    private func still(_ key: ActionKey) throws -> [Int] {
        try cache.recalled("still", of: key).flatMap { try? SortedJSON.value([Int].self, $0) } ?? []
    }

    func keep(_ state: HealingState, behind step: Int) throws {
        guard ContinuousClock.now - start >= Self.keptAfter else { return }
        try cache.keep(part(step), seconds: (.now - start) / .seconds(1)) { outputs in
            var still: [Int] = []
            for layer in 0..<layerCount {
                if state.tensors.tensors(ofLayer: layer).isEmpty { still.append(layer) }
                for (role, tensors) in [("tensors", state.tensors), ("best", state.best)] {
                    guard let tensors else { continue }
                    let patch = try WeightPatch(ofLayer: layer, of: tensors)
                    guard !patch.layers.isEmpty else { continue }
                    try outputs.put(
                        "\(role)-\(layer)", patch.archive(naming: layers).bytes, elementBytes: 4)
                }
            }
            try outputs.put("still", json: still)
            try outputs.put("looks", json: state.looks)
        }
        start = .now
    }

    private func part(_ step: Int) -> ActionKey {
        StageCache.key(
            stage.stage + "-steps", version: stage.stageVersion,
            inputs: stage.inputs.map { (role: $0.key, digest: $0.value) },
            params: ["behind": .integer(step), "stage": stage.params])
    }
}

/// Reads a layer when its tensors are asked for.
private struct RecalledTensors: ComputedTensors {
    private let cache: StageCache
    private let key: ActionKey
    private let role: String
    private let layers: [LayerBlueprint]

    init(_ cache: StageCache, _ key: ActionKey, _ role: String, _ layers: [LayerBlueprint]) {
        (self.cache, self.key, self.role, self.layers) = (cache, key, role, layers)
    }

    func has(_ layer: Int) -> Bool { !tensors(ofLayer: layer).isEmpty }

    func tensors(ofLayer layer: Int) -> [String: () throws -> MatrixView] {
        guard
            let bytes = (try? cache.recalled("\(role)-\(layer)", of: key)) ?? nil,
            let archive = try? TensorArchive(parsing: bytes),
            let patch = WeightPatch(archive, naming: layers)
        else { return [:] }
        return patch.tensors(ofLayer: layer)
    }
}
