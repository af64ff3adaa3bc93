// Verbs on the demo model, and disks that are full, with the built program as a real process.

import Foundation
import TestSupport
import Testing

/// A small file system of its own, gone with the object.
private final class SmallDisk {
    let folder: TemporaryFolder

    /// nil where this process may not mount.
    init?(bytes: Int, isReadOnly: Bool = false) throws {
        folder = try TemporaryFolder("layerfold-disk")
        let options = "size=\(bytes)" + (isReadOnly ? ",ro" : "")
        let arguments = ["-t", "tmpfs", "-o", options, "tmpfs", folder.path]
        guard let outcome = try? run("/usr/bin/mount", arguments), outcome.status == 0 else {
            return nil
        }
    }

    deinit { _ = try? run("/usr/bin/umount", [folder.path]) }
}

@Suite("worked examples", .serialized)
struct WorkedExampleTests {
    static let demo = "inbox-example/models/demo"

    @Test("forward gives every state of two short sequences as finite floats")
    func forward() throws {
        let folder = try TemporaryFolder()
        let (ids, output) = (folder.path + "/ids.json", folder.path + "/out.safetensors")
        try Data("[[1, 2, 3], [4]]".utf8).write(to: URL(filePath: ids))
        let outcome = try layerfold("forward", Self.demo, "--tokens", ids, "--output", output)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let data = try Data(contentsOf: URL(filePath: output))
        let length = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try #require(
            try JSONSerialization.jsonObject(with: data[8..<8 + length]) as? [String: Any])
        func entry(_ name: String) throws -> (shape: [Int], values: [Float]) {
            let fields = try #require(header[name] as? [String: Any], "\(name)")
            #expect(fields["dtype"] as? String == "F32")
            let place = try #require(fields["data_offsets"] as? [Int])
            let bytes = [UInt8](data[8 + length + place[0]..<8 + length + place[1]])
            let values = stride(from: 0, to: bytes.count, by: 4).map { start in
                Float(
                    bitPattern: bytes[start..<start + 4].reversed().reduce(0) {
                        $0 << 8 | UInt32($1)
                    })
            }
            return (try #require(fields["shape"] as? [Int]), values)
        }
        for (sequence, tokens) in [(0, 3), (1, 1)] {
            let logits = try entry("logits.\(sequence)")
            #expect(logits.shape.count == 2 && logits.shape[0] == tokens)
            #expect(logits.values.allSatisfy { $0.isFinite })
            for name in ["final.\(sequence)"] + (0...16).map({ "hidden.\(sequence).\($0)" }) {
                let found = try entry(name)
                #expect(found.shape.first == tokens && found.values.allSatisfy { $0.isFinite })
            }
        }
        #expect(header.keys.filter { $0 != "__metadata__" }.count == 2 * 19)
    }

    @Test(
        "forward refuses lists that are none and ids outside the vocabulary",
        arguments: [
            ("[]", "list of non-empty lists"), ("[[]]", "list of non-empty lists"),
            ("{}", "list of non-empty lists"), ("[[1.5]]", "list of non-empty lists"),
            ("[[1], [99999999]]", "99999999"), ("[[-1]]", "vocabulary"),
        ])
    func forwardRefusals(text: String, words: String) throws {
        let folder = try TemporaryFolder()
        let ids = folder.path + "/ids.json"
        try Data(text.utf8).write(to: URL(filePath: ids))
        let outcome = try layerfold(
            "forward", Self.demo, "--tokens", ids, "--output", folder.path + "/out")
        #expect(outcome.status == 4, "\(outcome.status)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(Workshop.names(folder.path) == ["ids.json"])
    }

    @Test("eval measures a sane perplexity, the same one twice")
    func eval() throws {
        func measure() throws -> [String: Any] {
            let outcome = try layerfold(
                "eval", Self.demo, "--data", Self.demo + "/heldout.txt", "--limit", "600",
                "--window", "128", "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let listing = try #require(
                try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
                    as? [String: Any])
            return try #require((listing["figures"] as? [[String: Any]])?.first)
        }
        let first = try measure()
        let perplexity = try #require(first["value"] as? Double)
        #expect(first["metric"] as? String == "perplexity")
        // Trained on such text: far better than chance over thousands of tokens.
        #expect(perplexity > 1.5 && perplexity < 200)
        #expect(first["count"] as? Int == 595)
        #expect(try measure()["value"] as? Double == perplexity)
    }

