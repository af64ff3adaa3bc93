// The walk through a document: limits, nesting, commas. What becomes of the values is for its
// callers (the tree, the canonical form).

/// Goes through one document, value by value.
struct JSONWalker {
    var scanner = JSONScanner()
    private let limits: JSONLimits
    private var depth = 0
    private var values = 0

    private init(limits: JSONLimits) { self.limits = limits }

    /// Reads a whole document: one value with nothing but white space around it.
    static func document<Tree>(
        _ bytes: Span<UInt8>, limits: JSONLimits,
        value: (inout JSONWalker) throws(JSONFault) -> Tree
    ) throws(JSONFault) -> Tree {
        guard bytes.count <= limits.bytes else {
            throw .tooLarge(byteCount: bytes.count, limit: limits.bytes)
        }
        var walker = JSONWalker(limits: limits)
        let tree = try value(&walker)
        guard walker.scanner.isAtEnd(bytes) else { throw walker.unexpected("the end", bytes) }
        return tree
    }

    /// The first byte of the next value, which is counted but not consumed.
    mutating func begin(_ bytes: Span<UInt8>) throws(JSONFault) -> UInt8 {
        let first = try scanner.next(bytes)
        values += 1
        guard values <= limits.values else {
            throw .tooManyValues(offset: scanner.offset, limit: limits.values)
        }
        return first
    }

    /// Reads an object; `member` reads each value, and is told the key and where that begins.
    mutating func object(
        _ bytes: Span<UInt8>,
        member: (inout JSONWalker, String, Int) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try enter("{", bytes)
        if try !scanner.consumeIf("}", bytes) {
            repeat {
                _ = try scanner.next(bytes)
                let offset = scanner.offset
                let key = try scanner.string(bytes, byteLimit: bytes.count)
                try scanner.consume(":", bytes)
                try member(&self, key, offset)
            } while try scanner.continues(until: "}", bytes)
        }
        depth -= 1
    }

    /// Reads an array; `element` reads each value.
    mutating func array(
        _ bytes: Span<UInt8>, element: (inout JSONWalker) throws(JSONFault) -> Void
    ) throws(JSONFault) {
        try enter("[", bytes)
        if try !scanner.consumeIf("]", bytes) {
            repeat { try element(&self) } while try scanner.continues(until: "]", bytes)
        }
        depth -= 1
    }

    private mutating func enter(
        _ opening: Unicode.Scalar, _ bytes: Span<UInt8>
    ) throws(JSONFault) {
        guard depth < limits.depth else {
            throw .tooDeep(offset: scanner.offset, limit: limits.depth)
        }
        depth += 1
        try scanner.consume(opening, bytes)
    }

    /// The fault that something else than `expected` comes next. There is a next byte.
    func unexpected(_ expected: String, _ bytes: Span<UInt8>) -> JSONFault {
        .unexpected(byte: bytes[scanner.offset], offset: scanner.offset, expected: expected)
    }
}
