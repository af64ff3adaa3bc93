// From the header's JSON to tensor entries, each checked on its own as it is read.

import JSON

/// Collects the entries of one header. What concerns tensors among each other (holes, overlaps)
/// is checked afterwards, by `SafetensorsHeader`.
struct SafetensorsHeaderReader {
    private(set) var tensors: [TensorEntry] = []
    private(set) var metadata: [String: String] = [:]
    private let dataStart: Int
    private var scanner = JSONScanner()
    private var names: Set<ExactString> = []

    init(dataStart: Int) { self.dataStart = dataStart }

    /// Reads the whole header, which begins with "{".
    mutating func readAll(_ bytes: Span<UInt8>) throws(SafetensorsFault) {
        do {
            try scanner.consume("{", bytes)
            if try !scanner.consumeIf("}", bytes) {
                repeat { try readMember(bytes) } while try scanner.continues(until: "}", bytes)
            }
        } catch {
            throw Self.fault(error) { .headerNotJSON($0) }
        }
        guard scanner.isAtEnd(bytes) else {
            throw .headerPadding(byte: bytes[scanner.offset], offset: scanner.offset)
        }
    }

    /// The functions below throw several kinds of fault; the two doors (`readAll`, `readMember`)
    /// say where one happened.
    private static func fault(
        _ error: any Error, json: (JSONFault) -> SafetensorsFault
    ) -> SafetensorsFault {
        switch error {
        case let fault as SafetensorsFault: return fault
        case let fault as JSONFault: return json(fault)
        default: preconditionFailure("the reader throws no other error: \(error)")
        }
    }

    private mutating func readMember(_ bytes: Span<UInt8>) throws {
        let name = try readName(bytes)
        guard names.insert(ExactString(name)).inserted else {
            throw SafetensorsFault.tensor(name, .repeated)
        }
        guard name != "__metadata__" else { return try readMetadata(bytes) }
        guard tensors.count < SafetensorsHeader.tensorLimit else {
            throw SafetensorsFault.tensorsTooMany(limit: SafetensorsHeader.tensorLimit)
        }
        do {
            tensors.append(try readEntry(bytes, name))
        } catch {
            if let fault = error as? TensorFault { throw SafetensorsFault.tensor(name, fault) }
            throw Self.fault(error) { .tensor(name, .notJSON($0)) }
        }
    }

    private mutating func readName(_ bytes: Span<UInt8>) throws -> String {
        let limit = SafetensorsHeader.nameByteLimit
        do {
            let name = try scanner.string(bytes, byteLimit: limit)
            try scanner.consume(":", bytes)
            return name
        } catch JSONFault.stringTooLong(let offset, _) {
            throw SafetensorsFault.nameTooLong(offset: offset, limit: limit)
        }
    }

    private mutating func readMetadata(_ bytes: Span<UInt8>) throws {
        var seen: Set<ExactString> = []
        guard try scanner.consumeIf("{", bytes) else { throw SafetensorsFault.metadataNotObject }
        if try scanner.consumeIf("}", bytes) { return }
        repeat {
            let key = try scanner.string(bytes, byteLimit: bytes.count)
            try scanner.consume(":", bytes)
            guard seen.insert(ExactString(key)).inserted else {
                throw SafetensorsFault.metadataKeyRepeated(key: key)
            }
            guard try scanner.next(bytes) == UInt8(ascii: "\"") else {
                throw SafetensorsFault.metadataNotString(key: key)
            }
            metadata[key] = try scanner.string(bytes, byteLimit: bytes.count)
        } while try scanner.continues(until: "}", bytes)
    }

    // MARK: One tensor

    private mutating func readEntry(_ bytes: Span<UInt8>, _ name: String) throws -> TensorEntry {
        var dtype: DType?
        var shape: [Int]?
        var offsets: [Int]?
        var keys: Set<String> = []
        guard try scanner.consumeIf("{", bytes) else {
            throw TensorFault.notAnObject
        }
        if try !scanner.consumeIf("}", bytes) {
            repeat {
                let key = try scanner.string(
                    bytes, byteLimit: SafetensorsHeader.nameByteLimit)
                try scanner.consume(":", bytes)
                guard keys.insert(key).inserted else {
                    throw TensorFault.keyRepeated(key)
                }
                switch key {
                case "dtype": dtype = try readDType(bytes)
                case "shape": shape = try readShape(bytes)
                case "data_offsets": offsets = try readOffsets(bytes)
                // The reference reads over keys it does not know; so do we, checking syntax.
                default: try scanner.skipValue(bytes)
                }
            } while try scanner.continues(until: "}", bytes)
        }
        guard let dtype else { throw TensorFault.keyMissing("dtype") }
        guard let shape else { throw TensorFault.keyMissing("shape") }
        guard let offsets else { throw TensorFault.keyMissing("data_offsets") }
        return try entry(name, dtype, shape, begin: offsets[0], end: offsets[1])
    }

