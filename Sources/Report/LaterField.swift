// A field that came to report.json later: it is not written where it says nothing, so that reports
// of jobs that do not use it keep their bytes.

/// An optional field of report.json that is left out where it is nil.
@propertyWrapper
package struct LaterField<Value: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }
}

// What is synthesised for types with such fields calls these, being nearer than the general ones.

extension KeyedEncodingContainer {
    mutating func encode<Value>(_ field: LaterField<Value>, forKey key: Key) throws {
        if let value = field.wrappedValue { try encode(value, forKey: key) }
    }
}

extension KeyedDecodingContainer {
    func decode<Value>(
        _ type: LaterField<Value>.Type, forKey key: Key
    ) throws -> LaterField<Value> {
        LaterField(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}
