// Reads the fixtures of the manifold tests: small safetensors files of F32 and F64 arrays.

import Engine
import Foundation
import TensorMath
import Testing

struct Golden {
    private let bytes: Data
    private let arrays: [String: Array]

    private struct Array: Decodable {
        let dtype: String
        let shape: [Int]
        let offsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case offsets = "data_offsets"
        }
    }

    private enum Entry: Decodable {
        case array(Array)
        case metadata

        init(from decoder: any Decoder) throws {
            self = (try? Array(from: decoder)).map(Entry.array) ?? .metadata
        }
    }

    struct MissingArray: Error {
        let name: String
    }

    init(_ path: URL) throws {
        bytes = try Data(contentsOf: path)
        let length = bytes.prefix(8).enumerated().reduce(0) {
            $0 | Int($1.element) << (8 * $1.offset)
        }
        let entries = try JSONDecoder().decode(
            [String: Entry].self, from: bytes.subdata(in: 8..<8 + length))
        arrays = entries.compactMapValues { entry in
            guard case .array(let array) = entry else { return nil }
            return array
        }
        dataStart = 8 + length
    }

    private let dataStart: Int

    /// A committed fixture.
    init(fixture: String) throws {
        try self.init(
            URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Fixtures/manifold/\(fixture).safetensors"))
    }

    func values(_ name: String) throws -> [Double] {
        guard let array = arrays[name] else { throw MissingArray(name: name) }
        let start = dataStart + array.offsets[0]
        let width = array.dtype == "F64" ? 8 : 4
        let count = (array.offsets[1] - array.offsets[0]) / width
        return (0..<count).map { index in
            let place = start + index * width
            let word = (0..<width).reduce(UInt64(0)) {
                $0 | UInt64(bytes[place + $1]) << UInt64(8 * $1)
            }
            return width == 8
                ? Double(bitPattern: word) : Double(Float(bitPattern: UInt32(word)))
        }
    }

    func matrix(_ name: String) throws -> DoubleMatrix {
        let values = try values(name)
        guard let shape = arrays[name]?.shape, shape.count == 2 else {
            throw MissingArray(name: name)
        }
        return DoubleMatrix(rows: shape[0], columns: shape[1], values: values)
    }

    func rows(_ name: String) throws -> LayerRows {
        let matrix = try matrix(name)
        return LayerRows(
            count: matrix.rows, width: matrix.columns, values: matrix.values.map { Float($0) })
    }
}

/// Numbers that look random and are the same everywhere.
struct TestNumbers {
    private var generator: MersenneTwister

    init(seed: UInt32) { generator = MersenneTwister(seed: seed) }

    mutating func normals(_ count: Int) -> [Double] {
        (0..<count).map { _ in generator.normal() }
    }

    mutating func matrix(_ rows: Int, _ columns: Int) -> DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, values: normals(rows * columns))
    }

    mutating func layer(_ count: Int, _ width: Int, scale: Double = 1) -> LayerRows {
        LayerRows(
            count: count, width: width,
            values: normals(count * width).map { Float(scale * $0) })
    }
}

/// The largest absolute difference of two equally long lists.
func deviation(_ first: [Double], _ second: [Double]) -> Double {
    guard first.count == second.count else { return .infinity }
    return zip(first, second).reduce(0) { largest, pair in
        let difference = (pair.0 - pair.1).magnitude
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}