    private func entry(
        _ name: String, _ dtype: DType, _ shape: [Int], begin: Int, end: Int
    ) throws(TensorFault) -> TensorEntry {
        let expected = try Self.byteCount(dtype, shape)
        guard begin <= end else { throw .offsetsReversed(begin: begin, end: end) }
        guard end - begin == expected else {
            throw .sizeMismatch(dtype, shape: shape, expected: expected, found: end - begin)
        }
        let (fileEnd, overflow) = end.addingReportingOverflow(dataStart)
        guard !overflow else {
            throw .numberTooLarge(key: "data_offsets", number: String(end))
        }
        return TensorEntry(
            name: name, dtype: dtype, shape: shape, byteRange: begin + dataStart..<fileEnd)
    }

    /// Overflow is refused even where a dimension of zero would save the product, so that every
    /// part of the shape (a row, a matrix of a stack) has a size.
    private static func byteCount(
        _ dtype: DType, _ shape: [Int]
    ) throws(TensorFault) -> Int {
        var bits = dtype.bitWidth
        for dimension in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: max(1, dimension))
            guard !overflow else { throw .shapeOverflow(dtype, shape: shape) }
            bits = product
        }
        if shape.contains(0) { return 0 }
        guard bits % 8 == 0 else { throw .shapeNotWholeBytes(dtype, shape: shape) }
        return bits / 8
    }

    // MARK: The three values of an entry

    private mutating func readDType(_ bytes: Span<UInt8>) throws -> DType {
        guard try scanner.next(bytes) == UInt8(ascii: "\"") else {
            throw TensorFault.value(key: "dtype", expected: "a string")
        }
        let word = try scanner.string(bytes, byteLimit: SafetensorsHeader.nameByteLimit)
        guard let dtype = DType(rawValue: word) else {
            throw TensorFault.dtypeUnknown(word)
        }
        return dtype
    }

    private mutating func readShape(_ bytes: Span<UInt8>) throws -> [Int] {
        let limit = SafetensorsHeader.rankLimit
        return try readIntegers(
            bytes, key: "shape", expected: "an array of whole numbers", atMost: limit,
            orElse: .rankTooLarge(limit: limit))
    }

    private mutating func readOffsets(_ bytes: Span<UInt8>) throws -> [Int] {
        let expected = "an array of two whole numbers"
        let notTwo = TensorFault.value(key: "data_offsets", expected: expected)
        let offsets = try readIntegers(
            bytes, key: "data_offsets", expected: expected, atMost: 2, orElse: notTwo)
        guard offsets.count == 2 else { throw notTwo }
        return offsets
    }

    private mutating func readIntegers(
        _ bytes: Span<UInt8>, key: String, expected: String, atMost limit: Int,
        orElse tooMany: TensorFault
    ) throws -> [Int] {
        guard try scanner.consumeIf("[", bytes) else {
            throw TensorFault.value(key: key, expected: expected)
        }
        var numbers: [Int] = []
        if try scanner.consumeIf("]", bytes) { return numbers }
        repeat {
            guard numbers.count < limit else { throw tooMany }
            guard JSONScanner.beginsNumber(try scanner.next(bytes)) else {
                throw TensorFault.value(key: key, expected: expected)
            }
            numbers.append(try Self.integer(try scanner.number(bytes), key))
        } while try scanner.continues(until: "]", bytes)
        return numbers
    }

    private static func integer(
        _ token: String, _ key: String
    ) throws(TensorFault) -> Int {
        guard JSONScanner.isWholeNumber(token) else {
            throw .numberNotInteger(key: key, number: token)
        }
        guard !token.hasPrefix("-") else {
            throw .numberNegative(key: key, number: token)
        }
        guard let value = Int(token) else {
            throw .numberTooLarge(key: key, number: token)
        }
        return value
    }
}
