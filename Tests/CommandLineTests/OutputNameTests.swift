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
}

/// Runs a line of shell, for its redirections.
func shell(_ script: String, environment: [String: String] = [:]) throws -> Outcome {
    try run("/bin/sh", ["-c", script], environment: environment)
}
