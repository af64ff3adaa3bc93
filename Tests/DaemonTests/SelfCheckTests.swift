// The start-up self-check: what the daemon makes of the place it was put into.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import Letters
import Logging
import Synchronization
import SystemPackage
import Testing

struct SelfCheckTests {
    private static func facts(
        user: Int = 990, _ change: (inout DeploymentFacts) -> Void = { _ in }
    ) -> DeploymentFacts {
        var facts = DeploymentFacts(user: user, mappedUsers: 4_294_967_295, isService: true)
        facts.inbox = .init(path: "/s/inbox", owner: user)
        facts.folders = ["/s", "/s/store"].map { .init(path: $0, owner: user) }
        facts.roots = [.init(key: "model_roots", path: "/m", readability: .readable)]
        facts.workerSocket = .init(path: "/run/w.sock", isThere: true, mayConnect: true)
        change(&facts)
        return facts
    }

    @Test func `where nothing is wrong nothing is found`() {
        #expect(Self.facts().findings.isEmpty)
        #expect(Self.facts(user: 0).findings.isEmpty)
    }

    private struct Case {
        let gravity: Finding.Gravity
        let words: [String]
        let facts: DeploymentFacts
    }

    private static let cases: [Case] = [
        Case(
            gravity: .fatal, words: ["`/s/inbox`", "65534", "PrivateUsers=no"],
            facts: facts {
                $0.inbox?.owner = 65_534
            }),
        Case(
            gravity: .fatal, words: ["`/s/store`", "65534", "PrivateUsers=no"],
            facts: facts {
                $0.folders[1].owner = 65_534
            }),
        Case(
            gravity: .fatal, words: ["only 2 users", "PrivateUsers=no"],
            facts: facts {
                $0.mappedUsers = 2
            }),
        Case(
            gravity: .degraded, words: ["only 1 users"],
            facts: facts {
                ($0.mappedUsers, $0.isService) = (1, false)
            }),
        Case(
            gravity: .fatal, words: ["`/s/store`", "may not write", "ReadWritePaths="],
            facts: facts { $0.folders[1].isWritable = false }),
        Case(
            gravity: .fatal, words: ["`/s/store`", "not a folder"],
            facts: facts {
                $0.folders[1].isFolder = false
            }),
        Case(
            gravity: .fatal, words: ["user 990", "runs as user 0", "runuser"],
            facts: facts(user: 0) { $0.folders[0].owner = 990 }),
        Case(
            gravity: .degraded, words: ["user 0", "chown"],
            facts: facts {
                $0.folders[1].owner = 0
            }),
        Case(
            gravity: .fatal, words: ["user 0", "chown"],
            facts: facts {
                $0.folders[1].owner = 0
                $0.folders[1].isWritable = false
            }),
        Case(
            gravity: .fatal, words: ["NFS", "local disk"],
            facts: facts {
                $0.indexNetwork = "NFS"
            }),
        Case(
            gravity: .fatal, words: ["`/s/run/x.sock`", "remove it"],
            facts: facts {
                $0.socketTakenBy = "/s/run/x.sock"
            }),
        Case(
            gravity: .degraded, words: ["`/s/jobs/1`", "2 more", "user 0", "chown"],
            facts: facts {
                $0.foreign = .init(example: "/s/jobs/1", owner: 0, count: 3)
            }),
        Case(
            gravity: .degraded, words: ["`/m`", "model_roots", "not there"],
            facts: facts {
                $0.roots[0].readability = .missing
            }),
        Case(
            gravity: .degraded, words: ["`/m`", "not a folder"],
            facts: facts {
                $0.roots[0].readability = .noFolder
            }),
        Case(
            gravity: .degraded, words: ["`/m`", "may not be read by user 990"],
            facts: facts {
                $0.roots[0].readability = .refused
            }),
        Case(
            gravity: .degraded, words: ["`/run/w.sock`", "is not there", "enable --now"],
            facts: facts {
                $0.workerSocket = .init(path: "/run/w.sock", isThere: false, mayConnect: false)
            }),
        Case(
            gravity: .degraded, words: ["`/run/w.sock`", "may not be used"],
            facts: facts {
                $0.workerSocket?.mayConnect = false
            }),
        Case(
            gravity: .degraded, words: ["`admin_group`", "`bosses`", "user 990", "groupadd"],
            facts: facts { $0.missingAdminGroup = "bosses" }),
        Case(
            gravity: .degraded, words: ["`/s/notify/outbox`", "enable --now", "--follow"],
            facts: facts { $0.letters = .init(outbox: "/s/notify/outbox", age: 3_600_001) }),
    ]

