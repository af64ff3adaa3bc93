// Reads the fixtures of the manifold tests: small safetensors files of F32 and F64 arrays.

package import Foundation
package import TensorMath
import TestSupport
import Testing

package struct Golden {
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

    package struct MissingArray: Error {
        let name: String
    }

    package init(_ path: URL) throws {
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
    package init(fixture: String) throws {
        try self.init(Places.fixtures.appending(path: "manifold/\(fixture).safetensors"))
    }

    package func values(_ name: String) throws -> [Double] {
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

    package func matrix(_ name: String) throws -> DoubleMatrix {
        let values = try values(name)
        guard let shape = arrays[name]?.shape, shape.count == 2 else {
            throw MissingArray(name: name)
        }
        return DoubleMatrix(rows: shape[0], columns: shape[1], values: values)
    }
}

/// The largest absolute difference of two equally long lists.
package func deviation(_ first: [Double], _ second: [Double]) -> Double {
    guard first.count == second.count else { return .infinity }
    return zip(first, second).reduce(0) { largest, pair in
        let difference = (pair.0 - pair.1).magnitude
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}
