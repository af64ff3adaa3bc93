// JSONValue to Codable values: the mirror image of JSONValueEncoder. Null reads as NaN where a
// number is due; unknown keys are passed over.

package import Failures

/// A field that is missing or of another kind than is asked for.
package struct JSONFieldFault: ClassifiedFailure, Equatable, Sendable {
    package var failureClass: FailureClass { .user }

    /// As `results[2].plan[0].into`.
    package let path: String
    package let problem: String

    package init(path: String, problem: String) {
        self.path = path
        self.problem = problem
    }
}

/// Decodes any `Decodable` from a tree of JSON values; throws `JSONFieldFault`.
package enum JSONValueDecoder {
    package static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws -> T {
        try decode(type, from: value, path: [])
    }

    fileprivate static func decode<T: Decodable>(
        _ type: T.Type, from value: JSONValue, path: [any CodingKey]
    ) throws -> T {
        let plain: Any? =
            switch type {
            case is JSONValue.Type: value
            case is Double.Type: value == .null ? Double.nan : value.finiteDouble
            case is String.Type: value.string
            case is Bool.Type: value.bool
            case let type as any FixedWidthInteger.Type: whole(type, value)
            default: try T(from: Source(value: value, codingPath: path))
            }
        guard let plain = plain as? T else { throw mismatch("\(type)", value, path) }
        return plain
    }

    /// The value, where it is spelled as a whole number that fits.
    private static func whole<Whole: FixedWidthInteger>(
        _ type: Whole.Type, _ value: JSONValue
    ) -> Whole? {
        guard case .number(let number) = value else { return nil }
        return Whole(number.token)
    }

    fileprivate static func mismatch(
        _ expected: String, _ value: JSONValue, _ path: [any CodingKey]
    ) -> JSONFieldFault {
        JSONFieldFault(
            path: text(of: path), problem: "expected \(expected), found \(value.kind)")
    }

    fileprivate static func missing(_ path: [any CodingKey]) -> JSONFieldFault {
        JSONFieldFault(path: text(of: path), problem: "is missing")
    }

    /// `results[2].plan[0].into`.
    static func text(of path: [any CodingKey]) -> String {
        let text = path.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return text.isEmpty ? "the whole file" : text
    }
}

private struct Source: Decoder {
    let value: JSONValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else {
            throw JSONValueDecoder.mismatch("an object", value, codingPath)
        }
        return KeyedDecodingContainer(ObjectSource<Key>(object: object, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else {
            throw JSONValueDecoder.mismatch("a list", value, codingPath)
        }
        return ListSource(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        PlainSource(value: value, codingPath: codingPath)
    }
}

private struct PlainSource: SingleValueDecodingContainer {
    let value: JSONValue
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool { value == .null }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try JSONValueDecoder.decode(type, from: value, path: codingPath)
    }
}

private struct ListSource: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(elements: [JSONValue], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private mutating func next() throws -> Source {
        let path = codingPath + [JSONKey(currentIndex)]
        guard !isAtEnd else { throw JSONValueDecoder.missing(path) }
        defer { currentIndex += 1 }
        return Source(value: elements[currentIndex], codingPath: path)
    }

    mutating func decodeNil() -> Bool {
        guard !isAtEnd, elements[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let source = try next()
        return try JSONValueDecoder.decode(type, from: source.value, path: source.codingPath)
    }

    mutating func nestedContainer<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> { try next().container(keyedBy: type) }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct ObjectSource<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let object: JSONObject
    let codingPath: [any CodingKey]

    var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }

    private func source(_ key: any CodingKey) throws -> Source {
        let path = codingPath + [key]
        guard let value = object[key.stringValue] else { throw JSONValueDecoder.missing(path) }
        return Source(value: value, codingPath: path)
    }

    func decodeNil(forKey key: Key) throws -> Bool { try source(key).value == .null }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let source = try source(key)
        return try JSONValueDecoder.decode(type, from: source.value, path: source.codingPath)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try source(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try source(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try source(JSONKey("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try source(key) }
}