    @Test func `letters whose sender has an hour yet are nothing wrong`() {
        let facts = Self.facts { $0.letters = .init(outbox: "/s/notify/outbox", age: 3_600_000) }
        #expect(facts.findings.isEmpty)
    }

    @Test func `the letter that waits longest counts, not the one that came last`() throws {
        let folder = try TestFolder()
        let configuration = DaemonConfiguration(
            folders: StateFolders(state: folder.path), modelRoots: [], dataRoots: [],
            worker: "/bin/false")
        func age() -> Int? {
            DeploymentFacts.observe(configuration, isService: false, isDeep: false).letters?.age
        }
        #expect(age() == nil)
        let box = LetterBox(configuration.folders.notify)
        try box.make()
        #expect(age() == nil, "an empty outbox")
        for (name, hours) in [("a", 2), ("b", 0)] {
            let path = box.outbox.appending(name)
            try folder.write("", to: path)
            let now = DaemonClock.system.now() / 1_000
            try Syscalls.setModified(path, seconds: now - hours * 3_600)
        }
        let found = try #require(age())
        #expect((7_100_000...7_400_000).contains(found))
    }

    @Test func `each thing that is wrong is one finding with its cure`() {
        for each in Self.cases {
            let findings = each.facts.findings
            #expect(findings.count == 1, "\(each.words): \(findings)")
            #expect(findings.first?.gravity == each.gravity, "\(each.words)")
            let topic = findings.first?.topic ?? .deployment
            #expect(Finding.topics(isDeep: true).contains(topic), "nobody would tell of it")
            for word in each.words {
                #expect(findings.first?.text.contains(word) == true, "\(word): \(findings)")
            }
        }
    }

    @Test func `what no job needs is told, and the daemon is well all the same`() async throws {
        let folder = try TestFolder()
        var configuration = DaemonConfiguration(
            folders: StateFolders(state: folder.path), modelRoots: [], dataRoots: [],
            worker: "/bin/false")
        try configuration.folders.make()
        let live = LiveConfiguration(configuration)
        let recorder = MetricsRecorder()
        let health = Health(witness: recorder)
        let check = SelfCheck(
            live, health: health, isService: false, logger: Logger(label: "test"))
        await check.look(isDeep: true)
        // Of the machine that this test runs on.
        let (problems, reasons) = (health.problems, HealthText.reasons(recorder.book))
        let box = LetterBox(configuration.folders.notify)
        try box.make()
        let letter = box.outbox.appending("a")
        try folder.write("", to: letter)
        try Syscalls.setModified(letter, seconds: 1)
        configuration.workerSocket = folder.file("none.sock")
        configuration.adminGroup = "no-such-group"
        live.replace(by: configuration)
        await check.look(isDeep: false)
        #expect(health.problems.count == problems.count + 3, "\(health.problems)")
        #expect(HealthText.reasons(recorder.book) == reasons)
        configuration.modelRoots = [folder.file("none")]
        live.replace(by: configuration)
        await check.look(isDeep: false)
        #expect(HealthText.reasons(recorder.book).count == 1, "jobs that name it are refused")
    }

    @Test func `the worst comes first`() {
        let findings = Self.facts {
            $0.roots[0].readability = .missing
            $0.indexNetwork = "NFS"
        }.findings
        #expect(findings.map(\.gravity) == [.fatal, .degraded])
    }

