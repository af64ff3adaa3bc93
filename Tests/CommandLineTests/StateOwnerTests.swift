// Root and other users on a state folder: what writes is refused where the folder is somebody
// else's, what only looks writes nothing. A model that is cut while a verb reads it ends the verb
// in words.

import DurableIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite("state folders of others", .enabled(if: geteuid() == 0, "only root can give files away"))
struct StateOwnerTests {
    private static let other: uid_t = 65_534

    /// Everything below a folder, with what would betray a change.
    private static func fingerprint(_ folder: String) -> [String] {
        let names = FileManager.default.subpaths(atPath: folder) ?? []
        return names.sorted().map { name in
            let status = try? Syscalls.stat(FilePath(folder + "/" + name))
            return "\(name) \(status?.inode ?? 0) \(status?.owner ?? 0) "
                + "\(status?.byteCount ?? 0) \(status?.modifiedNanoseconds ?? 0) "
                + "\(status?.changedNanoseconds ?? 0)"
        }
    }

    private static func give(_ folder: String, to user: uid_t) {
        for name in [""] + (FileManager.default.subpaths(atPath: folder) ?? []) {
            _ = unsafe lchown(folder + "/" + name, user, user)
        }
    }

    /// A state folder with what a small plan keeps.
    private static func make() throws -> (folder: TemporaryFolder, job: String, state: String) {
        let (folder, job) = try Workshop.make()
        let state = folder.path + "/state"
        let outcome = try layerfold("plan", job, "--state", state)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return (folder, job, state)
    }

    @Test("root's verbs that write refuse a folder of somebody else's and say how to do it")
    func refused() throws {
        let (folder, job, state) = try Self.make()
        Self.give(state, to: Self.other)
        let before = Self.fingerprint(state)
        let object = try #require(
            try layerfold("store", "ls", "--state", state).output.split(separator: "\n")
                .dropFirst().first?.split(separator: " ").dropFirst(3).first)
        let verbs = [
            ["run", job, "--output", folder.path + "/results"], ["plan", job],
            ["store", "gc"], ["store", "pin", String(object), "--owner", "x"],
            ["store", "verify", "--repair"], ["store", "rebuild-index"],
            ["doctor", "--measure"],
        ]
        for verb in verbs {
            let outcome = try layerfold(verb + ["--state", state])
            #expect(outcome.status == 4, "\(verb): \(outcome.status) \(outcome.errors)")
            #expect(outcome.errors.contains("runuser -u "), "\(verb): \(outcome.errors)")
            #expect(Self.fingerprint(state) == before, "\(verb)")
        }
        // A part that is somebody else's is enough: root's own folder with a daemon's store.
        _ = unsafe lchown(state, 0, 0)
        #expect(try layerfold("store", "gc", "--state", state).status == 4)
    }

    @Test("verbs that look write nothing, for root and for who may read")
    func looks() throws {
        let (kept, _, state) = try Self.make()
        defer { withExtendedLifetime(kept) {} }
        let (folder, _, open) = try Self.make()
        Self.give(state, to: Self.other)
        for name in [""] + (FileManager.default.subpaths(atPath: folder.path) ?? []) {
            let path = folder.path + "/" + name
            let mode = (try Syscalls.stat(FilePath(path))?.permissions ?? 0) | 0o055
            if !name.hasPrefix("demo") { _ = unsafe chmod(path, mode) }
        }
        for verb in ["stat", "ls", "verify"] {
            let before = Self.fingerprint(state)
            let outcome = try layerfold("store", verb, "--state", state)
            #expect(outcome.status == 0, "\(verb): \(outcome.errors)")
            #expect(Self.fingerprint(state) == before, "\(verb)")
            let untouched = Self.fingerprint(open)
            let member = try run(
                "/usr/bin/setpriv",
                [
                    "--reuid=\(Self.other)", "--regid=\(Self.other)", "--clear-groups",
                    Places.programs.appending(path: "layerfold").path, "store", verb, "--state",
                    open,
                ])
            #expect(member.status == 0, "\(verb): \(member.errors)")
            #expect(Self.fingerprint(open) == untouched, "\(verb)")
        }
    }
}

@Suite("models that are cut while they are read")
struct CutModelTests {
    @Test("a verb that reads a page which is gone ends with code 4 and names the file")
    func cut() throws {
        let (folder, _) = try Workshop.make()
        let tokens = folder.path + "/tokens"
        let made = unsafe mkfifo(tokens, 0o600)
        try #require(made == 0)
        let errors = folder.url.appending(path: "errors")
        try Data().write(to: errors)
        let process = Process()
        process.executableURL = Places.programs.appending(path: "layerfold")
        process.arguments = [
            "forward", folder.path + "/demo", "--tokens", tokens, "--output", folder.path + "/out",
        ]
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        // Opens when the verb reads: the model is mapped by then.
        let pipe = try FileHandle(forWritingTo: URL(filePath: tokens))
        let weights = folder.path + "/demo/model.safetensors"
        _ = unsafe truncate(weights, 4096)
        try pipe.write(contentsOf: Data("[[1, 2, 3]]".utf8))
        try pipe.close()
        process.waitUntilExit()
        let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        #expect(process.terminationReason == .exit && process.terminationStatus == 4, "\(text)")
        #expect(text.hasPrefix("layerfold: \(weights): input changed"), "\(text)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/out"))
    }
}
