// Verbs that talk to a daemon, as real processes with a real daemon.

import Foundation
import TestSupport
import Testing

@Suite("verbs of the queue", .serialized)
struct QueueVerbTests {
    @Test("jobs by id, beginning, name and latest; several at a time; by state")
    func references() throws {
        let daemon = try CommandDaemon()
        let good = try daemon.submit("ok-1")
        #expect(daemon.waits(good, for: "done"))
        let bad = try daemon.submit("bad-1")
        #expect(daemon.waits(bad, for: "failed"))
        for word in [good, good.lowercased(), String(good.prefix(25)), "ok-1"] {
            let shown = try daemon.verb("show", word)
            #expect(shown.output.contains(good), "\(word): \(shown.errors)")
        }
        let latest = try daemon.verb("show", "latest")
        #expect(latest.output.contains(bad) && latest.output.contains("no such model"))
        #expect(latest.output.contains("models/demo"))
        let both = try daemon.verb("show", "ok-1", "bad-1", "--json")
        #expect(
            (try JSONSerialization.jsonObject(with: Data(both.output.utf8)) as? [Any])?.count == 2)
        #expect(try daemon.verb("show", "nothing").status == 3)
        let failed = try daemon.verb("ls", "--state", "failed", "--limit", "20", "--wide")
        #expect(failed.output.contains(bad) && !failed.output.contains(good))
        #expect(failed.output.contains("models/demo"))
        let one = try daemon.verb("ls", "--limit", "1")
        #expect(one.output.contains("bad-1") && !one.output.contains("ok-1"))
        #expect(one.errors.contains("--limit"))
        for columns in [40, 80] {
            for verb in [["ls"], ["show", "latest"], ["report", "ok-1"]] {
                let outcome = try layerfold(
                    verb, environment: daemon.environment.merging(["COLUMNS": "\(columns)"]) { $1 })
                #expect(outcome.status == 0, "\(verb) \(outcome.errors)")
                let wide = outcome.output.split(separator: "\n").filter {
                    // Paths stay whole, to be copied.
                    $0.count > columns && !$0.hasPrefix("report:") && !$0.hasPrefix("model:")
                        && !$0.hasPrefix("warning:")
                }
                #expect(wide.isEmpty, "\(wide)")
            }
        }
    }

    @Test("all that wait are cancelled, the one that runs is not")
    func cancelQueued() throws {
        let daemon = try CommandDaemon()
        let running = try daemon.submit("gate-1")
        #expect(daemon.waits(running, for: "running"))
        let queued = [try daemon.submit("ok-2"), try daemon.submit("ok-3")]
        let outcome = try daemon.verb("cancel", "--all-queued")
        #expect(outcome.output == queued.map { "\($0) cancelled\n" }.joined())
        #expect(try daemon.verb("cancel", "ok-2", "ok-3", "--all-queued").status == 2)
        #expect(try daemon.verb("retry", "ok-2", "ok-3").status == 0)
        try daemon.open("gate-1")
        for id in [running] + queued { #expect(daemon.waits(id, for: "done")) }
        #expect(try daemon.verb("retry", running).status == 4)
    }

    @Test("a job is run again at other ratios, and told apart from the first")
    func rerun() throws {
        let daemon = try CommandDaemon()
        let first = try daemon.submit("ok-1")
        #expect(daemon.waits(first, for: "done"))
        let outcome = try daemon.verb("rerun", "ok-1", "--ratio", "0.3", "--wait")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("report: "), "figures and paths")
        let second = outcome.output.trimmingCharacters(in: .newlines)
        let diff = try daemon.verb("diff", first, second)
        #expect(diff.output.contains("compress[0].ratios[0]"), "\(diff.errors)")
        #expect(diff.output.contains("0.5") && diff.output.contains("0.3"))
        #expect(try daemon.verb("diff", first, first).output.contains("the same"))
        let wrong = try daemon.verb("rerun", "ok-1", "--ratio", "1.5")
        #expect(wrong.status == 4)
        #expect(wrong.errors.contains("a ratio above 1"), "\(wrong.errors)")
        let sized = try daemon.verb("rerun", "ok-1", "--size", "6G", "--name", "ok-sized")
        #expect(sized.status == 0, "\(sized.errors)")
        #expect(try daemon.verb("show", "ok-sized").output.contains("size 6G"))
        // From a budget back to a ratio.
        let back = try daemon.verb("rerun", "ok-sized", "--ratio", "0.3", "--name", "ok-back")
        #expect(back.status == 0, "\(back.errors)")
        #expect(try daemon.verb("show", "ok-back").output.contains("0.3"))
        #expect(try daemon.verb("rerun", "ok-1", "--size", "6X").status == 2)
        #expect(try daemon.verb("rerun", "ok-1", "--size", "6G", "--ratio", "0.3").status == 2)
    }

    @Test("diff looks at every model's figures and the original's, or says why it did not")
    func diff() throws {
        let daemon = try CommandDaemon()
        let report = URL(filePath: daemon.folder + "/report.json")
        let tiny = try String(contentsOf: report, encoding: .utf8)
        /// A job that is done.
        func job(_ name: String, quantized: String, original: String) throws -> String {
            let evaluation =
                #"{"task": "perplexity", "metric": "perplexity", "value": \#(quantized)}"#
            let model = #"""
                {"id": "mka-r0.34-rtn-w4", "of": "mka-r0.34", "method": "rtn", "scheme": "W4A16",
                 "format": "pack-quantized", "bits": 4, "path": "mka-r0.34-rtn-w4", "layers": 2,
                 "parameters": 700, "bytes": 400, "compression_ratio": 0.8, "seconds": 1,
                 "evaluations": [\#(evaluation)], "files": []}
                """#
            let text = tiny.replacing("51.69", with: original)
                .replacing("\"results\": [", with: "\"quantized\": [\(model)], \"results\": [")
            try Data(text.utf8).write(to: report)
            let id = try daemon.submit(name)
            #expect(daemon.waits(id, for: "done"))
            return id
        }
        let first = try job("ok-1", quantized: "91.5", original: "51.69")
        let second = try job("ok-2", quantized: "95.5", original: "52.25")
        struct Difference: Decodable, Equatable {
            let what, first, second: String
        }
        func differences() throws -> (list: [Difference], errors: String) {
            let outcome = try daemon.verb("diff", first, second, "--json")
            let list = try JSONDecoder().decode(
                [Difference].self, from: Data(outcome.output.utf8))
            return (list, outcome.errors)
        }
        let name = Difference(what: "name", first: "ok-1", second: "ok-2")
        let all = try differences()
        #expect(
            all.list == [
                name,
                Difference(
                    what: "mka-r0.34-rtn-w4: perplexity", first: "91.5", second: "95.5"),
                Difference(what: "original: perplexity", first: "51.69", second: "52.25"),
            ])
        #expect(all.errors.isEmpty, "\(all.errors)")
        let shown = try daemon.verb("show", second, "--json").output
        let detail = try JSONSerialization.jsonObject(with: Data(shown.utf8)) as? [String: Any]
        let results = try #require(detail?["results_dir"] as? String)
        try Data("{}".utf8).write(to: URL(filePath: results + "/report.json"))
        let torn = try differences()
        #expect(torn.list == [name])
        #expect(torn.errors.contains("\(second): no figures were compared: \(results)"))
        #expect(try daemon.verb("rm", second, "--results").status == 0)
        let gone = try daemon.verb("diff", second, second)
        #expect(gone.output == "the manifests are the same\n")
        #expect(gone.errors.contains("it has no results"), "\(gone.errors)")
    }

    @Test("a manifest comes through a pipe")
    func submitPipe() throws {
        let daemon = try CommandDaemon()
        let program = Places.programs.appending(path: "layerfold").path
        let outcome = try shell(
            "echo '\(CommandDaemon.manifest("ok-pipe"))' | '\(program)' submit - --wait",
            environment: daemon.environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("report: "))
    }

    @Test("what the daemon finds wrong with a file is told with the file's name")
    func refusedFile() throws {
        let daemon = try CommandDaemon()
        for (model, status, words) in [
            ("/elsewhere", Int32(4), "line 1, column"), ("models/none", 3, "model `models/none`"),
        ] {
            let file = daemon.folder + "/wrong.yaml"
            let text = CommandDaemon.manifest("ok-1").replacing("models/demo", with: model)
            try Data(text.utf8).write(to: URL(filePath: file))
            for verb in [["submit"], ["submit", "--dry-run"], ["validate"]] {
                let outcome = try layerfold(verb + [file], environment: daemon.environment)
                #expect(outcome.status == status, "\(verb): \(outcome.errors)")
                #expect(
                    outcome.errors.hasPrefix("layerfold: \(file): \(words)"), "\(outcome.errors)")
            }
            let outcome = try layerfold(
                ["validate", file, "--json"], environment: daemon.environment)
            #expect(outcome.status == status)
            try InputNameTests.expectMessage(outcome, with: "\(file): \(words)")
        }
    }

    @Test("wait ends with figures and paths, or with why not")
    func wait() throws {
        let daemon = try CommandDaemon()
        let good = try daemon.submit("ok-1")
        let waited = try daemon.verb("wait", good)
        #expect(waited.status == 0, "\(waited.errors)")
        #expect(waited.output.contains("figure") && waited.output.contains("/report.html"))
        _ = try daemon.submit("bad-1")
        let failed = try daemon.verb("wait", "bad-1", "ok-1")
        #expect(failed.status == 1)
        #expect(failed.errors.contains("no such model") && failed.errors.contains("1 of 2"))
    }

    @Test("a log has the job's story and what the worker wrote")
    func logs() throws {
        let daemon = try CommandDaemon()
        let id = try daemon.submit("bad-1")
        #expect(daemon.waits(id, for: "failed"))
        let log = try daemon.verb("logs", "bad-1").output
        for text in [
            "digest       from cache", "warning: a warning of the job", "failed: no such model",
            "a line of the worker",
        ] {
            #expect(log.components(separatedBy: text).count == 2, "\(text): \(log)")
        }
    }

    @Test("logs -f and wait say at once that the daemon is away, and outlive its restart")
    func restart() throws {
        let daemon = try CommandDaemon()
        let id = try daemon.submit("gate-1")
        #expect(daemon.waits(id, for: "running"))
        let verbs = [try daemon.begin("logs", "-f", id), try daemon.begin("wait", "gate-1")]
        #expect(eventually { verbs[0].output.contains("a line of the worker") })
        #expect(eventually { verbs[1].errors.contains("warning: a warning") })
        daemon.stop()
        for verb in verbs {
            #expect(eventually { verb.errors.contains("waiting for it") }, "\(verb.errors)")
        }
        try daemon.start()
        try daemon.open("gate-1")
        for verb in verbs {
            #expect(verb.end() == 0, "\(verb.errors)")
            #expect(verb.errors.contains("answers again"))
        }
        daemon.stop()
        let away = try daemon.verb("wait", id, "--patience", "0")
        #expect(away.status == 5)
        #expect(away.errors.contains("cannot be reached"))
    }
}
