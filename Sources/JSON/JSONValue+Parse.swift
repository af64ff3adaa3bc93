// JSON text as a tree.

extension JSONValue {
    /// Parses a document. A key that appears twice in an object is refused.
    ///
    /// - Parameter pythonNumbers: whether `NaN`, `Infinity` and `-Infinity` are numbers, because
    ///   Python writes them into configs and data.
    package init(
        parsing bytes: Span<UInt8>, limits: JSONLimits, pythonNumbers: Bool = false
    ) throws(JSONFault) {
        self = try JSONWalker.document(bytes, limits: limits) {
            (walker) throws(JSONFault) in
            try walker.tree(bytes, pythonNumbers)
        }
    }

    package init(
        parsing text: String, limits: JSONLimits, pythonNumbers: Bool = false
    ) throws(JSONFault) {
        let bytes = Array(text.utf8)
        try self.init(parsing: bytes.span, limits: limits, pythonNumbers: pythonNumbers)
    }
}

extension JSONWalker {
    fileprivate mutating func tree(
        _ bytes: Span<UInt8>, _ pythonNumbers: Bool
    ) throws(JSONFault) -> JSONValue {
        let first = try begin(bytes)
        switch first {
        case UInt8(ascii: "{"):
            var members = JSONObject()
            try object(bytes) { (walker, key, offset) throws(JSONFault) in
                guard members.append(key, try walker.tree(bytes, pythonNumbers)) else {
                    throw .repeatedKey(key, offset: offset)
                }
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [JSONValue] = []
            try array(bytes) { (walker) throws(JSONFault) in
                elements.append(try walker.tree(bytes, pythonNumbers))
            }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try scanner.string(bytes, byteLimit: bytes.count))
        case UInt8(ascii: "t"): return try word("true", .bool(true), bytes)
        case UInt8(ascii: "f"): return try word("false", .bool(false), bytes)
        case UInt8(ascii: "n"): return try word("null", .null, bytes)
        case UInt8(ascii: "N") where pythonNumbers: return try word("NaN", bytes)
        case UInt8(ascii: "I") where pythonNumbers: return try word("Infinity", bytes)
        case UInt8(ascii: "-") where pythonNumbers && isFollowedByInfinity(bytes):
            return try word("-Infinity", bytes)
        case _ where JSONScanner.beginsNumber(first):
            return .number(JSONNumber(token: try scanner.number(bytes)))
        default: throw unexpected("a value", bytes)
        }
    }

    private func isFollowedByInfinity(_ bytes: Span<UInt8>) -> Bool {
        scanner.offset + 1 < bytes.count && bytes[scanner.offset + 1] == UInt8(ascii: "I")
    }

    /// Consumes one of Python's words for numbers.
    private mutating func word(
        _ word: StaticString, _ bytes: Span<UInt8>
    ) throws(JSONFault) -> JSONValue {
        try self.word(word, .number(JSONNumber(token: "\(word)")), bytes)
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue, _ bytes: Span<UInt8>
    ) throws(JSONFault) -> JSONValue {
        try scanner.word(word, bytes)
        return value
    }
}
