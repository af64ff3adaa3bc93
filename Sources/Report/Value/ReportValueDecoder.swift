// ReportValue to Codable values: the mirror image of ReportValueEncoder. Null reads as NaN where a
// number is due; unknown keys are passed over.

/// Decodes any `Decodable` from a tree of JSON values; throws `ReportError.field`.
enum ReportValueDecoder {
    static func decode<T: Decodable>(_ type: T.Type, from value: ReportValue) throws -> T {
        try decode(type, from: value, path: [])
    }

    fileprivate static func decode<T: Decodable>(
        _ type: T.Type, from value: ReportValue, path: [any CodingKey]
    ) throws -> T {
        let plain: (any Sendable)? =
            switch (value, type) {
            case (_, is ReportValue.Type): value
            case (.number(let number), is Double.Type): number
            case (.integer(let number), is Double.Type): Double(number)
            case (.null, is Double.Type): Double.nan
            case (.integer(let number), is Int.Type): number
            case (.string(let text), is String.Type): text
            case (.bool(let flag), is Bool.Type): flag
            default: nil
            }
        if let plain = plain as? T { return plain }
        if type is Double.Type || type is Int.Type || type is String.Type || type is Bool.Type {
            throw mismatch("\(type)", value, path)
        }
        return try T(from: Source(value: value, codingPath: path))
    }

    fileprivate static func mismatch(
        _ expected: String, _ value: ReportValue, _ path: [any CodingKey]
    ) -> ReportError {
        .field(path: text(of: path), problem: "expected \(expected), found \(value.kind)")
    }

    fileprivate static func missing(_ path: [any CodingKey]) -> ReportError {
        .field(path: text(of: path), problem: "is missing")
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
    let value: ReportValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else {
            throw ReportValueDecoder.mismatch("an object", value, codingPath)
        }
        return KeyedDecodingContainer(ObjectSource<Key>(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else {
            throw ReportValueDecoder.mismatch("a list", value, codingPath)
        }
        return ListSource(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        PlainSource(value: value, codingPath: codingPath)
    }
}

private struct PlainSource: SingleValueDecodingContainer {
    let value: ReportValue
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool { value == .null }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try ReportValueDecoder.decode(type, from: value, path: codingPath)
    }
}

private struct ListSource: UnkeyedDecodingContainer {
    let elements: [ReportValue]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(elements: [ReportValue], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private mutating func next() throws -> Source {
        let path = codingPath + [ReportKey(currentIndex)]
        guard !isAtEnd else { throw ReportValueDecoder.missing(path) }
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
        return try ReportValueDecoder.decode(type, from: source.value, path: source.codingPath)
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
    let members: [ReportValue.Member]
    let codingPath: [any CodingKey]

    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool { find(key) != nil }

    private func find(_ key: any CodingKey) -> ReportValue? {
        members.first { $0.key == key.stringValue }?.value
    }

    private func source(_ key: any CodingKey) throws -> Source {
        let path = codingPath + [key]
        guard let value = find(key) else { throw ReportValueDecoder.missing(path) }
        return Source(value: value, codingPath: path)
    }

    func decodeNil(forKey key: Key) throws -> Bool { try source(key).value == .null }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let source = try source(key)
        return try ReportValueDecoder.decode(type, from: source.value, path: source.codingPath)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try source(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try source(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try source(ReportKey("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try source(key) }
}
