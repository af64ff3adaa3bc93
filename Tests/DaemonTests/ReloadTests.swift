// SIGHUP: settings are read again; a file that is broken, or would not work, changes nothing.

import Client
import Daemon
import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import Testing

struct SettingsChangeTests {
    @Test func `all but state and inbox change while the daemon runs`() {
        var start = ServerSettings()
        start.stateDirectory = "/s"
        start.graceSeconds = 1
        var read = ServerSettings()
        read.stateDirectory = "/t"
        read.inbox = "/i"
        read.graceSeconds = 2
        read.modelRoots = ["/m"]
        let change = SettingsChange(from: start, to: read)
        #expect(change.waiting == ["state", "inbox"])
        #expect(change.effective.stateDirectory == "/s")
        #expect(change.effective.inbox == nil)
        #expect(change.effective.graceSeconds == 2)
        #expect(change.effective.modelRoots == ["/m"])
        #expect(SettingsChange(from: start, to: start).waiting.isEmpty)
    }

    private static let everything = """
        state: /t
        inbox: /t/inbox
        model_roots: [/m]
        data_roots: [/d]
        worker: /w
        worker_socket: /w.sock
        rescan_seconds: 7
        settle_seconds: 8
        grace_seconds: 9
        stage_patience: 30
        cache: {size: 1T, high: 0.8, low: 0.7, free_floor: 1G}
        workers: 3
        jobs_per_user: 4
        share_half_life_days: 5
        memory: 6GiB
        admin_group: admins
        private: true
        retention: {days: 10}
        results_per_user: 11G
        metrics_file: /m/layerfold.prom
        metrics_open: true
        listen: 8470
        base_path: /x
        hosts: [a]
        proxy: {from: [10.0.0.1]}
        notify: {mail: true}
        run_on: slurm
        cluster: {partition: long}

        """

    @Test func `no setting is forgotten, said or not said any more`() throws {
        let all = try ServerSettings.parse(bytes: Data(Self.everything.utf8))
        for (name, value) in Mirror(reflecting: all).children {
            #expect("\(value)" != "nil", "\(name ?? "-") is missing in this test")
        }
        var fixed = ServerSettings()
        (fixed.stateDirectory, fixed.inbox) = (all.stateDirectory, all.inbox)
        (fixed.listen, fixed.proxy) = (all.listen, all.proxy)
        var free = all
        (free.stateDirectory, free.inbox) = (nil, nil)
        (free.listen, free.proxy) = (nil, nil)
        let said = SettingsChange(from: ServerSettings(), to: all)
        #expect(said.effective == free)
        #expect(said.waiting == ["state", "inbox", "listen", "proxy"])
        let unsaid = SettingsChange(from: all, to: ServerSettings())
        #expect(unsaid.effective == fixed)
        #expect(unsaid.waiting == ["state", "inbox", "listen", "proxy"])
    }
}

@Suite(.serialized, .enabled(if: TestDaemon.isBuilt, "layerfoldd is not built"))
struct ReloadTests {
    private struct Place {
        let daemon: TestDaemon
        let file: FilePath

        init() throws {
            daemon = try TestDaemon()
            file = daemon.folder.file("settings.yaml")
            daemon.arguments = ["--config", file.string]
        }

        func write(_ text: String) throws { try daemon.folder.write(text, to: file) }

        /// The only thing that is wrong, once it is what these words say.
        func problem(_ words: String...) async throws -> String {
            let isTold = await eventually {
                let problems = try daemon.client.status().problems ?? []
                return problems.count == 1 && words.allSatisfy(problems[0].contains)
            }
            let status = try daemon.client.status()
            #expect(isTold, "\(words): \(status.problems ?? []) \(daemon.logText)")
            return status.degraded ?? ""
        }
    }

