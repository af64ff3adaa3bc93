// Files that verbs write, by the names that people give them.

import Foundation
import TestSupport
import Testing

@Suite("names of outputs")
struct OutputNameTests {
    @Test("a name without a folder is a file of the current one")
    func bareName() throws {
        let folder = try TemporaryFolder()
        try Data("[[1]]".utf8).write(to: folder.url.appending(path: "t.json"))
        let program = Places.programs.appending(path: "layerfold").path
        let outcome = try shell(
            """
            cd '\(folder.path)' && '\(program)' forward '\(Places.demoModel.path)' --tokens t.json \
            --logits-only --output out.st
            """)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(Workshop.names(folder.path) == ["out.st", "t.json"])
    }

    @Test("on standard output there are the bytes of the file, and nothing behind them")
    func standardOutput() throws {
        let folder = try TemporaryFolder()
        try Data("[[1]]".utf8).write(to: folder.url.appending(path: "t.json"))
        let program = Places.programs.appending(path: "layerfold").path
        let forward =
            "'\(program)' forward '\(Places.demoModel.path)' --tokens t.json --logits-only"
        let outcome = try shell(
            """
            cd '\(folder.path)' && \(forward) --output - >piped.st && \(forward) --output out.st \
            && cmp piped.st out.st
            """)
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output == "out.st\n")
        let both = try shell("cd '\(folder.path)' && \(forward) --json --output -")
        #expect(both.status == 2 && both.output.isEmpty)
        #expect(both.errors.contains("name a file with --output"), "\(both.errors)")
    }

    @Test("a folder that is not there is told by its name, before anything is computed")
    func noFolder() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appending(path: "file").path
        try Data().write(to: URL(filePath: file))
        let model = Places.demoModel.path
        for parent in [folder.url.appending(path: "none").path, file] {
            for verb in [
                ["init", model, "--output", parent + "/x.yaml"],
                ["export", model, "--output", parent + "/x.gguf"],
                // Not even the ids are looked for.
                ["forward", model, "--tokens", "/none.json", "--output", parent + "/x.st"],
            ] {
                let outcome = try layerfold(verb)
                #expect(outcome.status == 3)
                #expect(outcome.errors.contains("no folder `\(parent)`"), "\(outcome.errors)")
            }
        }
        #expect(Workshop.names(folder.path) == ["file"])
    }

    @Test("a file in the place of a folder of results or state is a wrong argument")
    func fileForFolder() throws {
        let folder = try TemporaryFolder()
        let file = folder.url.appending(path: "file").path
        try Data("{}".utf8).write(to: URL(filePath: file))
        for option in ["--state", "--output"] {
            for verb in ["run", "plan", "fold"] {
                let outcome = try layerfold(verb, file, option, file)
                #expect(outcome.status == 2, "\(verb): \(outcome.errors)")
                #expect(outcome.errors.contains("\(option) \(file): is a file; name a folder"))
            }
        }
    }
}

/// Runs a line of shell, for its redirections.
func shell(_ script: String, environment: [String: String] = [:]) throws -> Outcome {
    try run("/bin/sh", ["-c", script], environment: environment)
}
