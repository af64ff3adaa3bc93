// docs/STORE_FORMAT.md against the bytes and the settings that it describes.

import Foundation
import Store
import SystemPackage
import TestSupport
import Testing

@Suite struct StoreDocumentationTests {
    private static func text(_ path: String) throws -> String {
        try String(contentsOf: Places.root.appending(path: path), encoding: .utf8)
    }

    /// Rows `| offset | bytes | field |` whose offset does not depend on the number of frames.
    private static func fields() throws -> [(offset: Int, count: Int, text: String)] {
        try text("docs/STORE_FORMAT.md").split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count >= 3, let offset = Int(cells[0]), let count = Int(cells[1]) else {
                return nil
            }
            return (offset, count, cells[2])
        }
    }

    @Test("a footer has the documented fields at the documented places")
    func footer() throws {
        let scratch = try TemporaryFolder()
        let store = try ContentStore(state: FilePath(scratch.path))
        let raw = [UInt8](repeating: 7, count: 5 << 20)
        let object = try store.put(raw)
        let hex = object.digest.hex
        let file = try Data(
            contentsOf: URL(
                filePath: "\(scratch.path)/store/obj/\(hex.prefix(2))/\(hex).zst"))
        let (frames, footer) = (2, [UInt8](file.suffix(4 * 2 + 112)))
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(footer[offset + $1]) << (8 * $1) }
        }
        let expected: [Int: Int] = [
            0: 0x184D_2A5C, 4: footer.count - 8, 16: 1, 20: 0, 24: 4 << 20, 28: frames,
            32: raw.count,
        ]
        let fields = try Self.fields()
        #expect(fields.map(\.offset) == [0, 4, 8, 16, 20, 24, 28, 32, 40])
        for (offset, count, text) in fields {
            let bytes = footer[offset..<offset + count]
            if let value = expected[offset] {
                #expect(number(offset, count) == value, "\(text)")
            } else if offset == 8 {
                #expect(bytes.elementsEqual("LAYRFOLD".utf8), "\(text)")
            } else {
                #expect(bytes.map { String(format: "%02x", $0) }.joined() == hex, "\(text)")
            }
        }
        #expect(footer.suffix(4).elementsEqual("LFO1".utf8))
        #expect(number(104 + 4 * frames, 4) == footer.count - 8)
    }

    @Test("every setting of SQLite is documented")
    func settings() throws {
        let document = try Self.text("docs/STORE_FORMAT.md")
        let source = try Self.text("Sources/Store/Index/IndexDatabase.swift")
        let settings = source.matches(
            of: /PRAGMA (?:\w+ = \w+;|quick_check\(\d\)|synchronous = FULL)/)
        #expect(settings.count >= 6)
        for setting in settings {
            let words = setting.output.prefix { $0 != ";" }
            #expect(document.contains(words), "\(words)")
        }
    }
}
