// The built program as a real process: exit codes, output, and a job run twice.

import Foundation
import TestSupport
import Testing

/// A manifest on the demo model, small enough for a test.
private func manifest(
    model: String = "models/demo", ratios: String = "[0.125]", text: String = "texts/small.txt"
) -> String {
    """
    version: 1
    name: small
    model: \(model)
    calibration: {dataset: text, path: \(text), samples: 12, max_tokens: 24}
    analysis: {compute: f32}
    compress: [{method: mka, ratios: \(ratios)}]
    evaluate: [{task: perplexity, path: \(text), window: 64, limit: 256}]
    """
}

/// A folder with the demo model, a short text and a manifest.
private func workshop(_ manifest: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    for name in ["models", "texts"] {
        try manager.createDirectory(
            at: folder.url.appending(path: name), withIntermediateDirectories: true)
    }
    try manager.copyItem(
        at: Places.demoModel, to: folder.url.appending(path: "models/demo"))
    let lines = try String(
        contentsOf: Places.demoModel.appending(path: "heldout.txt"), encoding: .utf8
    ).split(separator: "\n").prefix(16).joined(separator: "\n")
    try Data(lines.utf8).write(to: folder.url.appending(path: "texts/small.txt"))
    try Data(manifest.utf8).write(to: folder.url.appending(path: "small.yaml"))
    return folder
}

@Suite("command line", .serialized)
struct CommandLineTests {
    @Test("help is no error, a wrong verb is usage, a missing file is not found")
    func exitCodes() throws {
        #expect(try layerfold("--help").status == 0)
        #expect(try layerfold("--version").output.contains("."))
        #expect(try layerfold("no-such-verb").status == 2)
        #expect(try layerfold("validate", "no-such-file.yaml").status == 3)
        #expect(try layerfold("inspect", "no-such-folder").status == 3)
        #expect(try layerfold("ls", "--state", "/no-such-state").status == 5)
    }

    @Test(
        "the example manifests are good",
        arguments: [
            "demo", "demo-more-ratios", "measures", "compare", "figure-2", "figure-3", "figure-5",
            "figure-6", "languages", "table-2", "fewer-bits",
        ])
    func examples(name: String) throws {
        let outcome = try layerfold("validate", "inbox-example/\(name).yaml")
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test(
        "lists are JSON on request",
        arguments: ["methods", "quantizations", "tasks", "architectures"])
    func lists(verb: String) throws {
        let outcome = try layerfold(verb, "--json")
        let list = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [Any]
        #expect(list?.isEmpty == false)
    }

    @Test("the demo model is what it says")
    func inspect() throws {
        let outcome = try layerfold("inspect", "inbox-example/models/demo", "--json")
        let object =
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        #expect(object?["layers"] as? Int == 16)
        #expect(object?["parameters"] as? Int == 12_853_504)
    }

    @Test("a second run takes the analysis from the cache, and results are whole")
    func runsTwice() throws {
        let folder = try workshop(manifest())
        let (job, state) = (folder.path + "/small.yaml", folder.path + "/state")
        let first = try layerfold("run", job, "--state", state, "--output", folder.path + "/out")
        #expect(first.status == 0, "\(first.errors)")
        let again = manifest(ratios: "[0.25]")
        try Data(again.utf8).write(to: folder.url.appending(path: "small.yaml"))
        let second = try layerfold("run", job, "--state", state, "--output", folder.path + "/out")
        #expect(second.status == 0, "\(second.errors)")
        let path = second.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let report =
            try JSONSerialization.jsonObject(with: try Data(contentsOf: URL(filePath: path)))
            as? [String: Any]
        let stages = report?["stages"] as? [[String: Any]] ?? []
        for name in ["tokenise", "activations", "embedding", "similarity"] {
            let found = stages.filter { $0["name"] as? String == name }
            #expect(found.count == 1, "\(name)")
            #expect(found.allSatisfy { $0["cache"] as? String == "hit" }, "\(name)")
        }
        let done = URL(filePath: path).deletingLastPathComponent().appending(path: "DONE")
        let list = try String(contentsOf: done, encoding: .utf8)
        #expect(list.hasPrefix("layerfold-results 2\n") && list.contains(" report.json\n"))
        #expect(try layerfold("store", "verify", "--state", state).status == 0)
    }

    @Test(
        "bad input is named and nothing is left",
        arguments: [
            (manifest(model: "models/none"), 3, "models/none"),
            (manifest(text: "texts/empty.txt"), 1, "holds no text"),
            (manifest(ratios: "[0.99]"), 1, "leaves none of the 16 layers"),
            (manifest(ratios: "[0]"), 4, "ratios[0]"), (manifest(ratios: "[1]"), 4, "ratios[0]"),
            (manifest(ratios: "[-0.1]"), 4, "ratios[0]"),
            (manifest(ratios: "[.nan]"), 4, "ratios[0]"),
            (manifest() + "\nsimilarty: npib", 4, "similarty"),
            (manifest() + "\nnotes: &a x", 4, "anchor"),
        ])
    func badInput(manifest: String, status: Int, words: String) throws {
        let folder = try workshop(manifest)
        try Data().write(to: folder.url.appending(path: "texts/empty.txt"))
        let output = folder.path + "/out"
        let outcome = try layerfold(
            "run", folder.path + "/small.yaml", "--state", folder.path + "/state", "--output",
            output)
        #expect(outcome.status == Int32(status), "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        let left = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        #expect(left.isEmpty, "\(left)")
    }

    @Test("damaged checkpoints are refused by name")
    func damagedCheckpoints() throws {
        let folder = try workshop(manifest())
        let weights = folder.path + "/models/demo/model.safetensors"
        let handle = try FileHandle(forUpdating: URL(filePath: weights))
        try handle.truncate(atOffset: 1_000_000)
        let truncated = try layerfold("inspect", folder.path + "/models/demo")
        #expect(truncated.status == 4)
        #expect(truncated.errors.contains("model.safetensors"), "\(truncated.errors)")

        let config = folder.url.appending(path: "models/demo/config.json")
        let text = try String(contentsOf: config, encoding: .utf8)
        try Data(text.replacingOccurrences(of: "\"hidden_size\"", with: "\"hidden\"").utf8).write(
            to: config)
        #expect(
            try layerfold("inspect", folder.path + "/models/demo").errors.contains(
                "model.safetensors"))
    }

    @Test("an output that cannot be a folder is refused")
    func outputIsAFile() throws {
        let folder = try workshop(manifest())
        try Data().write(to: folder.url.appending(path: "out"))
        let outcome = try layerfold(
            "run", folder.path + "/small.yaml", "--state", folder.path + "/state", "--output",
            folder.path + "/out")
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(folder.path + "/out"))
    }
}
