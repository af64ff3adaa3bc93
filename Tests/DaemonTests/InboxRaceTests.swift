// People and programs that rename, link, remove and rewrite files in the inbox while it is looked
// through: nothing unchecked is taken, nothing is stuck, nothing is a mixture.

import Daemon
import Dispatch
import DurableIO
import Foundation
import Glibc
import Jobs
import Synchronization
import SystemPackage
import TestSupport
import Testing

@Suite(.serialized) struct InboxRaceTests {
    /// `LAYERFOLD_HAMMER_STEPS` for a longer run.
    private static let steps = number("LAYERFOLD_HAMMER_STEPS") ?? 1_500
    /// `LAYERFOLD_MANIFESTS` for the 20,000 of the list of faults.
    private static let many = number("LAYERFOLD_MANIFESTS") ?? 450

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test(arguments: [UInt64(1), 2])
    func `whatever happens to names and files meanwhile, jobs are whole and none is of a link`(
        seed: UInt64
    ) async throws {
        let bench = try InboxBench()
        let secrets = try Secrets(bench.folder)
        let written = Written()
        try await bench.run {
            await withTaskGroup { group in
                for thread in 0..<3 {
                    let hammer = Hammer(
                        thread: thread, seed: seed &* 31 &+ UInt64(thread),
                        inbox: bench.folders.inbox, secrets: secrets, written: written)
                    group.addTask { await hammer.run(steps: Self.steps) }
                }
            }
            // What the hammer makes may be gone again before anybody looks: one of each stays.
            let link = bench.folders.inbox.appending("link.yaml")
            #expect(unsafe Glibc.link(secrets.paths[0].string, link.string) == 0)
            let pipe = bench.folders.inbox.appending("pipe.yaml")
            #expect(unsafe mkfifo(pipe.string, 0o600) == 0)
            #expect(await eventually { bench.unfinished.isEmpty }, "\(bench.unfinished)")
        }
        #expect(TestFolder.names(in: bench.folders.spool).isEmpty, "nothing is stuck")
        let accepted = try bench.accepted()
        let known = written.tokens
        for job in accepted {
            let token = try #require(
                InboxBench.token(of: job.text), "a mixture was accepted: \(job.text)")
            let owner = try #require(known[token], "\(token) is nothing that its owner wrote whole")
            if let owner { #expect(job.owner == owner, "\(token)") }
        }
        #expect(!accepted.isEmpty, "the hammer leaves something to take")
        let notes = try RejectedFolder(bench.folders.rejected).newest(1_000).map(\.file.reason)
        #expect(notes.contains(.hardLinks) && notes.contains(.notAFile))
        #expect(secrets.areUntouched)
    }

    /// Manifests that nobody dropped, which the hammer makes links to.
    private final class Secrets: Sendable {
        let paths: [FilePath]
        let inodes: Set<UInt64>

        init(_ folder: TestFolder) throws {
            paths = (0..<3).map { folder.file("secret-\($0)") }
            var inodes: Set<UInt64> = []
            for (number, path) in paths.enumerated() {
                try folder.write(InboxBench.manifest("secret-\(number)"), to: path)
                inodes.insert(try #require(try Syscalls.stat(path)).inode)
            }
            self.inodes = inodes
        }

        var areUntouched: Bool {
            paths.enumerated().allSatisfy {
                TestFolder.text($1) == InboxBench.manifest("secret-\($0)")
            }
        }
    }

    /// What was written whole, and by whom; nil where the file's owner is somebody's before.
    private final class Written: Sendable {
        private let contents = Mutex<[String: Int?]>([:])

        var tokens: [String: Int?] { contents.withLock { $0 } }
        func note(_ token: String, owner: Int?) {
            contents.withLock { _ = $0.updateValue(owner, forKey: token) }
        }
    }

    private final class Hammer: Sendable {
        private let thread: Int
        private let seed: UInt64
        private let inbox: FilePath
        private let secrets: Secrets
        private let written: Written
        private let queue: DispatchQueue

        init(thread: Int, seed: UInt64, inbox: FilePath, secrets: Secrets, written: Written) {
            self.thread = thread
            self.seed = seed
            self.inbox = inbox
            self.secrets = secrets
            self.written = written
            queue = DispatchQueue(label: "hammer.\(thread)")
        }

