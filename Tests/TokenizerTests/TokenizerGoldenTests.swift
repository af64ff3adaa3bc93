// Ids and decoded texts against the tokenizers library 0.23: every family, and three real files.
//
// What the goldens do not prove: files with components outside Scripts/tokenizer_cases.py.

import Foundation
import SystemPackage
import TestSupport
import Testing
import Tokenizer

@Suite("tokenizer goldens")
struct TokenizerGoldenTests {
    @Test("the fixtures are all here")
    func fixturesPresent() {
        // As many as Scripts/tokenizer_cases.py makes.
        #expect(TokenizerFixture.names.count == 18)
    }

    @Test("ids and decoded texts equal the library's", arguments: TokenizerFixture.names)
    func equalsLibrary(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.bytes(name))
        let golden = try TokenizerFixture.golden(name)
        let lines = try TokenizerFixture.lines()
        try #require(lines.count > 150 && golden.ids.count == lines.count)
        for (index, line) in lines.enumerated() {
            let ids = try tokenizer.encode(line)
            #expect(ids == golden.ids[index], "line \(index): \(line.debugDescription)")
            let plain = golden.plain?[index] ?? golden.ids[index]
            #expect(try tokenizer.encode(line, addSpecialTokens: false) == plain)
            #expect(try tokenizer.encode(utf8: Array(line.utf8)) == ids)
            let decoded = try tokenizer.decode(golden.ids[index])
            // By bytes: equal Swift strings may be spelled differently.
            #expect(Array(decoded.utf8) == Array((golden.decoded[index] ?? line).utf8))
        }
    }

    struct Vector: Decodable {
        let text: String
        let ids: [Int32]
        let plain: [Int32]
        let decoded: String

        enum CodingKeys: String, CodingKey {
            case text, ids, decoded
            case plain = "ids_without_special"
        }
    }

    @Test(
        "the reference vectors of three real tokenizers agree",
        .enabled(if: Places.hasShared, Comment(rawValue: Places.sharedMissing)),
        arguments: ["demo", "smollm2", "llama2"])
    func referenceVectors(name: String) throws {
        let goldenFolder = Places.shared.appending(path: "golden/tokenizers")
        let file =
            name == "demo"
            ? Places.shared.appending(path: "models/demo/tokenizer.json")
            : goldenFolder.appending(path: "\(name).tokenizer.json")
        let tokenizer = try Tokenizer(json: Array(try Data(contentsOf: file)))
        let vectors = try JSONDecoder().decode(
            [Vector].self,
            from: Data(contentsOf: goldenFolder.appending(path: "vectors/\(name).json")))
        try #require(vectors.count > 100)
        for vector in vectors {
            #expect(try tokenizer.encode(vector.text) == vector.ids)
            let plain = try tokenizer.encode(vector.text, addSpecialTokens: false)
            #expect(plain == vector.plain)
            let decoded = try tokenizer.decode(plain)
            #expect(Array(decoded.utf8) == Array(vector.decoded.utf8))
        }
    }

    /// Written by `Scripts/compare_tokenizers.py corpus`; the folder comes from the environment.
    @Test(
        "a large corpus agrees",
        .enabled(
            if: ProcessInfo.processInfo.environment["LAYERFOLD_TOKENIZER_CORPUS"] != nil,
            "set LAYERFOLD_TOKENIZER_CORPUS to a folder of compare_tokenizers.py"))
    func corpus() throws {
        struct Case: Decodable {
            let name: String
            let file: String
        }
        struct Expected: Decodable {
            let ids: [[Int32]]
            let plain: [[Int32]]
            let decoded: [String]
            let skipped: [String]
        }
        let environment = ProcessInfo.processInfo.environment["LAYERFOLD_TOKENIZER_CORPUS"]
        let folder = URL(filePath: try #require(environment))
        func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
            try JSONDecoder().decode(
                type, from: Data(contentsOf: folder.appending(path: "\(name).json")))
        }
        let lines = try read([String].self, "lines")
        for entry in try read([Case].self, "cases") {
            let file = folder.appending(path: "\(entry.file).tokenizer.json")
            let tokenizer = try Tokenizer(json: Array(try Data(contentsOf: file)))
            let expected = try read(Expected.self, "\(entry.file).golden")
            try #require(expected.ids.count == lines.count)
            var differences = 0
            for (index, line) in lines.enumerated() {
                let ids = try tokenizer.encode(line)
                let decoded = try tokenizer.decode(expected.ids[index])
                let skipped = try tokenizer.decode(expected.ids[index], skipSpecialTokens: true)
                let isEqual =
                    try ids == expected.ids[index]
                    && tokenizer.encode(line, addSpecialTokens: false) == expected.plain[index]
                    && decoded.utf8.elementsEqual(expected.decoded[index].utf8)
                    && skipped.utf8.elementsEqual(expected.skipped[index].utf8)
                if !isEqual { differences += 1 }
            }
            #expect(differences == 0, "\(entry.name): \(differences) of \(lines.count) lines")
        }
    }
}
