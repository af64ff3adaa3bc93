// Reads GGUF files back, by the format's own words and nothing of the writer's.

import Foundation
import SystemPackage

/// Metadata and tensors of a GGUF file (version 3, little-endian).
struct FileReader {
    enum Value: Equatable {
        case number(Double)
        case flag(Bool)
        case text([UInt8])
        case list([Value])

        var text: String? {
            if case .text(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
        }
        var number: Double? { if case .number(let value) = self { value } else { nil } }
        var list: [Value]? { if case .list(let values) = self { values } else { nil } }
    }

    struct Tensor: Equatable {
        let name: String
        let type: UInt32
        /// Outermost first.
        let shape: [Int]
        let offset: Int
        /// To the next tensor or the end of the file, padding included.
        var padded: [UInt8] = []
    }

    struct Damaged: Error {}

    private(set) var metadata: [(name: String, value: Value)] = []
    private(set) var tensors: [Tensor] = []
    private(set) var dataStart = 0
    private var bytes: [UInt8]
    private var place = 0

    init(_ path: FilePath) throws {
        try self.init([UInt8](try Data(contentsOf: URL(fileURLWithPath: path.string))))
    }

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard bytes.starts(with: "GGUF".utf8) else { throw Damaged() }
        place = 4
        guard try integer(4) == 3 else { throw Damaged() }
        let tensorCount = try integer(8)
        let valueCount = try integer(8)
        for _ in 0..<valueCount {
            let name = String(decoding: try text(), as: UTF8.self)
            metadata.append((name, try value(of: try integer(4))))
        }
        for _ in 0..<tensorCount {
            let name = String(decoding: try text(), as: UTF8.self)
            let rank = try integer(4)
            var shape: [Int] = []
            for _ in 0..<rank { shape.insert(try integer(8), at: 0) }
            let type = UInt32(try integer(4))
            tensors.append(Tensor(name: name, type: type, shape: shape, offset: try integer(8)))
        }
        dataStart = (place + 31) / 32 * 32
        for index in tensors.indices {
            let start = dataStart + tensors[index].offset
            let end =
                index + 1 < tensors.count
                ? dataStart + tensors[index + 1].offset : bytes.count
            guard start <= end, end <= bytes.count else { throw Damaged() }
            tensors[index].padded = Array(bytes[start..<end])
        }
    }

    subscript(name: String) -> Value? { metadata.first { $0.name == name }?.value }

    func tensor(_ name: String) -> Tensor? { tensors.first { $0.name == name } }

    private mutating func integer(_ count: Int) throws -> Int {
        guard place + count <= bytes.count else { throw Damaged() }
        defer { place += count }
        return bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func text() throws -> [UInt8] {
        let count = try integer(8)
        guard place + count <= bytes.count else { throw Damaged() }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    private mutating func value(of kind: Int) throws -> Value {
        switch kind {
        case 4: return .number(Double(try integer(4)))
        case 5: return .number(Double(Int32(bitPattern: UInt32(try integer(4)))))
        case 6: return .number(Double(Float(bitPattern: UInt32(try integer(4)))))
        case 7: return .flag(try integer(1) != 0)
        case 8: return .text(try text())
        case 9:
            let kind = try integer(4)
            let count = try integer(8)
            var values: [Value] = []
            for _ in 0..<count { values.append(try value(of: kind)) }
            return .list(values)
        default: throw Damaged()
        }
    }
}
