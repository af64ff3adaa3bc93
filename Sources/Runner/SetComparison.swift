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
            let found = try stages.measure(
                CalibratedModel(identified: original, tokens: set.tokens), measures: measures,
                isNeeded: { _ in false })
            for found in found {
                let measure = found.similarity.measure.name
                let halves = try halves(of: set, by: found)
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

    /// - Returns: Nothing, with a warning, where halves say nothing: where what is compared are
    ///   no samples, and of sets too small for the measure.
    private func halves(
        of set: NamedSet, by measured: MeasuredSimilarity
    ) throws -> HalfSimilarities? {
        let measure = measured.similarity.measure
        let stage = HalvesStage(
            measure: measure, parameters: stages.parameters(of: measure.name),
            activations: measured.activations, tokens: set.tokens,
            representation: stages.representation, settings: compare.parameters,
            numerics: stages.numerics, set: set.name)
        if let obstacle = stage.obstacle {
            stages.cache.progress.warn(obstacle)
            return nil
        }
        do { return try stages.cache.run(stage) } catch let error as AnalysisError {
            // The whole set was measured, so it is the number of samples that does not do.
            stages.cache.progress.warn("\(set.name): no halves by \(measure.name): \(error)")
            return nil
        }
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
        _ matrices: [IdentifiedSimilarity]
    ) -> [RunReport.Correlation] {
        matrices.indices.flatMap { index in
            matrices[(index + 1)...].map { other in
                RunReport.Correlation(
                    between: .measures, first: matrices[index].measure.name,
                    second: other.measure.name,
                    whole: RunReport.Agreement(
                        MatrixAgreement(matrices[index].matrix, other.matrix)))
            }
        }
    }

    /// Fewer samples, more noise: sets of different size look less alike than they are.
    private func warnOfSizes(_ sets: [NamedSet]) {
        let counts = sets.map(\.sampleCount)
        guard let least = counts.min(), let most = counts.max(), least < most else { return }
        stages.cache.progress.warn(
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
    fileprivate init(_ agreement: MatrixAgreement) {
        self.init(
            pearson: agreement.pearson, spearman: agreement.spearman,
            pearsonOffDiagonal: agreement.pearsonOffDiagonal,
            spearmanOffDiagonal: agreement.spearmanOffDiagonal)
    }
}
