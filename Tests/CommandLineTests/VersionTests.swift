// One version: both programs, reports, the daemon's status and the changelog say the same.

import Foundation
import TestSupport
import Testing

@Suite("version")
struct VersionTests {
    @Test("programs, report, API and changelog agree")
    func agree() throws {
        let version = try layerfold("--version").output.trimmingCharacters(in: .newlines)
        #expect(version.wholeMatch(of: /\d+\.\d+\.\d+/) != nil, "\(version)")
        #expect(try run(Self.daemon, ["--version"]).output == version + "\n")
        #expect(try Self.reported() == version)
        #expect(try Self.served().contains("version \(version), process"))
        let changes = try String(
            contentsOf: Places.root.appending(path: "CHANGELOG.md"), encoding: .utf8)
        let newest = changes.firstMatch(of: /\n## \[(\d[^\]]*)\]/)
        #expect(newest?.1 == version[...])
    }

    private static let daemon = Places.programs.appending(path: "layerfoldd").path

    /// What a report says it was made by.
    private static func reported() throws -> String? {
        let (folder, job) = try Workshop.make()
        let manifest =
            "{version: 1, name: v, model: demo, compress: [{method: reverse, ratios: [0.5]}]}"
        try Data(manifest.utf8).write(to: URL(filePath: job))
        let outcome = try layerfold(
            "run", job, "--state", folder.path + "/s", "--output", folder.path + "/out")
        try #require(outcome.status == 0, "\(outcome.errors)")
        let path = outcome.output.trimmingCharacters(in: .newlines)
        let report =
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
            as? [String: Any]
        return (report?["versions"] as? [String: Any])?["layerfold"] as? String
    }

    /// What `layerfold doctor` hears from a daemon; empty where none answers within 20 s.
    private static func served() throws -> String {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(filePath: daemon)
        process.arguments = ["--state", folder.path, "--log-level", "error"]
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        for _ in 0..<200 {
            let told = try layerfold("doctor", "--state", folder.path).output
            if told.contains("version ") { return told }
            Thread.sleep(forTimeInterval: 0.1)
        }
        return ""
    }
}
