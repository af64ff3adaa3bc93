// What a reload does, without a process around it: what it takes in, what it refuses, and what it
// does not wait for.

import Client
import Daemon
import Dispatch
import DurableIO
import Foundation
import Jobs
import Logging
import Store
import Synchronization
import SystemPackage
import Testing

struct ReloadInsideTests {
    /// All that a reload is for, at rest.
    private struct Inside {
        let folder: TestFolder
        let start: ServerSettings
        let live: LiveConfiguration
        let health = Health()

        init(
            groupNumber: @escaping @Sendable (String) -> Int? = { _ in nil },
            proxy: ProxySettings? = nil,
            userNumber: @escaping @Sendable (String) throws -> UInt32? = { _ in nil }
        ) throws {
            folder = try TestFolder()
            var start = ServerSettings()
            start.stateDirectory = folder.file("state").string
            start.worker = "/bin/true"
            start.graceSeconds = 1
            start.proxy = proxy
            self.start = start
            live = LiveConfiguration(
                Self.configuration(start), groupNumber: groupNumber, userNumber: userNumber)
            try live.current.folders.make()
        }

        private static func configuration(_ settings: ServerSettings) -> DaemonConfiguration {
            DaemonConfiguration(settings, defaultState: "/nowhere", program: "/nowhere/layerfoldd")
        }

        /// - Parameter read: what the file says now; nil where there is none.
        func reload(_ read: (@Sendable () throws -> ServerSettings)? = nil) async throws {
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let notifier = Notifier(environment: [:], process: 0)
            let source = read.map {
                SettingsSource(start: start, read: $0, configuration: Self.configuration)
            }
            let queue = JobQueue(
                settings: live, index: try IndexDatabase(path: live.current.folders.index),
                health: health, notifier: notifier, logger: logger)
            await DaemonReload(
                source, live: live, health: health, notifier: notifier, logger: logger
            ).reload(
                queue, Inbox(settings: live, queue: queue, logger: logger),
                SelfCheck(live, health: health, isService: false, logger: logger))
        }

        /// What was told of the settings; the look at the place tells of other things.
        var told: [String] {
            health.problems.filter {
                $0.contains("in the settings counts") || $0.contains("the old settings stay")
                    || $0.contains("in the settings is")
            }
        }
    }

    @Test func `a reload waits for no mount that hangs`() async throws {
        let looks = Mutex(0)
        let gate = DispatchSemaphore(value: 0)
        // The first look is the start's. The next never ends, as on a mount whose server is dead.
        let inside = try Inside(groupNumber: { _ in
            let count = looks.withLock { looks in
                looks += 1
                return looks
            }
            if count > 1 { gate.wait() }
            return nil
        })
        defer { gate.signal() }
        let isDone = Mutex(false)
        let reload = Task {
            try await inside.reload()
            isDone.withLock { $0 = true }
        }
        #expect(await eventually { isDone.withLock { $0 } }, "it waits for the look")
        #expect(await eventually { looks.withLock { $0 } == 2 }, "nothing looks at the place")
        if isDone.withLock({ $0 }) { try await reload.value }
    }

    @Test func `a reload forgets what was wrong with the socket of an earlier setting`()
        async throws
    {
        let inside = try Inside()
        inside.health.set(.workerSocket, ["nobody listens at `/earlier.sock`"])
        try await inside.reload()
        #expect(!inside.health.problems.contains { $0.contains("/earlier.sock") })
    }

