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
            bytes: try map["bytes"].map { try ByteCount.parse($0) })
        guard !rule.isOff else {
            throw field.error(
                "no limit is named", expected: "`days`, `count` or `bytes`",
                hint: "add one, such as `days: 90`, or take `retention` out")
        }
        return rule
    }
}
