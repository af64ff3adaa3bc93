// What passes leave in the store on their way, each an action of its own: the figures of a look,
// and the tensors behind it.

package import Compression
import JSON
package import Model
package import Store

package final class StoredHealing: HealingRecall {
    private let stage: ActionKey
    private let cache: StageCache
    /// The original's, by which tensors are named.
    private let layers: [LayerBlueprint]
    private let interval: Duration
    private var start = ContinuousClock.now

    /// - Parameter interval: what took less is not kept: it is done again sooner than a copy of the
    ///   model is worth its room.
    package init(
        _ stage: ActionKey, cache: StageCache, layers: [LayerBlueprint],
        interval: Duration = .seconds(300)
    ) {
        self.stage = stage
        self.cache = cache
        self.layers = layers
        self.interval = interval
    }

    package func state(behind step: Int) throws -> HealingState? {
        guard let stored = try cache.recalled(part(step)) else { return nil }
        let looks = try stored.json([HealingLook].self, "looks")
        func tensors(_ role: String) throws -> any ComputedTensors {
            try IdentifiedWeights(stored, as: role, naming: layers).tensors
        }
        return HealingState(
            looks: looks, tensors: try tensors("tensors"),
            best: stored.outputs["best"] == nil ? nil : try tensors("best"))
    }

    package func keep(_ state: HealingState, behind step: Int) throws {
        guard ContinuousClock.now - start >= interval else { return }
        try cache.keep(part(step), seconds: (.now - start) / .seconds(1)) { outputs in
            for (role, tensors) in [("tensors", state.tensors), ("best", state.best)] {
                guard let tensors else { continue }
                try outputs.putTensors(
                    tensors, as: role, ofLayers: layers.count, naming: layers)
            }
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

extension StageOutputs {
    /// Stores what there is of the first `count` layers, one after the other.
    mutating func putTensors(
        _ tensors: any ComputedTensors, as role: String = PatchIndex.role, ofLayers count: Int,
        naming layers: [LayerBlueprint]
    ) throws {
        try putTensors(as: role, naming: layers) { give in
            for layer in 0..<count {
                var patch = LayerPatch()
                for (name, make) in tensors.tensors(ofLayer: layer).sorted(by: { $0.key < $1.key })
                {
                    patch[name] = try make()
                }
                try give(WeightPatch(patch, ofLayer: layer))
            }
        }
    }
}
