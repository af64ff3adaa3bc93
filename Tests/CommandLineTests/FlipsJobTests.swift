// Questions of a job: a folded model's answers beside the original's.

import Foundation
import TestSupport
import Testing

@Suite("answers beside the original's")
struct FlipsJobTests {
    private static let questions = """
        {"context": "Once upon", "choices": ["a time", "the hill"], "answer": "A"}
        {"context": "The cat sat on the", "choices": ["moon", "mat"], "answer": "B"}
        {"context": "He was a very", "choices": ["good man", "of the"], "answer": "B"}
        {"context": "It is", "choices": ["green", "true", "a fish"], "answer": "B"}

        """

    /// Figures by metric.
    private static func figures(_ list: Any?) -> [String: [String: Any]] {
        (list as? [[String: Any]] ?? []).reduce(into: [:]) { found, figure in
            if let metric = figure["metric"] as? String { found[metric] = figure }
        }
    }

    private static func keeping(_ layers: Range<Int>) -> String {
        "{method: passthrough, layers: [\(layers.map(String.init).joined(separator: ", "))]}"
    }

    /// A model's questions in a job that computes `compress`: figures of each result, by metric.
    private static func results(
        of compress: [String], in folder: TemporaryFolder, _ job: String, beside tasks: String = ""
    ) throws -> [[String: [String: Any]]] {
        try Data(questions.utf8).write(to: URL(filePath: folder.path + "/questions.jsonl"))
        let text = try String(contentsOfFile: job, encoding: .utf8)
            .replacing(
                "[{method: mka, ratios: [0.125]}]", with: "[\(compress.joined(separator: ", "))]"
            )
            // What copies layers needs none, and a broken model could not be analysed.
            .replacing("calibration:", with: "# calibration:")
            .replacing(
                "evaluate: [",
                with: "evaluate: [{task: multiple-choice, path: questions.jsonl}, \(tasks)")
        try Data(text.utf8).write(to: URL(filePath: job))
        let output = folder.path + "/out"
        let outcome = try layerfold("run", job, "--state", folder.path + "/s", "--output", output)
        try #require(outcome.status == 0, "\(outcome.errors)")
        let data = try Data(contentsOf: URL(filePath: output + "/tiny-1/report.json"))
        let report = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return try #require(report?["results"] as? [[String: Any]])
            .map { figures($0["evaluations"]) }
    }

    private static func eval(_ arguments: String...) throws -> Outcome {
        try run(
            Places.programs.appending(path: "layerfold").path, ["eval"] + arguments)
    }

    @Test("a job compares them, and `eval --original` finds the same")
    func flips() throws {
        let (folder, job) = try Workshop.make()
        let results = try Self.results(
            of: ["{method: reverse, ratios: [0.5]}", Self.keeping(0..<16)], in: folder, job)
        let (dropped, same) = (results[0], results[1])
        // To be compared with the original is no figure that the original has.
        #expect(dropped["flips"]?["original"] is NSNull)
        #expect(dropped["flips"]?["count"] as? Int == 4)
        #expect(dropped["accuracy"]?["original"] is Double)
        #expect(dropped["choice_divergence"]?["value"] as? Double ?? 0 > 0.01)
        #expect(same["flips"]?["value"] as? Double == 0)
        #expect(same["choice_divergence"]?["value"] as? Double == 0)

        let (model, original) = (
            folder.path + "/out/tiny-1/reverse-r0.5", folder.path + "/demo"
        )
        let again = try Self.eval(
            model, "--task", "multiple-choice", "--data", folder.path + "/questions.jsonl",
            "--original", original, "--json")
        #expect(again.status == 0, "\(again.errors)")
        let listing = try JSONSerialization.jsonObject(with: Data(again.output.utf8))
        let found = Self.figures((listing as? [String: Any])?["figures"])
        for metric in ["accuracy", "flips", "choice_divergence"] {
            #expect(
                found[metric]?["value"] as? Double == dropped[metric]?["value"] as? Double,
                "\(metric): \(found) \(dropped)")
        }
        let idle = try Self.eval(
            model, "--data", original + "/heldout.txt", "--original", original)
        #expect(idle.status == 2 && idle.errors.contains("--original is for divergence"))
    }

    @Test("what is no number is null in a report, and no model is the same as it")
    func broken() throws {
        let (folder, job) = try Workshop.make()
        // The greatest bfloat16 everywhere: the last layer overflows.
        try breakTensor("model.layers.15.mlp.down_proj.weight", in: folder.path + "/demo")
        let results = try Self.results(
            of: [Self.keeping(0..<16), Self.keeping(0..<15)], in: folder, job,
            beside: "{task: divergence, path: demo/heldout.txt, window: 64, limit: 128}, ")
        let (all, whole) = (results[0], results[1])
        for metric in ["perplexity", "choice_divergence"] {
            #expect(all[metric]?["value"] is NSNull, "\(metric): \(all)")
        }
        // Without its last layer the model works, and is not the same as one that does not.
        #expect(
            whole["perplexity"]?["value"] is Double && whole["perplexity"]?["original"] is NSNull)
        for metric in ["kl_divergence", "choice_divergence"] {
            #expect(whole[metric]?["value"] is NSNull, "\(metric): \(whole)")
        }
        let lost = try Self.eval(
            folder.path + "/demo", "--data", folder.path + "/demo/heldout.txt", "--limit", "64",
            "--json")
        #expect(lost.status == 0 && lost.output.contains("perplexity"), "\(lost.errors)")
    }

    private func breakTensor(_ name: String, in folder: String) throws {
        let file = URL(filePath: folder + "/model.safetensors")
        var bytes = try Data(contentsOf: file)
        let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header =
            try JSONSerialization.jsonObject(with: bytes[8..<8 + length]) as? [String: Any]
        let entry = header?[name] as? [String: Any]
        let range = try #require(entry?["data_offsets"] as? [Int])
        for place in stride(from: 8 + length + range[0], to: 8 + length + range[1], by: 2) {
            (bytes[place], bytes[place + 1]) = (0x7F, 0x7F)
        }
        try bytes.write(to: file)
    }
}
