// Jobs on models and texts as people have them, as real processes: what is left out is told, what a
// report cannot show costs no model, and what a job does not need is not asked for.

import Foundation
import TestSupport
import Testing

@Suite("jobs from the field", .serialized)
struct FieldJobTests {
    private struct Report: Decodable {
        struct Result: Decodable {
            struct File: Decodable { let name: String }
            let path: String
            let similarityAfter: [Int]
            let files: [File]

            enum CodingKeys: String, CodingKey {
                case path, files
                case similarityAfter = "similarity_after"
            }
        }
        struct Similarity: Decodable { let matrix: [[Double]] }
        let results: [Result]
        let similarity: [Similarity]
        let warnings: [String]
    }

    /// A job on a copy of the demo model; `text` stands for all that is asked.
    private static func make(
        _ text: String, files: [String: String] = [:]
    ) throws -> (folder: TemporaryFolder, job: String) {
        let (folder, job) = try Workshop.make()
        try Data("version: 1\nname: tiny\nmodel: demo\n\(text)\n".utf8)
            .write(to: URL(filePath: job))
        for (name, contents) in files {
            let file = folder.url.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(contents.utf8).write(to: file)
        }
        return (folder, job)
    }

    private static func run(_ job: String, in folder: TemporaryFolder) throws -> Outcome {
        try layerfold("run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
    }

    private static func report(
        _ outcome: Outcome, in folder: TemporaryFolder, number: Int = 1
    ) throws -> Report {
        try #require(outcome.status == 0, "\(outcome.errors)")
        let file = URL(filePath: folder.path + "/out/tiny-\(number)/report.json")
        return try JSONDecoder().decode(Report.self, from: try Data(contentsOf: file))
    }

    private static let drop = "compress: [{method: reverse, ratios: [0.5]}]"
    private static let texts = "calibration: {dataset: jsonl, path: texts.jsonl, max_tokens: 8}"

    @Test("a job that reads no text needs no tokenizer, and copies what there is as it is")
    func noTokenizer() throws {
        let (folder, job) = try Self.make(
            Self.drop,
            files: [
                "demo/tokenizer.model": "pieces", "demo/additional_chat_templates/a.jinja": "a",
            ])
        try FileManager.default.removeItem(atPath: folder.path + "/demo/tokenizer.json")
        let report = try Self.report(try Self.run(job, in: folder), in: folder)
        let names = report.results.flatMap { $0.files.map(\.name) }
        #expect(names.contains("tokenizer.model"))
        #expect(names.contains("additional_chat_templates/a.jinja"))
        let model = folder.path + "/out/tiny-1/" + report.results[0].path
        let copy = try String(
            contentsOfFile: model + "/additional_chat_templates/a.jinja", encoding: .utf8)
        #expect(copy == "a")
        // A text needs one.
        try Data("version: 1\nname: tiny\nmodel: demo\n\(Self.texts)\n\(Self.drop)".utf8)
            .write(to: URL(filePath: job))
        let outcome = try Self.run(job, in: folder)
        #expect(outcome.status == 1 && outcome.errors.contains("found only tokenizer.model"))
    }

    @Test("results and a state inside the model's folder are not taken for a part of it")
    func resultsInTheModel() throws {
        let (folder, job) = try Self.make(Self.drop)
        for _ in 0..<2 {
            let outcome = try layerfold(
                "run", job, "--state", folder.path + "/demo/s", "--output",
                folder.path + "/demo/out")
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let model = folder.path + "/demo/out/tiny-2/reverse-r0.5"
        #expect(Workshop.names(model).contains("tokenizer.json"))
        #expect(!Workshop.names(model).contains("s") && !Workshop.names(model).contains("out"))
    }

    @Test("texts that hold nothing are left out and counted; where none is left the file is named")
    func emptyTexts() throws {
        let filled = (1...6).map { #"{"text": "the sea number \#($0)"}"# }
        let empty = [#"{"text": ""}"#, #"{"text": " \n"}"#, #"{"text": "\t"}"#]
        let (folder, job) = try Self.make(
            Self.texts + "\n" + Self.drop,
            files: ["texts.jsonl": (filled + empty).joined(separator: "\n")])
        for number in 1...2 {
            let report = try Self.report(
                try Self.run(job, in: folder), in: folder, number: number)
            #expect(report.warnings.contains("texts.jsonl: 3 texts are empty and left out"))
        }
        try Data(empty.joined(separator: "\n").utf8)
            .write(to: folder.url.appending(path: "texts.jsonl"))
        let outcome = try Self.run(job, in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("texts.jsonl: all 3 texts are empty"), "\(outcome.errors)")
    }

    @Test(
        "samples on which no loss can be measured are an error, not a choice of layers",
        arguments: [
            "{method: sleb, ratios: [0.25]}", "{method: fold, ratios: [0.25]}",
            "{method: fold, select: loss, ratios: [0.25]}",
        ])
    func shortTexts(method: String) throws {
        let (folder, job) = try Self.make(
            "calibration: {dataset: jsonl, path: texts.jsonl, max_tokens: 1}\n"
                + "analysis: {similarity: cosine}\ncompress: [\(method)]",
            files: ["texts.jsonl": #"{"text": "a b c d e"}"#])
        let outcome = try Self.run(job, in: folder)
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("texts.jsonl: no sample has two tokens"), "\(outcome.errors)")
    }

    @Test("a text that spells its BOS gives the tokens of the text without it")
    func oneBOS() throws {
        func matrix(_ texts: [String]) throws -> [[Double]] {
            let (folder, job) = try Self.make(
                "calibration: {dataset: jsonl, path: texts.jsonl, max_tokens: 3}\n"
                    + "analysis: {similarity: cosine, compute: f32}\n" + Self.drop,
                files: [
                    "texts.jsonl": texts.map { #"{"text": "\#($0)"}"# }.joined(separator: "\n")
                ])
            return try Self.report(try Self.run(job, in: folder), in: folder).similarity[0].matrix
        }
        let plain = ["sea", "The hill", "a long day"]
        let config = try JSONSerialization.jsonObject(
            with: Data(contentsOf: Places.demoModel.appending(path: "tokenizer_config.json")))
        let bos = try #require((config as? [String: Any])?["bos_token"] as? String)
        #expect(try matrix(plain) == matrix(plain.map { bos + $0 }))
    }

    @Test("what a measure cannot show is left out with a warning, and the models are there")
    func figures() throws {
        let calibration = "calibration: {dataset: text, path: demo/calibration.txt, samples: 12}\n"
        let (folder, job) = try Self.make(
            calibration + "analysis: {similarity: tsne}\n"
                + "compress: [{method: mka, ratios: [0.125, 0.75]}]")
        let report = try Self.report(try Self.run(job, in: folder), in: folder)
        #expect(report.results.map(\.similarityAfter.count) == [1, 0])
        #expect(
            report.warnings.contains {
                $0.hasPrefix("the similarity of mka-r0.75 by tsne is left out")
            }, "\(report.warnings)")
        // A map that only the report would show; and one that the plan is made of.
        let one = calibration.replacing("samples: 12", with: "samples: 1")
        func second(_ compress: String) throws -> Outcome {
            try Data("version: 1\nname: tiny\nmodel: demo\n\(one)\(compress)\n".utf8)
                .write(to: URL(filePath: job))
            return try Self.run(job, in: folder)
        }
        let shown = try Self.report(try second(Self.drop), in: folder, number: 2)
        #expect(shown.results.count == 1 && shown.similarity.isEmpty)
        #expect(shown.warnings.contains { $0.hasPrefix("the similarity by npib is left out") })
        #expect(try second("compress: [{method: mka, ratios: [0.5]}]").status == 1)
    }

    @Test("names in the results that are not of models are those that labels may not have")
    func reservedNames() throws {
        let (folder, job) = try Self.make(
            "calibration: {dataset: text, path: demo/calibration.txt, samples: 12}\n"
                + "compare: {measures: [cosine]}\n" + Self.drop)
        _ = try Self.report(try Self.run(job, in: folder), in: folder)
        for name in Workshop.names(folder.path + "/out/tiny-1") + ["original"]
        where name != "reverse-r0.5" {
            try Data(
                """
                version: 1
                name: tiny
                model: demo
                compress: [{method: passthrough, layers: [0], label: \(name)}]
                """.utf8
            ).write(to: URL(filePath: job))
            let outcome = try layerfold("validate", job)
            #expect(outcome.status == 4 && outcome.errors.contains("is taken"), "\(name)")
        }
    }
}
