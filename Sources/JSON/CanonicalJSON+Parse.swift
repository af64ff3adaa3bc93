// Reads JSON text back into `CanonicalJSON`. Accepts any spelling of the values it knows (RFC
// 8259); refuses null, fractions, keys that appear twice.

extension CanonicalJSON {
    package init(parsing bytes: Span<UInt8>, limits: JSONLimits) throws(JSONFault) {
        self = try JSONWalker.document(bytes, limits: limits) {
            (walker) throws(JSONFault) in
            try walker.canonical(bytes)
        }
    }
}

extension JSONWalker {
    fileprivate mutating func canonical(
        _ bytes: Span<UInt8>
    ) throws(JSONFault) -> CanonicalJSON {
        let first = try begin(bytes)
        switch first {
        case UInt8(ascii: "{"):
            var members: [String: CanonicalJSON] = [:]
            try object(bytes) { (walker, key, offset) throws(JSONFault) in
                guard members.updateValue(try walker.canonical(bytes), forKey: key) == nil else {
                    throw .repeatedKey(key, offset: offset)
                }
            }
            return .object(members)
        case UInt8(ascii: "["):
            var elements: [CanonicalJSON] = []
            try array(bytes) { (walker) throws(JSONFault) in
                elements.append(try walker.canonical(bytes))
            }
            return .array(elements)
        case UInt8(ascii: "\""):
            return .string(try scanner.string(bytes, byteLimit: bytes.count))
        case UInt8(ascii: "t"):
            try scanner.word("true", bytes)
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanner.word("false", bytes)
            return .bool(false)
        case _ where JSONScanner.beginsNumber(first): return .integer(try integer(bytes))
        default:
            throw unexpected("a string, an integer, true or false, a list or an object", bytes)
        }
    }

    /// One spelling per value: no leading zeros, no minus zero.
    private mutating func integer(_ bytes: Span<UInt8>) throws(JSONFault) -> Int {
        let start = scanner.offset
        let token = try scanner.number(bytes)
        guard let value = Int(token), String(value) == token else {
            throw .notInteger(token, offset: start)
        }
        return value
    }
}
