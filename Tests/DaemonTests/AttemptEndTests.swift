// What an attempt's end is told as, by every combination of what is known of it.

import Daemon
import Failures
import Glibc
import Jobs
import Testing

@Suite struct AttemptEndTests {
    private static let kill = MemoryKill(
        file: "/sys/fs/cgroup/layerfoldd.slice/memory.events", before: 0, after: 1)

    private static func end(_ ending: WorkerEnding?, isStopping: Bool = false) -> AttemptEnd {
        AttemptEnd(outcome: nil, ending, isStopping: isStopping)
    }

    @Test func `an outcome counts, whatever became of the process`() {
        let succeeded = WorkerOutcome.succeeded(
            job: "J", attempt: "A", seconds: 1, peakBytes: 1)
        let failure = WorkerOutcome.Failure(failureClass: .user, message: "no model")
        let failed = WorkerOutcome.failed(
            job: "J", attempt: "A", failure, seconds: 1, peakBytes: 1)
        let endings: [WorkerEnding?] = [
            nil, .init(.exited(code: 0)), .init(.exited(code: 1)), .init(.signaled(9)),
            .init(.signaled(9), memoryKill: Self.kill),
            .init(.signaled(9), overdue: Overdue(.lingering, stage: nil, seconds: 60)),
        ]
        for ending in endings {
            for isStopping in [false, true] {
                #expect(
                    AttemptEnd(outcome: succeeded, ending, isStopping: isStopping) == .succeeded)
                #expect(
                    AttemptEnd(outcome: failed, ending, isStopping: isStopping)
                        == .failed(failure))
            }
        }
    }

    @Test func `signal 9 is a lack of memory only by the kernel's word`() {
        guard case .lost(let text) = Self.end(.init(.signaled(9))) else {
            Issue.record("guessed")
            return
        }
        #expect(text.contains("somebody killed the worker, by signal 9"))
        let told = Self.end(.init(.signaled(9), memoryKill: Self.kill, peakBytes: 300 << 20))
        guard case .died(let failure) = told else {
            Issue.record("\(told)")
            return
        }
        #expect(failure.failureClass == .resource)
        for words in ["memory.events`: oom_kill 0 -> 1", "300 MiB", "max_tokens", "MemoryMax="] {
            #expect(failure.message.contains(words), "\(words)")
        }
        // Somebody else's death does not explain another signal.
        for signal in [SIGTERM, SIGHUP, SIGSEGV] {
            let end = Self.end(.init(.signaled(Int(signal)), memoryKill: Self.kill))
            #expect(end.reason?.contains("memory") == false, "\(signal)")
        }
    }

    @Test func `of a worker in a unit the service manager, or the kernel alone, tells of memory`() {
        let told = WorkerOutcome.Failure(failureClass: .resource, message: "out of memory")
        #expect(Self.end(.init(.outOfMemory("out of memory"))) == .died(told))
        for exit in [WorkerExit.outOfMemory("out of memory"), .vanished("it ended")] {
            guard
                case .died(let failure) = Self.end(.init(exit, memoryKill: Self.kill)),
                failure.message.contains("oom_kill 0 -> 1")
            else {
                Issue.record("\(exit)")
                continue
            }
        }
        #expect(
            Self.end(.init(.vanished("it ended"))) == .lost("it ended, and left no outcome"))
        #expect(Self.end(.init(.vanished("it ended")), isStopping: true) == .interrupted)
    }

    @Test func `a crash is a bug, a mapped file without bytes may pass, a kill is a loss`() {
        for signal in 1...31 {
            let end = Self.end(.init(.signaled(signal)))
            switch Int32(signal) {
            case SIGSEGV, SIGILL, SIGABRT, SIGFPE, SIGTRAP, SIGSYS:
                guard case .died(let failure) = end, failure.failureClass == .bug else {
                    Issue.record("\(signal): \(end)")
                    continue
                }
            case SIGBUS:
                guard case .failed(let failure) = end, failure.failureClass == .transient else {
                    Issue.record("\(signal): \(end)")
                    continue
                }
            default:
                guard case .lost = end else {
                    Issue.record("\(signal): \(end)")
                    continue
                }
            }
            #expect(Self.end(.init(.signaled(signal)), isStopping: true) == .interrupted)
        }
    }

    @Test func `the daemon's own stop is nobody's fault, but for what it heard`() {
        let overdue = Overdue(.silent, stage: "merge", seconds: 180)
        let end = Self.end(.init(.signaled(9), overdue: overdue), isStopping: true)
        #expect(end == .died(overdue.failure))
        #expect(Self.end(.init(.signaled(9)), isStopping: true) == .interrupted)
        #expect(Self.end(nil) == .interrupted)
        let reaped = Self.end(.init(.signaled(9), wasReaped: true))
        #expect(reaped.reason == "the worker closed its outputs, did not end, and was killed")
    }

    @Test func `a reason for the journal is one short line, whatever the worker wrote`() {
        let end = AttemptEnd(
            outcome: nil, .init(.signaled(11)), isStopping: false,
            logTail: { "x\n2026-01-01 forged line" })
        #expect(end.reason?.contains("forged") == false)
        #expect(end.word == "died")
        let hostile = WorkerOutcome.failed(
            job: "J", attempt: "A",
            .init(
                failureClass: .user,
                message: "a\u{1B}[2Jb\u{202E}c" + String(repeating: "x", count: 9_000) + "\rd"),
            seconds: 1, peakBytes: 1)
        let reason = AttemptEnd(outcome: hostile, nil, isStopping: false).reason ?? ""
        #expect(reason.hasPrefix(#"a\u{1B}[2Jb\u{202E}cx"#))
        #expect(reason.hasSuffix("x…") && reason.utf8.count == 500 + "…".utf8.count)
    }

    // MARK: The kernel's counters

    private static let events = """
        low 0
        high 0
        max 1031
        oom 2
        oom_kill 1
        oom_group_kill 0

        """

    /// A kernel whose files say what the test wants.
    private static func kernel(_ files: [String: String]) -> (String) -> String? { { files[$0] } }

    @Test func `counters are read from the files of either version`() {
        #expect(MemoryKills.kills(in: Self.events) == 1)
        #expect(
            MemoryKills.kills(in: "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n") == 7,
            "version 1")
        #expect(MemoryKills.kills(in: "pgfault 12\noom_kill 3\nfoo 1\n") == 3, "vmstat")
        for text in [
            "", "oom_kill", "oom_kill x\n", "oom_group_kill 4\n", "oom_kill_disable 1\n", "oom 5\n",
            "oom_kill 99999999999999999999\n", "\u{0}\u{FFFD}",
        ] {
            #expect(MemoryKills.kills(in: text) == nil, "\(text)")
        }
    }

    @Test func `the innermost group that still tells is believed`() {
        let own = "/sys/fs/cgroup/system.slice/layerfoldd.service/memory.events"
        let around = "/sys/fs/cgroup/system.slice/memory.events"
        var files = [
            "/proc/7/cgroup": "0::/system.slice/layerfoldd.service\n", own: Self.events,
            around: "oom_kill 5\n", "/proc/vmstat": "oom_kill 9\n",
        ]
        let kills = MemoryKills(of: 7, read: Self.kernel(files))
        #expect(kills.counters.map(\.kills) == [1, 5, 9])
        #expect(kills.killSince(read: Self.kernel(files)) == nil, "nothing happened")
        files[around] = "oom_kill 6\n"
        files["/proc/vmstat"] = "oom_kill 10\n"
        #expect(kills.killSince(read: Self.kernel(files)) == nil, "a neighbour was killed")
        files[own] = "oom_kill 2\n"
        #expect(
            kills.killSince(read: Self.kernel(files)) == MemoryKill(file: own, before: 1, after: 2))
        // A service's group goes with it; the one around it counted.
        files[own] = nil
        #expect(
            kills.killSince(read: Self.kernel(files))
                == MemoryKill(file: around, before: 5, after: 6))
        #expect(MemoryKills(of: 8, read: Self.kernel(files)).counters.map(\.kills) == [10])
    }

    @Test func `groups are found in both versions`() {
        let hybrid = "9:name=systemd:/x\n4:memory,cpu:/a/b\n3:cpuset:/\n0::/u\nnoise\n"
        #expect(
            MemoryKills.files(hybrid) == [
                "/sys/fs/cgroup/memory/a/b/memory.oom_control",
                "/sys/fs/cgroup/memory/a/memory.oom_control",
                "/sys/fs/cgroup/memory/memory.oom_control",
                "/sys/fs/cgroup/u/memory.events", "/sys/fs/cgroup/memory.events", "/proc/vmstat",
            ])
        #expect(MemoryKills.files("") == ["/proc/vmstat"])
    }
}
