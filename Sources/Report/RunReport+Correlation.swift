// How far similarity matrices agree with one another, in report.json: those of calibration sets,
// of halves of one set, and of measures.

extension RunReport {
    package struct Correlation: Codable, Sendable, Equatable {
        package enum Kind: String, Codable, Sendable {
            /// The similarities of two calibration sets, by one measure.
            case sets
            /// Those of two halves of one set, by one measure: what the draw of samples does.
            case halves
            /// Those by two measures, on the job's calibration.
            case measures
        }

        package var between: Kind
        /// Of `sets` and `halves`.
        package var measure: String?
        /// Names of sets, or of measures; of `halves` twice the same.
        package var first: String
        package var second: String
        /// Of the similarities of all samples; none for `halves`.
        package var whole: Agreement?
        /// Of the similarities of halves: what may be compared with the entries `halves`.
        package var halves: Halves?

        package init(
            between: Kind, measure: String? = nil, first: String, second: String,
            whole: Agreement? = nil, halves: Halves? = nil
        ) {
            self.between = between
            self.measure = measure
            self.first = first
            self.second = second
            self.whole = whole
            self.halves = halves
        }
    }

    /// Correlations over several random splits into halves.
    package struct Halves: Codable, Sendable, Equatable {
        package var splits: Int
        package var mean: Agreement
        /// Standard deviation over the splits, which share their samples.
        package var spread: Agreement

        package init(splits: Int, mean: Agreement, spread: Agreement) {
            self.splits = splits
            self.mean = mean
            self.spread = spread
        }
    }

    /// Correlations of the upper triangles of two similarity matrices; NaN (null in JSON) where
    /// one does not vary.
    package struct Agreement: Codable, Sendable, Equatable {
        /// Over the upper triangle with its diagonal.
        package var pearson: Double
        package var spearman: Double
        /// Over the upper triangle alone.
        package var pearsonOffDiagonal: Double
        package var spearmanOffDiagonal: Double

        package init(
            pearson: Double, spearman: Double, pearsonOffDiagonal: Double,
            spearmanOffDiagonal: Double
        ) {
            self.pearson = pearson
            self.spearman = spearman
            self.pearsonOffDiagonal = pearsonOffDiagonal
            self.spearmanOffDiagonal = spearmanOffDiagonal
        }

        private enum CodingKeys: String, CodingKey {
            case pearson, spearman
            case pearsonOffDiagonal = "pearson_off_diagonal"
            case spearmanOffDiagonal = "spearman_off_diagonal"
        }
    }
}

/// The content of correlations.csv: a row per pair.
package enum CorrelationCSV {
    package static func render(_ correlations: [RunReport.Correlation]) -> String {
        let figures = ["pearson", "spearman", "pearson_off_diagonal", "spearman_off_diagonal"]
        let header =
            ["between", "measure", "first", "second"] + figures + ["splits"]
            + figures.map { "halves." + $0 } + figures.map { "halves.\($0).spread" }
        let rows = correlations.map { entry -> [String] in
            [entry.between.rawValue, entry.measure ?? "", entry.first, entry.second]
                + fields(entry.whole) + [entry.halves.map { String($0.splits) } ?? ""]
                + fields(entry.halves?.mean) + fields(entry.halves?.spread)
        }
        return CSVText.text(header: header, rows: rows)
    }

    private static func fields(_ agreement: RunReport.Agreement?) -> [String] {
        [
            agreement?.pearson, agreement?.spearman, agreement?.pearsonOffDiagonal,
            agreement?.spearmanOffDiagonal,
        ].map(CSVText.number)
    }
}