    @Test("eval asks questions, counts what is left out, and names broken lines")
    func evalQuestions() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/questions.jsonl"
        let good = #"{"context":"Once upon","choices":["a time","zq"],"answer":"A"}"#
        let outside = #"{"context":"x","choices":["a","b"],"answer":7}"#
        try Data((good + "\n" + outside + "\n").utf8).write(to: URL(filePath: file))
        let arguments = ["eval", Self.demo, "--task", "multiple-choice", "--data", file]
        let program = Places.programs.appending(path: "layerfold").path
        let outcome = try run(program, arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let listing = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let figure = try #require((listing["figures"] as? [[String: Any]])?.first)
        #expect(figure["value"] as? Double == 1 && figure["count"] as? Int == 1)
        #expect(outcome.errors.contains("1 left out: \(file):2: has answer 7"))
        try Data((good + "\n{\n").utf8).write(to: URL(filePath: file))
        let broken = try run(program, arguments)
        #expect(broken.status == 4)
        #expect(broken.errors.contains("\(file):2: is not JSON: column 2"))
    }

    @Test(
        "eval refuses windows, limits, tasks and files that cannot be",
        arguments: [
            (["--limit", "1"], 4, "limit 1"), (["--limit=-5"], 4, "limit -5"),
            (["--window", "1"], 4, "window 1"), (["--stride", "0"], 4, "stride 0"),
            (["--task", "chess"], 3, "chess"), (["--compute", "f8"], 2, "f8"),
            (["--window", "many"], 2, "many"),
            (["--set", "context=4096"], 2, "`context` is used only with `windows: rolling`"),
            (["--set", "documents=lines"], 2, "`documents` is used only with"),
            (
                ["--window", "64", "--set", "windows=rolling"], 2,
                "`window` is used only with `windows: disjoint`"
            ), (["--stride", "64", "--set", "windows=rolling"], 2, "`stride` is used only with"),
        ])
    func evalRefusals(arguments: [String], status: Int, words: String) throws {
        let program = Places.programs.appending(path: "layerfold").path
        let outcome = try run(
            program, ["eval", Self.demo, "--data", Self.demo + "/heldout.txt"] + arguments)
        #expect(outcome.status == Int32(status), "\(outcome.status): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test("an evaluation that was lost goes on from its kept waves, with the same figures")
    func keptWaves() throws {
        let (folder, job) = try Workshop.make()
        let questions = folder.path + "/questions.jsonl"
        let line = #"{"context":"Once upon","choices":["a time","a hill"],"answer":"A"}"#
        try Data((line + "\n").utf8).write(to: URL(filePath: questions))
        let text = try String(contentsOfFile: job, encoding: .utf8)
        let start = try #require(text.range(of: "evaluate:"))
        let evaluate = """
            evaluate:
              - {task: multiple-choice, path: questions.jsonl}
              - {task: perplexity, path: demo/heldout.txt, window: 64, limit: 256}
              - {task: divergence, path: demo/heldout.txt, window: 64, limit: 256}

            """
        try (text[..<start.lowerBound].replacing("[0.125]", with: "[0.125, 0.25]") + evaluate)
            .write(toFile: job, atomically: true, encoding: .utf8)
        let (state, output) = (folder.path + "/state", folder.path + "/out")
        let first = try layerfold("run", job, "--state", state, "--output", output)
        #expect(first.status == 0, "\(first.errors)")
        #expect(!first.errors.contains("waves were kept"))
        // The figures go, the waves stay.
        let actions = state + "/store/act"
        var removed = 0
        var states = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: actions)
        where name.hasSuffix(".json") {
            let file = actions + "/" + name
            let action = try String(contentsOfFile: file, encoding: .utf8)
            // The original's states are computed once for both folded models.
            states += action.contains("\"divergence-states\"") ? 1 : 0
            guard action.contains("\"evaluate\"") else { continue }
            try FileManager.default.removeItem(atPath: file)
            removed += 1
        }
        // Three tasks of three models.
        #expect(removed == 9 && states == 1)
        let second = try layerfold("run", job, "--state", state, "--output", output)
        #expect(second.status == 0, "\(second.errors)")
        // The original's divergence to itself asks nothing.
        #expect(second.errors.ranges(of: "1 of 1 waves were kept").count == 8)
        func figures(_ run: String) throws -> [[String: Double]] {
            let report = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: "\(output)/\(run)/report.json")))
            let results = (report as? [String: Any])?["results"] as? [[String: Any]] ?? []
            return results.flatMap { $0["evaluations"] as? [[String: Any]] ?? [] }.map {
                ["value": $0["value"] as? Double ?? -1, "stderr": $0["stderr"] as? Double ?? -1]
            }
        }
        let before = try figures("tiny-1")
        #expect(try before.count == 14 && figures("tiny-2") == before)
    }

    @Test("bad data of an evaluation are told by file and line before anything is computed")
    func badDataEarly() throws {
        let (folder, job) = try Workshop.make()
        let questions = folder.path + "/questions.jsonl"
        try Data("\n{\"context\": 1}\n".utf8).write(to: URL(filePath: questions))
        let text = try String(contentsOfFile: job, encoding: .utf8)
        try (text + "\n").replacing(
            "evaluate: [", with: "evaluate: [{task: hellaswag, path: questions.jsonl}, "
        ).write(toFile: job, atomically: true, encoding: .utf8)
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/state", "--output", folder.path + "/out")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("questions.jsonl:2: "), "\(outcome.errors)")
        #expect(!outcome.errors.contains("activations"), "\(outcome.errors)")
        #expect(Workshop.names(folder.path + "/out") == [])
    }

    @Test("the same job twice computes nothing but the fold, and results are byte-identical")
    func sameJobTwice() throws {
        let (folder, job) = try Workshop.make()
        let (state, output) = (folder.path + "/state", folder.path + "/out")
        for _ in 0..<2 {
            let outcome = try layerfold("run", job, "--state", state, "--output", output)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        #expect(Workshop.names(output) == ["tiny-1", "tiny-2"])
        let report = try #require(
            try JSONSerialization.jsonObject(
                with: try Data(contentsOf: URL(filePath: output + "/tiny-2/report.json")))
                as? [String: Any])
        let stages = try #require(report["stages"] as? [[String: Any]])
        // Files made within seconds before are read again: their times prove nothing yet.
        let anew = ["digest", "merge", "report"]
        for stage in stages where !anew.contains(stage["name"] as? String ?? "") {
            #expect(stage["cache"] as? String == "hit", "\(stage["name"] ?? "")")
        }
        #expect(stages.contains { $0["name"] as? String == "evaluate" })
        #expect(stages.allSatisfy { ($0["processor_seconds"] as? Double ?? -1) >= 0 })
        #expect(stages.allSatisfy { ($0["peak_anonymous_bytes"] as? Int ?? 0) > 1 << 20 })
        let model = "mka-r0.125"
        let files = Workshop.names(output + "/tiny-1/" + model)
        #expect(files.contains("model.safetensors") && files.contains("config.json"))
        #expect(files == Workshop.names(output + "/tiny-2/" + model))
        for file in files where file != "README.md" {
            let both = try (1...2).map {
                try Data(contentsOf: URL(filePath: "\(output)/tiny-\($0)/\(model)/\(file)"))
            }
            #expect(both[0] == both[1], "\(file)")
        }
        for number in 1...2 { #expect(Workshop.names("\(output)/tiny-\(number)").contains("DONE")) }
        #expect(Workshop.names(state + "/store/tmp") == [])
    }

    @Test("a folder in the way of the results is told by its path, and nothing is left")
    func outputInTheWay() throws {
        let (folder, job) = try Workshop.make()
        let output = folder.path + "/out"
        try Data("mine".utf8).write(to: URL(filePath: output))
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/state", "--output", output)
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(output), "\(outcome.errors)")
        // A sentence, not a dump of an error object.
        #expect(!outcome.errors.contains("NSCocoaErrorDomain"), "\(outcome.errors)")
        #expect(try String(contentsOf: URL(filePath: output), encoding: .utf8) == "mine")
        #expect(Workshop.names(folder.path + "/state/store/tmp") == [])
    }

    @Test(
        "a full disk under the results, or under the store, leaves nothing half written",
        arguments: ["output", "state"])
    func diskFull(part: String) throws {
        // The folded model has some 40 MB; the first objects of the store more than 64 KiB.
        guard let disk = try SmallDisk(bytes: part == "output" ? 4 << 20 : 64 << 10) else {
            try Test.cancel("this process may not mount a small disk")
        }
        let (folder, job) = try Workshop.make()
        var places = ["state": folder.path + "/state", "output": folder.path + "/out"]
        places[part] = disk.folder.path + "/" + part
        let (state, output) = (places["state"] ?? "", places["output"] ?? "")
        let outcome = try layerfold("run", job, "--state", state, "--output", output)
        #expect(outcome.status == 1, "\(outcome.errors)")
        let words = outcome.errors.lowercased()
        #expect(words.contains("free") || words.contains("space"), "\(outcome.errors)")
        #expect(Workshop.names(output) == [])
        #expect(Workshop.names(state + "/store/tmp") == [])
        // With space, the same job goes on from what was kept.
        let again = try layerfold(
            "run", job, "--state", part == "state" ? folder.path + "/state" : state, "--output",
            folder.path + "/out")
        #expect(again.status == 0, "\(again.errors)")
        withExtendedLifetime(disk) {}
    }

    @Test("an output folder that cannot be written is told before anything is computed")
    func readOnlyOutput() throws {
        guard let disk = try SmallDisk(bytes: 1 << 20, isReadOnly: true) else {
            try Test.cancel("this process may not mount a small disk")
        }
        let (folder, job) = try Workshop.make()
        let output = disk.folder.path + "/out"
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/state", "--output", output)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(output) && outcome.errors.contains("Read-only"))
        #expect(!outcome.errors.contains("activations"), "\(outcome.errors)")
        #expect(Workshop.names(folder.path + "/state/store/tmp") == [])
        withExtendedLifetime(disk) {}
    }

    @Test("a header with overlapping tensors is refused by the tensor's name")
    func overlap() throws {
        let outcome = try layerfold(
            "inspect", "Tests/Fixtures/hostile/overlap")
        #expect(outcome.status == 4)
        #expect(outcome.errors.contains("overlap"), "\(outcome.errors)")
    }

    @Test(
        "an unknown architecture and a missing key of config.json are told",
        arguments: [
            ("\"model_type\": \"llama\"", "\"model_type\": \"perceptron\"", "perceptron"),
            ("\"vocab_size\"", "\"words\"", "vocab_size"),
        ])
    func configs(old: String, new: String, words: String) throws {
        let (folder, job) = try Workshop.make()
        let file = folder.url.appending(path: "demo/config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        let changed = text.replacing(old, with: new)
        #expect(changed != text)
        try Data(changed.utf8).write(to: file)
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/state", "--output", folder.path + "/out")
        #expect(outcome.status == 1 && outcome.errors.contains(words), "\(outcome.errors)")
        #expect(Workshop.names(folder.path + "/out") == [])
    }

    @Test("a manifest of 2 MB and one with aliases are refused before anything is made")
    func hostileManifests() throws {
        let (folder, job) = try Workshop.make()
        let text = try String(contentsOf: URL(filePath: job), encoding: .utf8)
        let large = text + String(repeating: "# filler\n", count: 240_000)
        let aliased = text.replacing("model: demo", with: "model: &m demo\nnotes: *m")
        for manifest in [large, aliased] {
            try Data(manifest.utf8).write(to: URL(filePath: job))
            let outcome = try layerfold(
                "run", job, "--state", folder.path + "/state", "--output", folder.path + "/out")
            #expect(outcome.status == 4, "\(outcome.errors)")
            #expect(outcome.errors.utf8.count < 2000)
            #expect(Workshop.names(folder.path) == ["demo", "tiny.yaml"])
        }
    }
}
