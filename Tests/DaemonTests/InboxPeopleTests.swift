// The inbox between several users: the daemon runs without any privilege, as under systemd, and the
// files are other people's. Needs root, to make files of others.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

private let setpriv = "/usr/bin/setpriv"
private let mayBeOthers =
    geteuid() == 0 && FileManager.default.isExecutableFile(atPath: setpriv)

@Suite(
    .serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"),
    .enabled(if: mayBeOthers, "only root can be several users"))
struct InboxPeopleTests {
    /// User number 0 without a single capability: an ordinary user, who owns the state folder.
    private static let unprivileged = [setpriv, "--bounding-set=-all", "--inh-caps=-all", "--"]
    private static let alice: uid_t = 4_711
    private static let bob: uid_t = 4_712

    /// A daemon whose inbox is for its group, sticky as the unit makes it.
    private func daemon(_ prepare: (TestDaemon) throws -> Void = { _ in }) async throws
        -> TestDaemon
    {
        let daemon = try TestDaemon()
        _ = unsafe chmod(daemon.folder.path.string, 0o711)
        try StateFolders(state: daemon.state).make()
        _ = unsafe chmod(daemon.inbox.string, 0o1770)
        try prepare(daemon)
        try daemon.launch(wrapper: Self.unprivileged)
        #expect(await eventually { (try? daemon.client.status()) != nil }, "\(daemon.logText)")
        return daemon
    }

    private func put(
        _ text: String, _ path: FilePath, owner: uid_t, mode: mode_t = 0o640
    ) throws {
        let name = path.lastComponent?.string ?? ""
        let temporary = path.removingLastComponent().appending(".\(name)")
        try Data(text.utf8).write(to: URL(filePath: temporary.string))
        try #require(unsafe chown(temporary.string, owner, 0) == 0)
        try #require(unsafe chmod(temporary.string, mode) == 0)
        try Syscalls.rename(temporary, to: path)
    }

