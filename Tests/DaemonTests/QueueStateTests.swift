// What single decisions of the queue are; QueueWalkTests has all that may happen.

import Daemon
import Failures
import Jobs
import Testing

@Suite struct QueueStateTests {
    @Test func `a job that waits and has work at a cluster is cancelled when that is gone`() {
        var queue = QueueState()
        let entry = QueueState.Entry(
            id: "a", sequence: 1, priority: 0, state: .held, hold: .user, attempt: 3)
        _ = queue.handle(.admitted([entry]), now: 0)
        let actions = queue.handle(.withdrawn(id: "a"), now: 0)
        #expect(
            actions == [.record(id: "a", .cancelling), .takeOut(id: "a", attempt: 3)])
        let end = queue.handle(
            .ended(id: "a", attempt: 3, .interrupted), now: 0)
        #expect(end == [.record(id: "a", .cancelled), .discardResults(id: "a")])
        #expect(queue.entries.isEmpty)

        // Where the daemon stops, the next one does it.
        _ = queue.handle(.admitted([entry]), now: 0)
        _ = queue.handle(.drained, now: 0)
        let last = queue.handle(.withdrawn(id: "a"), now: 0)
        #expect(last.first == .record(id: "a", .cancelling))
        #expect(!last.contains(.takeOut(id: "a", attempt: 3)) && queue.entries.isEmpty)
    }

    @Test func `ticks do not gather while the index refuses`() {
        var events: [QueueEvent] = []
        for _ in 0..<3 { events.enqueue(.ticked) }
        #expect(events == [.ticked])
        events.enqueue(.cancelled(id: "a"))
        for _ in 0..<3 { events.enqueue(.ticked) }
        events.enqueue(.cancelled(id: "a"))
        #expect(events == [.ticked, .cancelled(id: "a"), .cancelled(id: "a")])
    }

    private static let full = WorkerOutcome.Failure(
        failureClass: .resource, message: "write", isDiskFull: true)

    @Test func `priority goes before arrival`() {
        var queue = QueueState()
        func admit(_ id: String, _ sequence: Int, _ priority: Int) -> [QueueAction] {
            queue.handle(
                .admitted([.init(id: id, sequence: sequence, priority: priority)]), now: 0)
        }
        #expect(admit("first", 1, 0).contains(.startWorker(id: "first", attempt: 1)))
        _ = admit("second", 2, 0)
        _ = admit("third", 3, 5)
        _ = admit("fourth", 4, -5)
        _ = admit("fifth", 5, 5)
        #expect(queue.order(now: 0) == ["third", "fifth", "second", "fourth"])
    }

    @Test func `a job that leaves the cluster is cancelled when it has left, by whichever daemon`()
    {
        func entry(isRemote: Bool) -> QueueState.Entry {
            .init(
                id: "A", sequence: 1, priority: 0, state: .cancelling, attempt: 1,
                isRemote: isRemote)
        }
        var queue = QueueState()
        #expect(queue.handle(.admitted([entry(isRemote: true)]), now: 0).isEmpty)
        // A daemon that stops leaves it as it is.
        var stopping = queue
        #expect(stopping.handle(.leaving(["A"]), now: 0) == [.stopped])
        #expect(stopping.entries.isEmpty)
        let ended = queue.handle(.ended(id: "A", attempt: 1, .interrupted), now: 0)
        #expect(ended == [.record(id: "A", .cancelled), .discardResults(id: "A")])
        // A worker of this machine died with its daemon.
        var local = QueueState()
        let actions = local.handle(.admitted([entry(isRemote: false)]), now: 0)
        #expect(actions == [.record(id: "A", .cancelled), .discardResults(id: "A")])
    }

    @Test func `three workers lost in a row end a job, a success in between does not count`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 1, .lost("one")), now: 0)
        // Interruptions are nobody's fault.
        _ = queue.handle(.ended(id: "A", attempt: 2, .interrupted), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 3, .lost("two")), now: 0)
        #expect(queue.entries["A"]?.attempt == 4)
        let actions = queue.handle(.ended(id: "A", attempt: 4, .lost("three")), now: 0)
        guard case .record(_, .failed(let failure)) = actions.first else {
            Issue.record("not failed: \(actions)")
            return
        }
        #expect(failure.failureClass == .bug)
        #expect(failure.message.contains("three"), "the last words of the worker are kept")
    }

    @Test func `a worker that died of something known has one more try, whatever came before`() {
        // The words are those of a full disk; they do not count.
        let memory = WorkerOutcome.Failure(
            failureClass: .resource, message: "No space left on device")
        for first in [AttemptEnd.died(memory), .lost("killed")] {
            var queue = QueueState()
            _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
            let again = queue.handle(.ended(id: "A", attempt: 1, first), now: 0)
            #expect(again.contains(.startWorker(id: "A", attempt: 2)), "at once")
            let actions = queue.handle(.ended(id: "A", attempt: 2, .died(memory)), now: 0)
            #expect(actions.first == .record(id: "A", .failed(memory)))
        }
    }

    @Test func `results that vanished are made again at once, others wait to be put in place`() {
        func published(_ failureClass: FailureClass) -> (QueueState, [QueueAction]) {
            var queue = QueueState()
            _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
            _ = queue.handle(.ended(id: "A", attempt: 1, .succeeded), now: 0)
            let failure = WorkerOutcome.Failure(failureClass: failureClass, message: "p")
            let actions = queue.handle(.published(id: "A", failure: failure), now: 0)
            return (queue, actions)
        }
        #expect(published(.transient).0.entries["A"]?.state == .queued)
        #expect(published(.bug).1.contains(.startWorker(id: "A", attempt: 2)))
        for failureClass in [FailureClass.user, .resource] {
            #expect(published(failureClass).0.entries.isEmpty, "\(failureClass)")
        }
    }

    @Test func `transient failures wait longer each time, then give up`() {
        var queue = QueueState()
        var now = 0
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: now)
        let failure = WorkerOutcome.Failure(failureClass: .transient, message: "EIO")
        for (attempt, delay) in [60_000, 300_000, 1_500_000].enumerated() {
            let actions = queue.handle(
                .ended(id: "A", attempt: attempt + 1, .failed(failure)), now: now)
            #expect(actions.contains(.wake(at: now + delay)))
            #expect(queue.handle(.ticked, now: now + delay - 1) == [.wake(at: now + delay)])
            now += delay
            #expect(
                queue.handle(.ticked, now: now).contains(
                    .startWorker(id: "A", attempt: attempt + 2)))
        }
        let actions = queue.handle(.ended(id: "A", attempt: 4, .failed(failure)), now: now)
        #expect(actions.contains(.record(id: "A", .failed(failure))))
    }

    @Test func `a waiting job does not hold up the others`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 9)]), now: 0)
        _ = queue.handle(.admitted([.init(id: "B", sequence: 2, priority: 0)]), now: 0)
        let failure = WorkerOutcome.Failure(failureClass: .transient, message: "EIO")
        let actions = queue.handle(.ended(id: "A", attempt: 1, .failed(failure)), now: 0)
        #expect(actions.contains(.startWorker(id: "B", attempt: 1)))
    }

    @Test func `what a disk refused when it was published is made again, later each time`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        let failure = WorkerOutcome.Failure(failureClass: .transient, message: "EIO")
        for (attempt, delay) in [60_000, 300_000, 1_500_000].enumerated() {
            _ = queue.handle(.ended(id: "A", attempt: attempt + 1, .succeeded), now: 0)
            let actions = queue.handle(.published(id: "A", failure: failure), now: 0)
            #expect(actions.last == .wake(at: delay))
            let later = queue.handle(.ticked, now: delay)
            #expect(later.contains(.startWorker(id: "A", attempt: attempt + 2)))
        }
        _ = queue.handle(.ended(id: "A", attempt: 4, .succeeded), now: 0)
        let actions = queue.handle(.published(id: "A", failure: failure), now: 0)
        #expect(actions == [.record(id: "A", .failed(failure)), .discardResults(id: "A")])
    }

    @Test func `where only the name of the results is taken, they stay for a retry`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 1, .succeeded), now: 0)
        let failure = WorkerOutcome.Failure(failureClass: .user, message: "taken")
        let actions = queue.handle(.published(id: "A", failure: failure), now: 0)
        #expect(actions == [.record(id: "A", .failed(failure))])
        let again = queue.handle(
            .admitted([.init(id: "A", sequence: 1, priority: 0, attempt: 1, isComputed: true)]),
            now: 0)
        #expect(again == [.record(id: "A", .publishing), .publish(id: "A")])
    }

    @Test func `a full disk holds a job until there is room, for longer each time`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        var now = 0
        for (attempt, delay) in [60_000, 300_000, 1_500_000, 1_500_000].enumerated() {
            let actions = queue.handle(
                .ended(id: "A", attempt: attempt + 1, .failed(Self.full)), now: now)
            #expect(actions.first == .record(id: "A", .held(.disk, reason: Self.full.message)))
            #expect(actions.last == .wake(at: now + delay))
            now += delay
            #expect(queue.handle(.ticked, now: now).contains(.checkRoom(id: "A", .disk)))
            // No room yet: looked for again a minute later.
            let none = queue.handle(.roomChecked(id: "A", isThere: false), now: now)
            #expect(none == [.wake(at: now + 60_000)])
            now += 60_000
            #expect(queue.handle(.ticked, now: now).contains(.checkRoom(id: "A", .disk)))
            #expect(
                queue.handle(.roomChecked(id: "A", isThere: true), now: now).contains(
                    .startWorker(id: "A", attempt: attempt + 2)))
        }
    }

    @Test func `results beyond the owner's share hold a job until there is room`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        #expect(
            queue.handle(.overQuota(id: "A", reason: "q"), now: 0).contains { action in
                if case .record = action { true } else { false }
            } == false, "it has no results yet")
        _ = queue.handle(.ended(id: "A", attempt: 1, .succeeded), now: 0)
        let held = queue.handle(.overQuota(id: "A", reason: "q"), now: 0)
        #expect(
            held == [
                .record(id: "A", .held(.quota, reason: "q")), .discardResults(id: "A"),
                .wake(at: 60_000),
            ])
        #expect(queue.handle(.ticked, now: 60_000).contains(.checkRoom(id: "A", .quota)))
        #expect(queue.handle(.roomChecked(id: "A", isThere: false), now: 60_000).count == 1)
        #expect(
            queue.handle(.roomChecked(id: "A", isThere: true), now: 60_000).contains(
                .startWorker(id: "A", attempt: 2)))
    }

    @Test func `a job that could not begin for a while makes no attempts, and has all its tries`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        let record = QueueRecord.queued(
            lost: 0, transientFailures: 0, notBefore: nil, reason: "away")
        var now = 0
        for attempt in 1...3 {
            #expect(
                queue.handle(.ended(id: "A", attempt: attempt, .postponed("away")), now: now)
                    == [.record(id: "A", record), .wake(at: now + 60_000)])
            for _ in 1...20 {
                now += 60_000
                let actions = queue.handle(.ticked, now: now)
                #expect(actions == [.askOwner(id: "A"), .wake(at: now + 60_000)])
                #expect(
                    queue.handle(.ownerAsked(id: "A", isKnown: false), now: now)
                        == [.wake(at: now + 60_000)])
            }
            #expect(
                queue.handle(.ownerAsked(id: "A", isKnown: true), now: now).contains(
                    .startWorker(id: "A", attempt: attempt + 1)))
        }
        #expect(AttemptEnd.postponed("away").reason == "away")
    }

    @Test func `a late word about its owner starts no job that waits for something else`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 1, .postponed("away")), now: 0)
        _ = queue.handle(.held(id: "A", .user, reason: "h"), now: 0)
        #expect(queue.handle(.ownerAsked(id: "A", isKnown: true), now: 0).isEmpty)
        // Who lets it go has it tried at once; then it waits for its own time.
        _ = queue.handle(.released(id: "A"), now: 0)
        let failure = WorkerOutcome.Failure(failureClass: .transient, message: "t")
        _ = queue.handle(.ended(id: "A", attempt: 2, .failed(failure)), now: 0)
        #expect(queue.entries["A"]?.state == .queued)
        let started = queue.handle(.ownerAsked(id: "A", isKnown: true), now: 0).contains {
            if case .startWorker = $0 { true } else { false }
        }
        #expect(!started)
    }

    @Test func `what a person holds no room lets go`() {
        var queue = QueueState()
        _ = queue.handle(.admitted([.init(id: "A", sequence: 1, priority: 0)]), now: 0)
        _ = queue.handle(.ended(id: "A", attempt: 1, .failed(Self.full)), now: 0)
        _ = queue.handle(.held(id: "A", .user, reason: "h"), now: 0)
        #expect(queue.handle(.roomChecked(id: "A", isThere: true), now: 0).isEmpty)
        #expect(queue.handle(.ticked, now: 9_000_000).isEmpty)
        #expect(
            queue.handle(.released(id: "A"), now: 9_000_000).contains(
                .startWorker(id: "A", attempt: 2)))
    }
}