        func run(steps: Int) async {
            await withCheckedContinuation { continuation in
                queue.async {
                    var dice = SeededBytes(seed: self.seed)
                    for step in 0..<steps { self.step(step, &dice) }
                    continuation.resume()
                }
            }
        }

        /// Calls fail where others were faster; that is the point.
        private func step(_ step: Int, _ dice: inout SeededBytes) {
            let names = (0..<6).map { inbox.appending("n\($0).yaml") }
            let (name, other) = (dice.element(of: names), dice.element(of: names))
            let secret = dice.element(of: secrets.paths)
            // All of one length, so that a mixture is of the right size too.
            let token = "t\(thread)-\(100_000 + step)"
            switch dice.below(9) {
            case 0, 1, 2: drop(token, as: name, owner: 4_001 + dice.below(2))
            case 3 where thread == 0: rewrite(name, token)
            case 4:
                _ = unsafe unlink(name.string)
                _ = unsafe link(secret.string, name.string)
            case 5:
                _ = unsafe unlink(name.string)
                _ = unsafe symlink(secret.string, name.string)
            case 6: _ = unsafe link(name.string, other.string)
            case 7: _ = unsafe Glibc.rename(name.string, other.string)
            default: _ = unsafe mkfifo(name.string, 0o600)
            }
        }

        private func drop(_ token: String, as name: FilePath, owner: Int) {
            let temporary = inbox.appending(".\(token)")
            guard
                let file = try? Syscalls.open(
                    temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            else { return }
            try? unsafe Syscalls.write(
                file, temporary, Array(InboxBench.manifest(token).utf8).span.bytes)
            // As careful programs do; it leaves the daemon time for a look as well.
            try? Syscalls.fsync(file, temporary)
            try? Syscalls.close(file, temporary)
            let isOwn = unsafe chown(temporary.string, uid_t(owner), 0) != 0
            written.note(token, owner: isOwn ? Int(geteuid()) : owner)
            try? Syscalls.rename(temporary, to: name)
        }

        /// In place, in two pieces; one thread alone, so that no two writers make a mixture.
        private func rewrite(_ name: FilePath, _ token: String) {
            let flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK
            guard let file = try? Syscalls.open(name, flags) else { return }
            defer { try? Syscalls.close(file, name) }
            guard let status = try? Syscalls.stat(file, name), status.kind == .regular,
                !secrets.inodes.contains(status.inode)
            else { return }
            let bytes = Array(InboxBench.manifest(token).utf8)
            written.note(token, owner: nil)
            let half = bytes.count / 2
            try? unsafe Syscalls.write(file, name, Array(bytes[..<half]).span.bytes)
            sched_yield()
            try? unsafe Syscalls.write(file, name, Array(bytes[half...]).span.bytes)
        }
    }

    @Test func `thousands of manifests at once are all accepted, once each`() async throws {
        let bench = try InboxBench()
        let count = Self.many
        try await bench.run {
            for number in 0..<count {
                let name = "m\(number).yaml"
                let text = InboxBench.manifest("m\(number)")
                // Every other one is copied, the others are moved in.
                if number.isMultiple(of: 2) {
                    try bench.folder.drop(text, into: bench.folders.inbox, as: name)
                } else {
                    try bench.folder.write(text, to: bench.folders.inbox.appending(name))
                }
            }
            #expect(
                await eventually(within: 60 + Double(count) / 20) { bench.unfinished.isEmpty },
                "\(bench.unfinished.count) of \(count) are left")
        }
        let accepted = try bench.accepted()
        #expect(accepted.count == count)
        #expect(Set(accepted.map(\.source)).count == count)
        #expect(accepted.allSatisfy { InboxBench.token(of: $0.text) != nil })
        #expect(TestFolder.names(in: bench.folders.rejected).isEmpty)
    }

    @Test func `without any event files are found by looking`() async throws {
        let bench = try InboxBench(settleTime: .milliseconds(20))
        let source = bench.folder.file("source")
        try await bench.run {
            try bench.folder.write(InboxBench.manifest("quiet"), to: source)
            // A new name by link is no event that is watched for, as on a network file system.
            _ = unsafe link(source.string, bench.folders.inbox.appending("quiet.yaml").string)
            try Syscalls.unlink(source)
            #expect(await eventually { try bench.accepted().count == 1 })
        }
        #expect(try bench.accepted().first?.source == "quiet.yaml")
    }
}
