// What analysis found, as planning and the report read it.

import Analysis
import Report

/// What is known of layers, and the tokens it was learnt from.
struct Analysed {
    /// nil where the job has no calibration.
    let tokens: TokenisedSet?
    /// Of the original, by measure.
    private(set) var similarity: [String: IdentifiedSimilarity] = [:]
    /// Of the original and of results, as the report lists them.
    var reports: [RunReport.Similarity] = []
    var correlations: [RunReport.Correlation]?

    init(tokens: TokenisedSet?) { self.tokens = tokens }

    mutating func add(_ matrix: IdentifiedSimilarity) {
        similarity[matrix.measure.name] = matrix
        reports.append(matrix.report(of: RunReport.Similarity.original))
    }
}
