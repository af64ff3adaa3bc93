// The header of a safetensors file to be written, computed before any tensor is. Byte for byte
// what the reference (safetensors 0.8, serialize) writes: tensors by dtype, largest first, then
// by name; compact JSON; spaces up to a multiple of 8.

import JSON

/// What one tensor of a new file will be.
package struct TensorPlan: Sendable, Hashable {
    package let name: String
    package let dtype: DType
    package let shape: [Int]
    package let byteCount: Int

    /// The shape must be one a file can hold: whole bytes, within `SafetensorsHeader`'s limits.
    package init(name: String, dtype: DType, shape: [Int]) {
        precondition(name.utf8.count <= SafetensorsHeader.nameByteLimit, "the name is short")
        precondition(shape.count <= SafetensorsHeader.rankLimit, "the rank is small")
        precondition(shape.allSatisfy { $0 >= 0 }, "no dimension is negative")
        guard let byteCount = dtype.byteCount(elements: shape.reduce(1, *)) else {
            preconditionFailure("\(name): \(dtype.rawValue) \(shape) is whole bytes")
        }
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.byteCount = byteCount
    }

    package var elementCount: Int { shape.reduce(1, *) }
}

/// Where everything goes in one new file.
struct SafetensorsLayout {
    /// The length and the header, padded: everything before the data.
    let prefix: [UInt8]
    /// Places in the given plans, in the order of their data.
    let order: [Int]
    let dataByteCount: Int

    var fileByteCount: Int { prefix.count + dataByteCount }

    /// - metadata: written in the given order, after `"format": "pt"`, without which older
    ///   versions of transformers refuse the file.
    init(_ plans: [TensorPlan], metadata: [(key: String, value: String)] = []) {
        precondition(plans.count <= SafetensorsHeader.tensorLimit, "a file holds so many")
        order = plans.indices.sorted { left, right in
            let (a, b) = (plans[left], plans[right])
            guard a.dtype == b.dtype else { return a.dtype.storageRank > b.dtype.storageRank }
            return ExactString.precedes(a.name, b.name)
        }
        for (first, second) in zip(order, order.dropFirst()) {
            precondition(
                plans[first].name != plans[second].name, "each name is planned once")
        }
        let entries = [("format", "pt")] + metadata.filter { $0.key != "format" }
        let literal = JSONStringStyle.utf8.literal
        var json = "{\"__metadata__\":{"
        json += entries.map { literal($0) + ":" + literal($1) }.joined(separator: ",")
        json += "}"
        var end = 0
        for index in order {
            let plan = plans[index]
            let begin = end
            end += plan.byteCount
            json += ",\(literal(plan.name)):{\"dtype\":\"\(plan.dtype.rawValue)\","
            json += "\"shape\":[\(plan.shape.map(String.init).joined(separator: ","))],"
            json += "\"data_offsets\":[\(begin),\(end)]}"
        }
        json += "}"
        dataByteCount = end
        prefix = Self.framed(Array(json.utf8))
    }

    private static func framed(_ json: [UInt8]) -> [UInt8] {
        let padding = (8 - json.count % 8) % 8
        let length = json.count + padding
        precondition(length <= SafetensorsHeader.byteLimit, "the header is within the limit")
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + json
            + [UInt8](repeating: UInt8(ascii: " "), count: padding)
    }
}