    @Test func `users are counted as the kernel maps them`() {
        #expect(
            DeploymentFacts.mappedUsers(inMap: "         0          0 4294967295\n")
                == 4_294_967_295)
        #expect(DeploymentFacts.mappedUsers(inMap: "0 0 1\n990 990 1\n") == 2)
        #expect(DeploymentFacts.mappedUsers(inMap: "") == 0)
    }

    @Test func `a group of admins that is made later counts from the next look on`() async throws {
        let folder = try TestFolder()
        let number = Mutex<Int?>(nil)
        let live = LiveConfiguration(
            DaemonConfiguration(
                folders: StateFolders(state: folder.path), modelRoots: [], dataRoots: [],
                worker: "/bin/false"),
            groupNumber: { name in
                name == "layerfold-admin" ? number.withLock { $0 } : nil
            })
        let check = SelfCheck(
            live, health: Health(), isService: false, logger: Logger(label: "test"))
        #expect(live.adminGroup == nil)
        number.withLock { $0 = 7 }
        await check.look(isDeep: false, tells: false)
        #expect(live.adminGroup == 7)
        number.withLock { $0 = nil }
        await check.look(isDeep: false, tells: false)
        #expect(live.adminGroup == nil, "who has left is no admin any more")
    }

    @Test func `what is wrong is told once, and forgotten when it is well again`() {
        let health = Health()
        #expect(health.set(.tokens, ["one", "two"]) == ["one", "two"])
        #expect(health.set(.index, ["three"]) == ["three"])
        #expect(health.set(.tokens, ["two", "four"]) == ["four"])
        #expect(health.problems == ["three", "two", "four"])
        health.set(.tokens, [])
        #expect(health.problems == ["three"])
    }
}

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct SelfCheckDaemonTests {
    static let isRoot = geteuid() == 0
    private static let somebody: uid_t = 12_345

    @Test func `a missing root is told of, and forgotten after a reload finds it`() async throws {
        let daemon = try TestDaemon()
        let root = daemon.folder.file("disk")
        daemon.arguments = ["--data-root", root.string]
        try await daemon.start()
        let problems = try #require(try daemon.client.status().problems)
        #expect(problems.count == 1 && problems[0].contains("`\(root)`"), "\(problems)")
        #expect(try daemon.client.status().degraded == problems[0])
        #expect(daemon.logText.contains("is not there"), "\(daemon.logText)")
        try Syscalls.makeFolders(root)
        try daemon.reload()
        #expect(await eventually { try daemon.client.status().problems == [] })
    }

    @Test(.enabled(if: isRoot, "only root gives files away"))
    func `root does not start a daemon on somebody else's state`() async throws {
        let daemon = try TestDaemon()
        _ = unsafe chown(daemon.state.string, Self.somebody, 0)
        try daemon.launch()
        daemon.process?.waitUntilExit()
        #expect(daemon.process?.terminationStatus == 78)
        #expect(daemon.logText.contains("belongs to user \(Self.somebody)"), "\(daemon.logText)")
        #expect(TestFolder.names(in: daemon.state) == ["models"], "nothing was made in it")
    }

    @Test(.enabled(if: isRoot, "only root gives files away"))
    func `files of another user in the state are told of by name`() async throws {
        let daemon = try TestDaemon()
        try await daemon.start()
        try daemon.drop("ok-1")
        let id = try await daemon.wait(for: "ok-1", .done).id
        daemon.stop()
        let file = daemon.state.appending("jobs").appending(id).appending("job.json")
        _ = unsafe chown(file.string, Self.somebody, 0)
        try await daemon.start()
        #expect(
            try daemon.client.status().degraded?.contains("`\(file)` belongs to user 12345")
                == true)
    }

    @Test(.enabled(if: isRoot, "only root gives files away"))
    func `a new inbox of somebody else is told of, and used again when it is right`()
        async throws
    {
        let daemon = try TestDaemon()
        try await daemon.start()
        #expect(try daemon.client.status().degraded == nil)
        try Syscalls.rename(daemon.inbox, to: daemon.state.appending("old"))
        #expect(
            await eventually {
                try daemon.client.status().degraded?.contains("is not there") == true
            }, "\(daemon.logText)")
        try Syscalls.makeFolders(daemon.inbox, mode: 0o755)
        _ = unsafe chown(daemon.inbox.string, Self.somebody, 0)
        #expect(
            await eventually {
                try daemon.client.status().degraded?.contains("belongs to user 12345") == true
            }, "\(daemon.logText)")
        _ = unsafe chown(daemon.inbox.string, 0, 0)
        _ = unsafe chmod(daemon.inbox.string, 0o777)
        #expect(
            await eventually {
                try daemon.client.status().degraded?.contains("anybody") == true
            }, "\(daemon.logText)")
        _ = unsafe chmod(daemon.inbox.string, 0o755)
        #expect(await eventually { try daemon.client.status().degraded == nil })
        try daemon.drop("ok-2")
        try await daemon.wait(for: "ok-2", .done)
    }

    @Test func `a folder in the place of the socket keeps the daemon from starting`()
        async throws
    {
        let daemon = try TestDaemon()
        let socket = StateFolders(state: daemon.state).socket
        try Syscalls.makeFolders(socket)
        try daemon.launch()
        daemon.process?.waitUntilExit()
        #expect(daemon.process?.terminationStatus == 78)
        #expect(daemon.logText.contains("in the way of the daemon's socket"), "\(daemon.logText)")
    }
}
