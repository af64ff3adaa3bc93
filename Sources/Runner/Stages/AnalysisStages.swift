// How alike the layers of the original are, by one measure or several: activations, embedding and
// similarity, through the cache.

import Analysis
import Catalogue
import Jobs
import Model

/// A similarity and the activations it was made from.
struct MeasuredSimilarity {
    let similarity: IdentifiedSimilarity
    let activations: StoredActivations
}

struct AnalysisStages {
    let cache: StageCache
    let numerics: Numerics
    let analysis: JobDescription.Analysis

    /// What of a sample stands for it.
    var representation: Representation {
        guard let known = Representation(rawValue: analysis.representation) else {
            preconditionFailure("the manifest parser knows the representations")
        }
        return known
    }

    func find(_ measure: String) throws -> any SimilarityMeasure {
        try SimilarityMeasures.find(measure)
    }

    /// By each of `measures`, in their order. Measures that look at the same rows share one
    /// stage of activations.
    ///
    /// - Parameter isNeeded: false for a measure that only the report shows: where it cannot be
    ///   had it is left out.
    func measure(
        _ original: CalibratedModel, measures: [String],
        isNeeded: (String) -> Bool = { _ in true }
    ) throws -> [MeasuredSimilarity] {
        var recorded: [String: StoredActivations] = [:]
        func found(_ name: String) throws -> MeasuredSimilarity {
            let measure = try find(name)
            let capture = measure.capture(representation, of: original.batch)
            let activations =
                try recorded[capture.name]
                ?? cache.run(
                    ActivationStage(
                        original, capture: capture, into: cache.store, numerics: numerics))
            recorded[capture.name] = activations
            return MeasuredSimilarity(
                similarity: try compare(measure, activations), activations: activations)
        }
        return try measures.compactMap { name in
            if isNeeded(name) { return try found(name) }
            return try cache.progress.figure("the similarity by \(name)") { try found(name) }
        }
    }

    private func compare(
        _ measure: any SimilarityMeasure, _ activations: StoredActivations
    ) throws -> IdentifiedSimilarity {
        let parameters = parameters(of: measure.name)
        var source = SimilarityStage.Source.activations(activations)
        if let embedded = measure as? any EmbeddedMeasure {
            let embeddings = try cache.run(
                EmbeddingStage(
                    measure: embedded, parameters: parameters, activations: activations,
                    numerics: numerics))
            source = .embeddings(embeddings, embedded)
        }
        return try cache.run(
            SimilarityStage(
                measure: measure, parameters: parameters, source: source, numerics: numerics,
                layers: activations.boundaries - 1))
    }

    /// The job's parameters where it names the measure, else the measure's defaults.
    func parameters(of measure: String) -> Parameters {
        if measure == analysis.similarity { return analysis.parameters }
        return Parameters().completed(with: Offer.similarity(measure)?.parameters ?? [])
    }
}
