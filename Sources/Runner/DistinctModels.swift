// Which of a job's candidates are models of their own.

import Catalogue
import Compression
import Jobs

struct DistinctModels {
    let candidates: [JobDescription.Candidate]
    /// About those that would have been the same model again.
    let notes: [String]

    /// Of equal methods and parameters, ratios that remove as many of `layers` layers make one
    /// model: the first.
    init(_ all: [JobDescription.Candidate], of layers: Int) {
        var kept: [JobDescription.Candidate] = []
        var notes: [String] = []
        for candidate in all {
            let removed = candidate.removedLayers(of: layers)
            let first = removed.flatMap { removed in
                kept.first {
                    $0.method == candidate.method && $0.parameters == candidate.parameters
                        && $0.label == candidate.label && $0.mlpWidth == candidate.mlpWidth
                        && $0.removedLayers(of: layers) == removed
                }
            }
            if let first, let removed {
                notes.append(
                    "\(candidate.folder) would remove \(removed) of \(layers) layers"
                        + (candidate.mlpWidth.map { " and keep \($0) neurons of each MLP" } ?? "")
                        + ", as \(first.folder) does: it is not made again")
            } else {
                kept.append(candidate)
            }
        }
        candidates = kept
        self.notes = notes
    }
}

extension JobDescription.Candidate {
    /// nil where the ratio is not one of layers, or no number of them.
    fileprivate func removedLayers(of layers: Int) -> Int? {
        guard let ratio, Offer.method(method)?.removesLayers ?? false else { return nil }
        if ratio == 0, mlpWidth != nil { return 0 }
        return try? layersRemoved(ratio: ratio, of: layers)
    }
}
