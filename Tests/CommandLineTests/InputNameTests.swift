// What people give verbs to read: standard input, pipes, `~`.

import Foundation
import TestSupport
import Testing

@Suite("names of inputs")
struct InputNameTests {
    private static let program = Places.programs.appending(path: "layerfold").path
    private static let manifest =
        "{version: 1, model: \(Places.demoModel.path), "
        + "compress: [{method: reverse, ratios: [0.5]}]}"

    @Test("a manifest comes from standard input or a pipe, and is called job")
    func pipes() throws {
        for line in [
            "'\(Self.program)' validate - --json", "'\(Self.program)' validate /dev/stdin --json",
        ] {
            let outcome = try shell("echo '\(Self.manifest)' | \(line)")
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.contains("\"name\" : \"job\""))
        }
        #expect(try shell("'\(Self.program)' validate - <&-").status == 4)
    }

    @Test("what is wrong with a manifest is JSON where that was asked for, without a daemon, too")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/x.yaml"
        let none = Self.manifest.replacing(Places.demoModel.path, with: "none")
        try Data(none.utf8).write(to: URL(filePath: file))
        let outcome = try layerfold("validate", file, "--json", "--state", folder.path + "/s")
        #expect(outcome.status == 3, "\(outcome.errors)")
        try Self.expectMessage(outcome, with: "\(file): ")
    }

    /// Standard output has, as JSON, what is said to people.
    static func expectMessage(_ outcome: Outcome, with start: String) throws {
        let object = try JSONDecoder().decode(
            [String: String].self, from: Data(outcome.output.utf8))
        let message = try #require(object["message"])
        #expect(message.hasPrefix(start), "\(message)")
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("~ is the user's own folder, also where a shell leaves it alone")
    func home() throws {
        let folder = try TemporaryFolder()
        try Data(Self.manifest.utf8).write(to: folder.url.appending(path: "x.yaml"))
        let outcome = try layerfold(["validate", "~/x.yaml"], environment: ["HOME": folder.path])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let missing = try layerfold(
            ["store", "stat", "--state=~/none"], environment: ["HOME": folder.path])
        #expect(missing.errors.contains(folder.path + "/none"), "\(missing.errors)")
    }
}
