// What several jobs asked for, told by what is not the same in all of them. Pure.

import JSON

/// Values of jobs' descriptions that differ.
package struct DescriptionDifferences: Sendable, Equatable {
    package struct Row: Sendable, Equatable {
        /// `compress[0].ratios[1]`.
        package let path: String
        /// As many as there are jobs; nil where a job has nothing there.
        package let values: [String?]
    }

    /// In the order of the first job, then what only later ones have.
    package let rows: [Row]
    /// How many more differ than are told.
    package let omitted: Int

    /// More than anybody reads; a manifest may hold 20,000 values.
    package static let rowsMax = 200
    /// Of one report: its owner may have written it by hand.
    private static let valuesMax = 20_000
    private static let pathBytesMax = 400

    /// - Parameter reports: the name is left out, since it always differs.
    package init(_ reports: [RunReport], rowsMax: Int = Self.rowsMax) {
        var paths: [String] = []
        var known: Set<String> = []
        // Alone, a description differs from nothing.
        let compared = reports.count > 1 ? reports : []
        let sides = compared.map { report in
            var values: [String: String] = [:]
            var left = Self.valuesMax
            Self.flatten(report.job, "", &left) { path, value in
                values[path] = value
                if known.insert(path).inserted { paths.append(path) }
            }
            return values
        }
        let all = paths.filter { $0 != "name" }.compactMap { path -> Row? in
            let values = sides.map { $0[path] }
            return Set(values).count > 1 ? Row(path: path, values: values) : nil
        }
        rows = Array(all.prefix(rowsMax))
        omitted = all.count - rows.count
    }

    private static func flatten(
        _ value: JSONValue, _ path: String, _ left: inout Int,
        _ tell: (String, String) -> Void
    ) {
        guard left > 0, path.utf8.count <= pathBytesMax else { return }
        left -= 1
        switch value {
        case .null: tell(path, "null")
        case .bool(let flag): tell(path, flag ? "true" : "false")
        case .number(let number): tell(path, number.token)
        case .string(let text): tell(path, text)
        case .array(let values):
            if values.isEmpty { tell(path, "[]") }
            for (index, value) in values.enumerated() {
                flatten(value, "\(path)[\(index)]", &left, tell)
            }
        case .object(let members):
            if members.isEmpty { tell(path, "{}") }
            for (key, value) in members {
                let key = key.shortened(to: 80)
                flatten(value, path.isEmpty ? key : "\(path).\(key)", &left, tell)
            }
        }
    }
}
