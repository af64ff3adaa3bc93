// What a manifest's `compare` asks for: the original's similarity on more calibration sets and by
// more measures, and how far these agree.

import Analysis
import Jobs
import Model
import Report

struct SetComparison {
    let stages: AnalysisStages
    let compare: JobDescription.Comparison
    /// The measure of the analysis and those of `compare`.
    let measures: [String]

    /// A set of `compare`, tokenised.
    struct NamedSet {
        let name: String
        let tokens: TokenisedSet
    }

    /// For the report.
    struct Outcome {
        var similarities: [RunReport.Similarity] = []
        var correlations: [RunReport.Correlation] = []
    }

    init(stages: AnalysisStages, compare: JobDescription.Comparison) {
        self.stages = stages
        self.compare = compare
        measures = [stages.analysis.similarity] + compare.measures
    }

    /// A set's similarity by one measure.
    private struct Part {
        let set: String
        let matrix: SimilarityMatrix
        let halves: HalfSimilarities?
    }

    /// - Parameter calibration: the original's similarity on the job's calibration, by measure.
    func run(
        _ original: IdentifiedModel, sets: [NamedSet], calibration: [String: IdentifiedSimilarity]
    ) throws -> Outcome {
        var outcome = Outcome()
        var parts: [String: [Part]] = [:]
        for set in sets {
            let found = try stages.measure(original, tokens: set.tokens, measures: measures)
            for (measure, found) in zip(measures, found) {
                let halves = try halves(of: set, by: measure, found.activations)
                parts[measure, default: []].append(
                    Part(set: set.name, matrix: found.similarity.matrix, halves: halves))
                var entry = found.similarity.report(of: RunReport.Similarity.original)
                entry.set = set.name
                entry.samples = set.sampleCount
                outcome.similarities.append(entry)
            }
        }
        warnOfSizes(sets)
        for measure in measures {
            outcome.correlations += Self.compare(parts[measure] ?? [], measure)
        }
        outcome.correlations += Self.compareMeasures(
            measures.compactMap { calibration[$0] })
        return outcome
    }

    private func halves(
        of set: NamedSet, by measure: String, _ activations: StoredActivations
    ) throws -> HalfSimilarities? {
        try HalvesStage(
            cache: stages.cache, progress: stages.progress, numerics: stages.numerics,
            settings: compare.parameters
        ).measure(
            measure, parameters: stages.parameters(of: measure), activations: activations,
            tokens: set.tokens, representation: stages.analysis.representation, set: set.name)
    }

    private static func compare(_ parts: [Part], _ measure: String) -> [RunReport.Correlation] {
        var entries: [RunReport.Correlation] = []
        for (index, part) in parts.enumerated() {
            if let halves = part.halves {
                entries.append(
                    RunReport.Correlation(
                        between: .halves, measure: measure, first: part.set, second: part.set,
                        halves: RunReport.Halves(halves.agreements)))
            }
            for other in parts.dropFirst(index + 1) {
                let halves = part.halves.flatMap { mine in
                    other.halves.map { RunReport.Halves(mine.agreements(with: $0)) }
                }
                entries.append(
                    RunReport.Correlation(
                        between: .sets, measure: measure, first: part.set, second: other.set,
                        whole: RunReport.Agreement(MatrixAgreement(part.matrix, other.matrix)),
                        halves: halves))
            }
        }
        return entries
    }

    private static func compareMeasures(
        _ found: [IdentifiedSimilarity]
    ) -> [RunReport.Correlation] {
        found.indices.flatMap { index in
            found[(index + 1)...].map { other in
                RunReport.Correlation(
                    between: .measures, first: found[index].measure, second: other.measure,
                    whole: RunReport.Agreement(
                        MatrixAgreement(found[index].matrix, other.matrix)))
            }
        }
    }

    /// Fewer samples, more noise: sets of different size look less alike than they are.
    private func warnOfSizes(_ sets: [NamedSet]) {
        let counts = sets.map(\.sampleCount)
        guard let least = counts.min(), let most = counts.max(), least < most else { return }
        stages.progress.warn(
            "compare: the sets hold \(least) to \(most) samples; the similarity of fewer samples "
                + "is noisier, so give them the same number")
    }
}

extension SetComparison.NamedSet {
    /// Of samples that hold tokens.
    fileprivate var sampleCount: Int { tokens.batch.ranges.count { !$0.isEmpty } }
}

extension RunReport.Halves {
    fileprivate init(_ agreements: [MatrixAgreement]) {
        let (mean, spread) = MatrixAgreement.summary(agreements)
        self.init(
            splits: agreements.count, mean: RunReport.Agreement(mean),
            spread: RunReport.Agreement(spread))
    }
}

extension RunReport.Agreement {
    fileprivate init(_ found: MatrixAgreement) {
        self.init(
            pearson: found.pearson, spearman: found.spearman,
            pearsonOffDiagonal: found.pearsonOffDiagonal,
            spearmanOffDiagonal: found.spearmanOffDiagonal)
    }
}