    /// What a member of the inbox's group can do.
    /// - Returns: whether the shell's last command succeeded, and what it printed.
    private func shell(as user: uid_t, _ script: String) throws -> (isDone: Bool, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: setpriv)
        process.arguments = [
            "--reuid=\(user)", "--regid=0", "--clear-groups", "--", "/bin/sh", "-c", script,
        ]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, FileHandle.nullDevice)
        try process.run()
        let output = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus == 0, output)
    }

    @Test func `a file that only its owner may read stays, and goes on when others may`()
        async throws
    {
        let daemon = try await daemon()
        let path = daemon.inbox.appending("ok-private.yaml")
        try put(TestDaemon.manifest("ok-private"), path, owner: Self.alice, mode: 0o600)
        let hint = daemon.inbox.appending("ok-private.yaml.stays-4711.txt")
        #expect(
            await eventually { TestFolder.text(hint).contains("chmod g+r") }, "\(daemon.logText)")
        let report = try daemon.client.inbox()
        #expect(report.staying.map(\.name) == ["ok-private.yaml"])
        #expect(report.staying.first?.reason.contains("layerfold submit") == true)
        #expect(try daemon.client.jobs().jobs.isEmpty)
        try #require(unsafe chmod(path.string, 0o640) == 0)
        let id = try await daemon.wait(for: "ok-private", .done).id
        #expect(try daemon.client.job(id).record?.owner == 4_711)
        #expect(await eventually { TestFolder.names(in: daemon.inbox).isEmpty })
    }

    @Test func `nobody deletes or forges what the daemon tells another`() async throws {
        let daemon = try await daemon()
        try put("version: 1\nmodle: m\n", daemon.inbox.appending("x.yaml"), owner: Self.alice)
        let note = daemon.rejected(of: "4711").appending("x.error.json").string
        let hint = daemon.inbox.appending("x.yaml.rejected-4711.txt").string
        #expect(await eventually { TestFolder.exists(FilePath(hint)) }, "\(daemon.logText)")
        let text = TestFolder.text(FilePath(note))
        try put("waits", daemon.inbox.appending("notes.txt"), owner: Self.alice)
        for user in [Self.alice, Self.bob] {
            #expect(try shell(as: user, "cat '\(note)'").output == text, "the group reads it")
            #expect(try shell(as: user, "cat '\(hint)'").output.contains("did you mean `model`?"))
            for script in [
                "rm -f '\(note)'", "echo forged >'\(note)'", "mv '\(note)' /tmp/forged",
                "echo forged >'\(daemon.rejected(of: "4711"))/y.error.json'",
                "mkdir '\(daemon.rejected(of: "4713"))'",
                "rm -rf '\(daemon.rejected(of: "4711"))' && test ! -e '\(note)'",
                "rm -f '\(hint)'", "echo forged >'\(hint)'", "mv '\(hint)' '\(hint).old'",
            ] {
                #expect(try !shell(as: user, script).isDone, "user \(user): \(script)")
            }
        }
        #expect(try !shell(as: Self.bob, "rm -f '\(daemon.inbox)/notes.txt'").isDone)
        #expect(try shell(as: Self.bob, "echo >'\(daemon.inbox)/bob.txt'").isDone, "she may drop")
        #expect(TestFolder.text(FilePath(note)) == text)
        // What looks like a hint and is somebody's own is told of, and no hint.
        let forged = daemon.inbox.appending("y.yaml.rejected-4711.txt")
        try put("forged", forged, owner: Self.bob)
        #expect(
            await eventually {
                try daemon.client.inbox().staying.map(\.name).contains("y.yaml.rejected-4711.txt")
            })
        let rejected = try #require(try daemon.client.inbox().rejected)
        #expect(rejected.map(\.name) == ["x.yaml"])
        #expect(rejected.first?.owner == 4_711)
        #expect(rejected.first?.reason == "manifest")
        // The next file of that name is a job: what was told of the last one is over.
        try put(TestDaemon.manifest("ok-x"), daemon.inbox.appending("x.yaml"), owner: Self.alice)
        try await daemon.wait(for: "ok-x", .done)
        #expect(await eventually { !TestFolder.exists(FilePath(hint)) })
    }

    @Test func `a manifest is held against its owner's rights when it is taken`() async throws {
        let daemon = try await daemon()
        let model = daemon.state.appending("models/demo/config.json")
        try #require(unsafe chmod(model.string, 0o600) == 0)
        try put(TestDaemon.manifest("ok-r"), daemon.inbox.appending("r.yaml"), owner: Self.alice)
        #expect(
            await eventually { try daemon.client.inbox().rejected?.isEmpty == false },
            "\(daemon.logText)")
        let rejected = try #require(try daemon.client.inbox().rejected?.first)
        #expect(rejected.reason == "not_readable" && rejected.owner == 4_711)
        #expect(rejected.problem.contains("demo/config.json`: user 4711"), "\(rejected.problem)")
        #expect(try daemon.client.jobs().jobs.isEmpty)
        // What is not there is no question of rights: the job says it.
        let text = TestDaemon.manifest("ok-s").replacing("model: demo", with: "model: gone")
        try put(text, daemon.inbox.appending("s.yaml"), owner: Self.alice)
        try await daemon.wait(for: "ok-s", .done)
        try #require(unsafe chmod(model.string, 0o644) == 0)
        try put(TestDaemon.manifest("ok-t"), daemon.inbox.appending("t.yaml"), owner: Self.alice)
        try await daemon.wait(for: "ok-t", .done)
    }

    @Test func `an owner that the kernel cannot name is a fault of the setting, and told`()
        async throws
    {
        let daemon = try await daemon()
        let path = daemon.inbox.appending("ok-who.yaml")
        try put(TestDaemon.manifest("ok-who"), path, owner: 65_534)
        #expect(
            await eventually {
                try daemon.client.inbox().staying.first?.reason.contains("PrivateUsers=no") == true
            }, "\(daemon.logText)")
        #expect(try daemon.client.jobs().jobs.isEmpty)
    }

    @Test func `what is written after acceptance changes nothing, though the writer held on`()
        async throws
    {
        // Opened before the daemon came: no event tells of it, and of others' files no lease.
        var writer: FileDescriptor?
        let text = TestDaemon.manifest("gate-held")
        let daemon = try await daemon { daemon in
            let path = daemon.inbox.appending("held.yaml")
            try put(text, path, owner: Self.alice)
            writer = try Syscalls.open(path, O_RDWR)
        }
        let descriptor = try #require(writer)
        let id = try await daemon.wait(for: "gate-held", .running).id
        let other = Array(TestDaemon.manifest("evil-held").utf8)
        try unsafe Syscalls.write(descriptor, "held", other.span.bytes)
        try Syscalls.close(descriptor, "held")
        try daemon.open("gate-held")
        try await daemon.wait(for: "gate-held", .done)
        let job = daemon.state.appending("jobs").appending(id)
        #expect(TestFolder.text(job.appending("manifest.raw")) == text)
        #expect(try daemon.client.job(id).record?.description.name == "gate-held")
        #expect(try daemon.client.jobs().jobs.count == 1)
    }

    @Test func `an inbox that was made anew by somebody else is told of`() async throws {
        let daemon = try await daemon()
        #expect(try daemon.client.inbox().warnings == [])
        try Syscalls.rename(daemon.inbox, to: daemon.state.appending("inbox.old"))
        try Syscalls.makeFolders(daemon.inbox)
        try #require(unsafe chmod(daemon.inbox.string, 0o777) == 0)
        try #require(unsafe chown(daemon.inbox.string, Self.alice, 0) == 0)
        #expect(
            await eventually {
                let warnings = try daemon.client.inbox().warnings ?? []
                return ["belongs to user 4711", "chmod +t"].allSatisfy { words in
                    warnings.contains { $0.contains(words) }
                }
            }, "\(daemon.logText)")
        #expect(daemon.logText.contains("the inbox is not as it should be"))
        try put(TestDaemon.manifest("ok-new"), daemon.inbox.appending("n.yaml"), owner: Self.bob)
        try await daemon.wait(for: "ok-new", .done)
    }
}
