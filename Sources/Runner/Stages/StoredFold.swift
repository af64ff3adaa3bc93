// What folds leave in the store beside their results, each an action of its own: folded layers, so
// that a stage that is killed after hours goes on at the layer it was at, and residual streams, so
// that what ratios share is not computed again to get behind it.

import Checkpoint
package import Compression
import JSON
package import Model
package import Store
import TensorMath

package final class StoredFold: FoldRecall {
    /// A longer stream is not kept: it is computed again sooner than a store makes room for it.
    private let streamBytesMax: Int
    /// The stage whose parts these are, without the layers that it keeps.
    private let weights: ActionKey
    private let numerics: KeyJSON
    private let cache: StageCache
    /// The original's, by which tensors are named.
    private let layers: [LayerBlueprint]
    /// New layers that were noted as folded before.
    private var notedLayers = 0
    private var start = ContinuousClock.now

    package init(
        _ weights: ActionKey, numerics: KeyJSON, cache: StageCache, layers: [LayerBlueprint],
        streamBytesMax: Int = 1 << 32
    ) {
        self.weights = weights
        self.layers = layers
        self.streamBytesMax = streamBytesMax
        self.numerics = numerics
        self.cache = cache
    }

    // MARK: Layers

    package func layer(_ prefix: FoldPrefix) throws -> LayerPatch? {
        start = .now
        guard
            let bytes = try cache.recalled(PatchIndex.role, of: part("layer", prefix)),
            let archive = try? TensorArchive(parsing: bytes),
            let patch = WeightPatch(archive, naming: layers)
        else { return nil }
        if prefix.kept.count > notedLayers {
            notedLayers = prefix.kept.count
            cache.progress.note("layer \(notedLayers): folded before")
        }
        return patch[prefix.newLayer]
    }

    package func keep(_ layer: LayerPatch, of prefix: FoldPrefix) throws {
        try cache.keep(part("layer", prefix), seconds: elapsed) { outputs in
            let archive = WeightPatch(layer, ofLayer: prefix.newLayer).archive(naming: layers)
            try outputs.put(PatchIndex.role, archive.bytes, elementBytes: 4)
        }
    }

    // MARK: Streams

    package func streams(behind prefix: FoldPrefix) throws -> FoldStreams? {
        func stream(_ role: String) throws -> MatrixView? {
            try cache.recalled(role, of: part("streams", prefix)).flatMap {
                try? TensorArchive(parsing: $0).matrix(role)
            }
        }
        start = .now
        guard let original = try stream("original") else { return nil }
        let streams = FoldStreams(
            original: original, folded: try stream("folded"), held: try stream("held"))
        cache.progress.note("layer \(prefix.kept.count): the streams behind it were kept")
        return streams
    }

    package func keep(_ streams: FoldStreams, behind prefix: FoldPrefix) throws {
        guard 4 * streams.original.rows * streams.original.columns <= streamBytesMax else { return }
        try cache.keep(part("streams", prefix), seconds: elapsed) { outputs in
            let roles = [
                ("original", streams.original), ("folded", streams.folded), ("held", streams.held),
            ]
            for case (let role, let stream?) in roles {
                var archive = TensorArchive()
                archive.add(role, stream)
                try outputs.put(role, archive.bytes, elementBytes: 4)
            }
        }
    }

    // MARK: Keys

    /// Seconds since it was last asked.
    private var elapsed: Double { (ContinuousClock.now - start) / .seconds(1) }

    private func part(_ part: String, _ prefix: FoldPrefix) -> ActionKey {
        StageCache.key(
            weights.stage + "-" + part, version: weights.stageVersion,
            inputs: weights.inputs.map { (role: $0.key, digest: $0.value) },
            params: [
                "end": .integer(prefix.end), "kept": .array(prefix.kept.map { .integer($0) }),
                "stage": prefix.isOriginal ? ["numerics": numerics] : weights.params,
            ])
    }
}