    @Test func `new roots count from a reload on, and for the next job`() async throws {
        let place = try Place()
        let daemon = place.daemon
        let other = daemon.folder.file("other")
        try Syscalls.makeFolders(other.appending("demo"))
        try daemon.folder.write("{}", to: other.appending("demo").appending("config.json"))
        try place.write("")
        try await daemon.start()
        let models = daemon.state.appending("models").string
        #expect(try daemon.client.status().modelRoots == [models])
        try place.write("model_roots: [\(other)]\n")
        try daemon.reload()
        #expect(await eventually { try daemon.client.status().modelRoots == [other.string] })
        let id = try daemon.submit("ok-1")
        try await daemon.wait(for: "ok-1", .done)
        #expect(try daemon.client.job(id).summary.state == .done)
        #expect(try daemon.client.status().degraded == nil)
        try Syscalls.rename(other, to: daemon.folder.file("gone"))
        let refused = try? daemon.submit("ok-2")
        #expect(refused == nil, "the old root still counts")
    }

    @Test func `a broken file keeps the old settings and is told of with line and column`()
        async throws
    {
        let place = try Place()
        let daemon = place.daemon
        let root = daemon.state.appending("models").string
        try place.write("model_roots: [\(root)]\n")
        try await daemon.start()
        try place.write("model_roots: [/elsewhere]\ngrace_second: 3\n")
        try daemon.reload()
        let text = try await place.problem("old settings stay", "line 2, column 1")
        #expect(text.contains("`\(place.file)`") && text.contains("grace_seconds"), "\(text)")
        #expect(try daemon.client.status().modelRoots == [root])
        #expect(daemon.logText.contains("line 2, column 1"), "\(daemon.logText)")
        // Neither are the new ones taken in part, nor does the queue stand.
        try daemon.drop("ok-1")
        try await daemon.wait(for: "ok-1", .done)
        try place.write("")
        try daemon.reload()
        #expect(await eventually { try daemon.client.status().degraded == nil })
    }

    @Test func `limits of users count from a reload on`() async throws {
        let place = try Place()
        let daemon = place.daemon
        try place.write("")
        try await daemon.start()
        let id = try daemon.submit("gate-1")
        try place.write("jobs_per_user: 1\nprivate: true\nadmin_group: no-such-group\n")
        try daemon.reload()
        _ = try await place.problem("`admin_group`", "`no-such-group`")
        let refused = #expect(throws: (any Error).self) { try daemon.submit("ok-2") }
        #expect("\(refused.map { "\($0)" } ?? "-")".contains("jobs_per_user"))
        #expect(try daemon.client.job(id).summary.name == "gate-1", "one's own job is shown")
        try place.write("jobs_per_user: 2\n")
        try daemon.reload()
        #expect(await eventually { try daemon.client.status().problems == [] })
        _ = try daemon.submit("ok-3")
    }

    @Test func `more workers count at once, for jobs that wait already`() async throws {
        let place = try Place()
        let daemon = place.daemon
        try place.write("workers: 1\n")
        try await daemon.start()
        try daemon.drop("gate-1")
        try await daemon.wait(for: "gate-1", .running)
        try daemon.drop("gate-2")
        try await daemon.wait(for: "gate-2", .queued)
        try place.write("workers: 2\n")
        try daemon.reload()
        try await daemon.wait(for: "gate-2", .running)
        #expect(try daemon.job(named: "gate-1")?.state == .running)
    }

    @Test func `what needs a restart is told by name`() async throws {
        let place = try Place()
        try place.write("")
        try await place.daemon.start()
        try place.write("inbox: /elsewhere\n")
        try place.daemon.reload()
        _ = try await place.problem("`inbox`", "next start")
        #expect(try place.daemon.client.status().inbox == place.daemon.inbox.string)
    }

    @Test func `settings that are wrong at the start are not tried again`() throws {
        let place = try Place()
        try place.write("model_roots: models\n")
        try place.daemon.launch()
        place.daemon.process?.waitUntilExit()
        #expect(place.daemon.process?.terminationStatus == 78, "RestartPreventExitStatus=")
    }
}
