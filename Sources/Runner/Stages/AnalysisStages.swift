// How alike the layers of the original are, by one measure or several: activations, embedding and
// similarity, through the cache.

import Catalogue
import Jobs

/// A similarity and the activations it was made from.
struct MeasuredSimilarity {
    let similarity: IdentifiedSimilarity
    let activations: StoredActivations
}

struct AnalysisStages {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics
    let analysis: JobDescription.Analysis

    /// By each of `measures`, in their order. Measures that look at the same rows share one
    /// stage of activations.
    func measure(
        _ original: IdentifiedModel, tokens: TokenisedSet, measures: [String]
    ) throws -> [MeasuredSimilarity] {
        var recorded: [String: StoredActivations] = [:]
        return try measures.map { measure in
            let capture = try Capture.rows(
                for: measure, representation: analysis.representation, batch: tokens.batch)
            let activations =
                try recorded[capture.name]
                ?? ActivationStage(cache: cache, progress: progress, numerics: numerics).record(
                    original, tokens: tokens, capture: capture)
            recorded[capture.name] = activations
            let similarity = try SimilarityStage(
                cache: cache, progress: progress, numerics: numerics
            ).measure(measure, parameters: parameters(of: measure), activations: activations)
            return MeasuredSimilarity(similarity: similarity, activations: activations)
        }
    }

    /// The job's parameters where it names the measure, else the measure's defaults.
    func parameters(of measure: String) -> Parameters {
        if measure == analysis.similarity { return analysis.parameters }
        return Parameters().completed(with: Offer.similarity(measure)?.parameters ?? [])
    }
}
