// Layers of a fold in the store, each an action of its own: a stage that is killed after hours goes
// on at the layer it was at, and ratios share the layers before their first difference.

import Engine
import Foundation
import Store

extension LayerRecall {
    /// - Parameter weights: the stage whose layers these are, without the layers that it keeps.
    init(_ weights: StageRequest, cache: StageCache, progress: ProgressReporter) {
        func request(_ prefix: FoldPrefix) -> StageRequest {
            var request = weights
            request.name += "-layer"
            request.params = [
                "end": .integer(prefix.end), "kept": .array(prefix.kept.map { .integer($0) }),
                "stage": weights.params,
            ]
            return request
        }
        var start = ContinuousClock.now
        self.init { prefix in
            start = .now
            guard let bytes = try cache.recalled(PatchIndex.role, of: request(prefix)),
                let patch = (try? TensorArchive(parsing: bytes)).flatMap({ WeightPatch($0) })
            else { return nil }
            progress.note("layer \(prefix.kept.count): folded before")
            return patch
        } keep: { prefix, patch in
            let elapsed = ContinuousClock.now - start
            try cache.keep(
                PatchIndex.role, patch.archive.bytes, elementBytes: 4, of: request(prefix),
                seconds: elapsed / .seconds(1))
        }
    }
}
