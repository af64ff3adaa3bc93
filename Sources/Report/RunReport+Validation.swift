// A report.json may come from anywhere: what drawings and tables rely on is checked on reading.

extension RunReport {
    /// The deepest published models have 126 layers; beyond this no drawing is of use.
    package static let layersMax = 1024
    /// More than 16 sets and ten measures give, each with each.
    package static let correlationsMax = 2000

    /// Throws `ReportError.field` for the first number that no report of ours could hold.
    func validate() throws(ReportError) {
        try check(model.layers, in: 0..<Self.layersMax + 1, "model.layers")
        for (index, similarity) in similarity.enumerated() {
            let rows = similarity.matrix.count
            try check(rows, in: 0..<Self.layersMax + 1, "similarity[\(index)].matrix: rows")
            for (row, values) in similarity.matrix.enumerated() {
                try check(
                    values.count, in: rows..<rows + 1,
                    "similarity[\(index)].matrix[\(row)]: columns")
            }
        }
        try check(
            correlations?.count ?? 0, in: 0..<Self.correlationsMax + 1, "correlations: entries")
        try check(quantized?.count ?? 0, in: 0..<Self.quantizedMax + 1, "quantized: entries")
        for (index, result) in results.enumerated() {
            try validate(result, "results[\(index)]")
        }
    }

    /// A manifest makes no more.
    private static let quantizedMax = 10_000

    private func validate(_ result: Result, _ path: String) throws(ReportError) {
        try check(result.layers, in: 0..<Self.layersMax + 1, "\(path).layers")
        try check(result.plan.count, in: 0..<Self.layersMax + 1, "\(path).plan: entries")
        for (index, entry) in result.plan.enumerated() {
            try check(entry.into, in: 0..<Self.layersMax + 1, "\(path).plan[\(index)].into")
            for source in entry.from {
                try check(source.layer, in: 0..<model.layers, "\(path).plan[\(index)].from: layer")
            }
        }
        for layer in result.removedLayers {
            try check(layer, in: 0..<model.layers, "\(path).removed_layers")
        }
        for position in result.similarityBefore + result.similarityAfter {
            try check(position, in: 0..<similarity.count, "\(path): position in similarity")
        }
    }

    private func check(
        _ value: Int, in range: Range<Int>, _ path: String
    ) throws(ReportError) {
        guard range.contains(value) else {
            let expected =
                switch range.count {
                case 0: "none"
                case 1: "\(range.lowerBound)"
                default: "\(range.lowerBound) to \(range.upperBound - 1)"
                }
            throw .field(path: path, problem: "expected \(expected), found \(value)")
        }
    }
}
