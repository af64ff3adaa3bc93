// `layerfold doctor`: what it finds without and with a daemon.

import Foundation
import TestSupport
import Testing

@Suite("doctor")
struct DoctorTests {
    private static let canMount: Bool = {
        guard let folder = try? TemporaryFolder() else { return false }
        let script = "mount --bind '\(folder.path)' '\(folder.path)' && umount '\(folder.path)'"
        return (try? shell(script).status) == 0
    }()

    @Test(
        "an inbox that nothing can be moved out of is found",
        .enabled(if: canMount, "nothing can be mounted here"))
    func otherMount() throws {
        let folder = try TemporaryFolder()
        for name in ["inbox", "spool"] {
            try FileManager.default.createDirectory(
                at: folder.url.appending(path: name), withIntermediateDirectories: true)
        }
        let inbox = folder.path + "/inbox"
        let before = try layerfold("doctor", "--state", folder.path)
        #expect(!before.output.contains("mounts"), "\(before.output)")
        #expect(try shell("mount --bind '\(inbox)' '\(inbox)'").status == 0)
        defer { _ = try? shell("umount '\(inbox)'") }
        let after = try layerfold("doctor", "--state", folder.path)
        #expect(after.output.contains("different file systems or mounts"), "\(after.output)")
        #expect(Workshop.names(inbox).isEmpty, "the probe leaves nothing")
    }

    @Test("files that stay in the inbox are told of, with why")
    func staying() throws {
        let daemon = try CommandDaemon()
        let path = daemon.state + "/inbox/notes.txt"
        try Data("x".utf8).write(to: URL(filePath: path))
        #expect(
            eventually {
                let output = try daemon.verb("doctor").output
                return output.contains("notes.txt: its name does not end in .yaml")
            })
    }
}
