// Exit codes as README lists them.

import Foundation
import TestSupport
import Testing

@Suite("exit codes")
struct ExitCodeTests {
    @Test(
        "what is not there is code 3, whoever looks for it",
        arguments: [
            ["inspect", "/none/model"], ["tokenize", "/none/model"],
            ["forward", "/none/model", "--tokens", "x", "--output", "y"],
            ["forward", "inbox-example/models/demo", "--tokens", "/none", "--output", "y"],
            ["eval", "/none/model", "--data", "README.md"],
            ["eval", "inbox-example/models/demo", "--data", "/none"],
            ["tokenize", "inbox-example/models/demo", "--file", "/none"],
            ["run", "/none.yaml"], ["validate", "/none.yaml"], ["submit", "/none.yaml"],
            ["report", "/none"], ["explain", "/none"], ["store", "stat", "--state", "/none"],
            ["eval", "inbox-example/models/demo", "--task", "perplexty", "--data", "README.md"],
        ])
    func missing(arguments: [String]) throws {
        let outcome = try layerfold(arguments)
        #expect(outcome.status == 3, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("layerfold: "), "\(outcome.errors)")
    }

    @Test("what is there but of no use is code 4")
    func refused() throws {
        #expect(try layerfold("inspect", "docs").status == 4)
        #expect(try layerfold("validate", "docs").status == 4)
        #expect(try layerfold("validate", "README.md").status == 4)
    }

    @Test("an id that is no token is refused by its place, not left out of the text")
    func tokens() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/ids.json"
        func decode(_ ids: String) throws -> Outcome {
            try Data(ids.utf8).write(to: URL(filePath: file))
            return try layerfold("tokenize", Workshop.demo, "--decode", "--file", file)
        }
        #expect(try decode("[[5], [5, 6]]").status == 0)
        for id in [-1, 2_000_000] {
            let outcome = try decode("[[5], [5, \(id), 6]]")
            #expect(outcome.status == 4 && outcome.output.isEmpty)
            #expect(outcome.errors.contains("\(file): [1][1] is \(id),"), "\(outcome.errors)")
        }
    }

    @Test("wrong arguments are code 2, with the word that was meant")
    func usage() throws {
        let words: [([String], String)] = [
            (["sumbit", "x"], "did you mean `layerfold submit`?"),
            (["store", "verfy"], "did you mean `layerfold store verify`?"),
            (["frobnicate"], "see `layerfold --help`"), (["ls", "--jsn"], "--json"),
            (["ls", "--state", "faild"], "did you mean `failed`?"),
            (["cancel"], "--all-queued"), (["ls", "--limit", "0"], "--limit 0"),
            (["ls", "--limit", "-1"], "--limit -1: expected 1 or more"),
            (["audit", "--limit", "-1"], "--limit -1: expected 1 or more"),
            (["wait", "x", "--patience", "1e21"], "expected seconds, from 0 to 31536000"),
            (["wait", "x", "--patience", "nan"], "expected seconds, from 0 to 31536000"),
            (["store", "verify", "--rate", "1e-20"], "--rate 1e-20: expected 0.001 or more"),
            (["store", "verify", "--rate", "nan"], "--rate nan: expected 0.001 or more"),
            (["logs", "-f", "x", "--json"], "--follow or --json, not both"),
            (["report", "x", "--json", "--csv"], "--json or --csv, not both"),
            (["compare", "x", "y", "--json", "--csv"], "--json or --csv, not both"),
            (["tokenize", "x", "--decode", "--no-special"], "--no-special is for texts"),
            (["tokenize", "x", "--skip-special"], "--skip-special is for ids"),
            (["eval", "x", "--likelihoods"], "--likelihoods is for tasks that ask questions"),
            (["store", "cat", "0000", "--json"], "name a file with --output"),
            (["store", "cat", "0000", "--output", "-", "--json"], "name a file with --output"),
        ]
        for (arguments, text) in words {
            let outcome = try layerfold(arguments)
            #expect(outcome.status == 2, "\(arguments)")
            #expect(outcome.errors.contains(text), "\(outcome.errors)")
        }
        let daemon = Places.programs.appending(path: "layerfoldd").path
        #expect(try run(daemon, ["--no-such-option"]).status == 2)
        #expect(try run(daemon, ["--log-level", "loud"]).status == 2)
        #expect(try run(daemon, ["--help"]).status == 0)
    }

    @Test(
        "flags of the daemon have the limits of its settings",
        arguments: [
            (["--rescan-seconds", "0"], "0.01 to 86400"), (["--rescan-seconds", "-1"], "0.01"),
            (["--rescan-seconds", "nan"], "0.01"), (["--settle-seconds", "3601"], "3600"),
            (["--grace-seconds", "-1"], "0.0 to 3600"),
        ])
    func limits(flags: [String], text: String) throws {
        let daemon = Places.programs.appending(path: "layerfoldd").path
        // The settings that are not there end it where the flag does not.
        let outcome = try run(daemon, ["--config", "/none.yaml"] + flags)
        #expect(outcome.status == 2 && outcome.errors.contains(text), "\(outcome.errors)")
    }

    @Test("Ctrl-C is code 130, SIGTERM 143, and the job goes on where it stopped")
    func stopped() throws {
        for (code, stop) in [(130, { $0.interrupt() }), (143, { $0.terminate() })]
            as [(Int32, (RunningVerb) -> Void)]
        {
            let (folder, job) = try Workshop.make(limit: 1_000_000)
            // Long enough that the signal comes while the text is read.
            let text = folder.url.appending(path: "demo/heldout.txt")
            let once = try Data(contentsOf: text)
            try Data(Array(repeating: once, count: 40).joined()).write(to: text)
            let verb = try RunningVerb([
                "run", job, "--state", folder.path + "/state", "--output", folder.path + "/out",
            ])
            #expect(eventually { verb.errors.contains("similarity") })
            // No thread that multiplies takes a signal: its stack pointer may be no stack's.
            let takers = try verb.threads(taking: code - 128)
            #expect(takers.count >= 1 && !takers.contains(verb.number), "\(takers)")
            stop(verb)
            #expect(verb.end() == code, "\(verb.errors)")
            #expect(verb.errors.contains("what was finished stays in the cache"))
            #expect(Workshop.names(folder.path + "/out").isEmpty)
        }
    }
}
