// How long results stay, as the settings file says it: `retention: {days: 90, count: 20, bytes:
// 500G}`.

import Catalogue

/// Which results of a user are kept; the newest first, those beyond a limit go. Off where all are
/// nil.
package struct RetentionRule: Sendable, Equatable {
    /// Results stay this many days after their job finished.
    package var days: Int?
    /// So many results of each user stay.
    package var count: Int?
    /// Results of each user stay as long as they take together no more than this.
    package var bytes: Int?

    package init(days: Int? = nil, count: Int? = nil, bytes: Int? = nil) {
        self.days = days
        self.count = count
        self.bytes = bytes
    }

    package var isOff: Bool { days == nil && count == nil && bytes == nil }

    /// - Throws: `ManifestError` with line and column.
    static func parse(_ field: Field) throws -> RetentionRule {
        let map = try FieldMap(field, "a mapping, such as `days: 90`")
        try map.refuseUnknown(besides: ["days", "count", "bytes"], in: "retention")
        let rule = RetentionRule(
            days: try map["days"]?.integer(in: 1...36_500),
            count: try map["count"]?.integer(in: 1...1_000_000),
            bytes: try map["bytes"].map(ByteCount.parse))
        guard !rule.isOff else {
            throw field.error(
                "no limit is named", expected: "`days`, `count` or `bytes`",
                hint: "add one, such as `days: 90`, or take `retention` out")
        }
        return rule
    }
}

/// A number of bytes as people write it: `500G`, `48GiB`, `1000000`.
enum ByteCount {
    static func parse(_ field: Field) throws -> Int {
        let expected = "bytes, such as 500G"
        let text = try field.text(expected)
        do throws(BudgetFault) {
            guard case .count(let count) = try Budget(.size, text).amount else {
                throw BudgetFault(problem: "a share", hint: "write bytes, such as 500G")
            }
            return count
        } catch {
            throw field.error(
                error.problem, expected: expected, found: field.node.found, hint: error.hint)
        }
    }
}