    @Test func `all but state, inbox and clock is as the file says`() async throws {
        let inside = try Inside()
        let folders = inside.live.current.folders
        var new = inside.start
        new.stateDirectory = "/elsewhere"
        new.inbox = "/elsewhere/inbox"
        new.graceSeconds = 2
        new.modelRoots = ["/m"]
        new.workerSocket = "/w.sock"
        new.workers = 3
        new.adminGroup = "admins"
        new.isPrivate = true
        try await inside.reload { [new] in new }
        let now = inside.live.current
        #expect(now.folders.state == folders.state && now.folders.inbox == folders.inbox)
        #expect(now.grace == .seconds(2))
        #expect(now.modelRoots == ["/m"])
        #expect(now.dataRoots == [folders.state.appending("data")], "not below the new folder")
        #expect(now.workerSocket == "/w.sock")
        #expect(now.limits.slots == 3)
        #expect(now.adminGroup == "admins")
        #expect(now.isPrivate)
        #expect(inside.told.count == 1 && inside.told[0].contains("`state` and `inbox`"))
        try await inside.reload { [start = inside.start] in start }
        #expect(inside.told.isEmpty, "what was told is not told for ever: \(inside.told)")
        #expect(inside.live.current.grace == .seconds(1))
        #expect(inside.live.current.workerSocket == nil)
    }

    private struct NoFile: Error, CustomStringConvertible {
        let description = "no such file"
    }

    @Test(arguments: [true, false])
    func `settings that would not work, or are gone, change nothing`(isGone: Bool) async throws {
        let inside = try Inside()
        var new = inside.start
        new.graceSeconds = 2
        new.workers = 3
        new.worker = "/nowhere/layerfold"
        let slots = inside.live.current.limits.slots
        try await inside.reload { [new] in
            if isGone { throw NoFile() }
            return new
        }
        #expect(inside.told.count == 1, "\(inside.told)")
        let text = inside.told.first ?? ""
        #expect(text.contains("old settings stay"), "\(text)")
        #expect(text.contains(isGone ? "no such file" : "`/nowhere/layerfold`"), "\(text)")
        #expect(inside.live.current.grace == .seconds(1))
        #expect(inside.live.current.worker == "/bin/true")
        #expect(inside.live.current.limits.slots == slots)
        new.worker = "/bin/true"
        try await inside.reload { [new] in new }
        #expect(inside.told.isEmpty, "\(inside.told)")
        #expect(inside.live.current.grace == .seconds(2))
    }

    @Test func `a proxy's user keeps the number while nobody can be asked, and that is told`()
        async throws
    {
        let isAway = Mutex(false)
        let inside = try Inside(
            proxy: ProxySettings(from: [.user("caddy"), .user("nobody-here")]),
            userNumber: { name in
                if isAway.withLock({ $0 }) {
                    throw Accounts.Unavailable(asked: "`\(name)`", errno: .connectionRefused)
                }
                return name == "caddy" ? 990 : nil
            })
        func isNobody(_ texts: [String]) -> Bool {
            texts.count == 1 && texts[0].contains("`unix:nobody-here`")
                && texts[0].contains("is no user of this machine")
        }
        #expect(inside.live.proxies.users == [990])
        #expect(isNobody(inside.live.problems), "\(inside.live.problems)")
        isAway.withLock { $0 = true }
        // What is kept over one reload is kept over the next.
        for _ in 0..<2 {
            try await inside.reload { [start = inside.start] in start }
            #expect(inside.live.proxies.users == [990])
            #expect(inside.told == inside.live.problems)
            #expect(
                inside.told.contains { $0.contains("`unix:caddy`") && $0.contains("as before") })
            #expect(inside.told.contains { $0.contains("nobody comes as it") })
        }
        isAway.withLock { $0 = false }
        try await inside.reload { [start = inside.start] in start }
        #expect(inside.live.proxies.users == [990])
        #expect(isNobody(inside.told), "\(inside.told)")
    }

    @Test func `a start tells of a proxy's user whom nobody knows, as a reload does`() async throws
    {
        let known = TestDirectory()
        let proxy = ProxySettings(from: [.user("nosuch")])
        try await withDaemon(
            configure: {
                $0.proxy = proxy
                $0.directory = known.directory
            }
        ) { daemon, _ in
            let problems = try daemon.client.status().problems ?? []
            #expect(
                problems.contains {
                    $0.contains("`unix:nosuch`") && $0.contains("is no user of this machine")
                }, "\(problems)")
        }
    }
}
