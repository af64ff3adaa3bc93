// `cache:` of the settings file: how much of the disk the store may take.

import Catalogue

/// What the settings say of the store's size; nil where they are silent.
package struct CacheSettings: Sendable, Equatable {
    /// Bytes that the store's objects may take together.
    package var size: Int?
    /// Shares of `size` at which collection begins, and to which it goes.
    package var high: Double?
    package var low: Double?
    /// Bytes that stay free on the disk.
    package var freeFloor: Int?

    package init() {}

    init(_ field: Field) throws {
        let map = try FieldMap(field, "a mapping, such as `size: 500G`")
        try map.refuseUnknown(besides: ["size", "high", "low", "free_floor"], in: "`cache`")
        size = try map["size"].map { try ByteCount.parse($0, allowsZero: true) }
        high = try map["high"]?.number(in: 0.01...1)
        low = try map["low"]?.number(in: 0...1)
        freeFloor = try map["free_floor"].map { try ByteCount.parse($0, allowsZero: true) }
        guard let low, let place = map["low"] else { return }
        let high = high ?? Self.highDefault
        guard low <= high else {
            throw place.error(
                "above the mark at which collection begins", expected: "at most \(high)",
                found: place.node.found)
        }
    }

    private static let highDefault = 0.9
}
