// Header and places of a GGUF file, read back.

import TensorMath
import Testing

@testable import Export

@Suite struct FileLayoutTests {
    @Test func `what is written is read, and every tensor begins at a multiple of 32`() throws {
        for seed in UInt64(1)...20 {
            var generator = SeededGenerator(seed: seed)
            let metadata: [(name: String, value: MetadataValue)] = [
                ("count", .count(UInt32(generator.index(below: 1 << 31)))),
                ("real", .real(-1.5e-6)), ("flag", .flag(generator.index(below: 2) == 1)),
                ("text", .text(String(repeating: "ß", count: generator.index(below: 40)))),
                ("flags", .flags([true, false, true])), ("integers", .integers([-3, 0, 7])),
                ("reals", .reals([0, -1000])),
                ("texts", .texts([[], [0xFF, 0], Array("▁a".utf8)])),
            ]
            let tensors = (0..<1 + generator.index(below: 9)).map { index in
                TensorInfo(
                    name: "blk.\(index)", type: index % 2 == 0 ? .q8 : .bf16,
                    shape: [1 + generator.index(below: 7), 32 * (1 + generator.index(below: 3))])
            }
            let layout = FileLayout(metadata: metadata, tensors: tensors)
            let data = [UInt8](repeating: 1, count: layout.byteCount - layout.prefix.count)
            let found = try FileReader(layout.prefix + data)

            #expect(layout.prefix.count == found.dataStart)
            #expect(found.metadata.map(\.name) == metadata.map(\.name))
            #expect(found["count"] == .number(Double(metadata[0].value.asCount)))
            #expect(found["real"] == .number(Double(Float(-1.5e-6))))
            #expect(
                found["texts"] == .list([.text([]), .text([0xFF, 0]), .text(Array("▁a".utf8))]))
            #expect(found["flags"] == .list([.flag(true), .flag(false), .flag(true)]))
            #expect(found["integers"] == .list([.number(-3), .number(0), .number(7)]))
            #expect(found.tensors.map(\.name) == tensors.map(\.name))
            #expect(found.tensors.map(\.shape) == tensors.map(\.shape))
            for (place, tensor) in zip(found.tensors, tensors) {
                #expect(place.offset % 32 == 0)
                #expect(place.type == tensor.type.rawValue)
                #expect(place.padded.count == (tensor.byteCount + 31) / 32 * 32)
            }
        }
    }
}

extension MetadataValue {
    fileprivate var asCount: UInt32 { if case .count(let value) = self { value } else { 0 } }
}
