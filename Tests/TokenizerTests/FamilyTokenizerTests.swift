// Ids and decoded texts of every family's form against the tokenizers library, and of
// tokenizer.model alone against SentencePiece.
//
// What the goldens do not prove: that a published file has the form that its family has here.

import Foundation
import SystemPackage
import TestSupport
import Testing
import Tokenizer

/// Made by Scripts/make_family_tokenizers.py.
struct FamilyFixture {
    struct Golden: Decodable {
        /// What the template puts before every text.
        let before: String
        /// Each line's ids without the template's, two digits of base 36 an id.
        let ids: [String]
        /// By the number of the line: `ids` decoded, where that is not the line.
        let decoded: [String: String]
    }

    static let folder = TokenizerFixture.folder.appending(path: "families")

    static let names: [String] = {
        let suffix = ".golden.json"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }
            .sorted()
    }()

    static func golden(_ name: String) throws -> Golden {
        try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: folder.appending(path: "\(name).golden.json")))
    }

    /// From a folder that holds only this tokenizer, in the one form or the other.
    static func tokenizer(_ name: String) throws -> Tokenizer {
        let json = folder.appending(path: "\(name).tokenizer.json")
        let model = folder.appending(path: "\(name).model")
        let isJSON = FileManager.default.fileExists(atPath: json.path)
        let place = try TemporaryFolder()
        try FileManager.default.copyItem(
            at: isJSON ? json : model,
            to: place.url.appending(path: isJSON ? "tokenizer.json" : "tokenizer.model"))
        return try TokenizerFolder.load(FilePath(place.path))
    }

    static func ids(_ text: String) throws -> [Int32] {
        let digits = Array(text)
        try #require(digits.count % 2 == 0)
        return try stride(from: 0, to: digits.count, by: 2).map {
            try #require(Int32(String(digits[$0...$0 + 1]), radix: 36))
        }
    }
}

@Suite("family tokenizers")
struct FamilyTokenizerTests {
    @Test("the fixtures are all here")
    func fixturesPresent() {
        // As many as Scripts/make_family_tokenizers.py makes.
        #expect(FamilyFixture.names.count == 28)
    }

    @Test("ids and decoded texts equal the reference's", arguments: FamilyFixture.names)
    func equalsReference(name: String) throws {
        let tokenizer = try FamilyFixture.tokenizer(name)
        let golden = try FamilyFixture.golden(name)
        let before = try FamilyFixture.ids(golden.before)
        let lines = try TokenizerFixture.lines()
        try #require(lines.count > 150 && golden.ids.count == lines.count)
        for (index, line) in lines.enumerated() {
            let ids = try FamilyFixture.ids(golden.ids[index])
            let plain = try tokenizer.encode(line, addSpecialTokens: false)
            #expect(plain == ids, "line \(index): \(line.debugDescription)")
            #expect(try tokenizer.encode(line) == before + ids)
            let decoded = try tokenizer.decode(ids)
            let expected = golden.decoded["\(index)"] ?? line
            // By bytes: equal Swift strings may be spelled differently.
            #expect(Array(decoded.utf8) == Array(expected.utf8), "line \(index)")
        }
    }
}
