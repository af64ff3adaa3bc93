// The texts that the program carries: what is said of them is so, and what judges was not learnt.

import Foundation
import JSON
import Testing

@testable import Texts

@Suite struct BuiltInTextTests {
    private static func pieces() throws -> [CalibrationSample] {
        try CalibrationSet.load(
            CalibrationSource(dataset: .jsonl, path: "layerfold:calibration.jsonl"))
    }

    @Test func calibrationIsAsLargeAsItsReadmeSays() throws {
        let pieces = try Self.pieces()
        #expect(pieces.count == 227)
        #expect(pieces.reduce(0) { $0 + $1.text.utf8.count } == 228_542)
        #expect(Set(pieces.map(\.text)).count == pieces.count)
    }

    /// Eight words in a row are no chance.
    @Test func heldOutTextSharesNothingWithIt() throws {
        func runs(_ text: String) -> Set<String> {
            let words = text.split(whereSeparator: \.isWhitespace)
            guard words.count >= 8 else { return [] }
            return Set((0...words.count - 8).map { words[$0..<$0 + 8].joined(separator: " ") })
        }
        let judging = try CalibrationSet.load(
            CalibrationSource(
                dataset: .jsonl, path: "layerfold:generation-prompts.jsonl", field: "prompt"))
        #expect(judging.count == 64)
        let held = judging.map(\.text).reduce(
            into: runs(try CalibrationSet.readText("layerfold:heldout.txt"))
        ) { $0.formUnion(runs($1)) }
        #expect(held.count > 5500)
        let prompts = WritingPrompt.questions + WritingPrompt.openings
        let learnt = (try Self.pieces().map(\.text) + prompts.map(\.text))
            .reduce(into: Set<String>()) { $0.formUnion(runs($1)) }
        #expect(held.isDisjoint(with: learnt))
    }

    @Test func otherNamesAreFiles() {
        #expect(throws: CalibrationError.self) {
            try CalibrationSet.readText("layerfold:nothing.txt")
        }
    }
}
