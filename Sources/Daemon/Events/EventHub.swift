// The one publisher of events: hears what happens, numbers it, keeps the last of it, and lets
// readers know. Readers come for it themselves (`EventFeed`), so that it neither knows nor waits
// for any of them.

import Jobs
import Synchronization

/// Numbers go on across a restart without a file that would have to be written before each event:
/// they begin at the milliseconds since 1970 when the daemon started, times 1,024, and a daemon
/// tells of less than a million events in a second. A number of an earlier daemon is never one of
/// this one's, unless the clock was put back to the very millisecond; it is answered with `reset`.
/// All stay below 2^53, so that scripts read them exactly.
package final class EventHub: Witness {
    package struct Limits: Sendable, Hashable {
        /// Events that are kept.
        package var count = 4_096
        /// Bytes that they may take, as they are sent.
        package var bytes = 2_097_152
        /// Milliseconds between two events of one job's progress.
        package var progressPause = 1_000
        /// Longer names and reasons are cut; code points.
        package var textMax = 1_000

        package init() {}
    }

    private struct Pace {
        var toldAt: Int
        /// What came since.
        var waiting: (progress: ServerEvent.Progress, owner: Int)?
    }

    private struct Contents {
        var news = EventNews()
        var ring: EventRing
        /// Of jobs that run.
        var paces: [String: Pace] = [:]
        var tell: (@Sendable () -> Void)?
        /// Readers so far.
        var readers = 0
    }

    private let clock: DaemonClock
    private let limits: Limits
    private let contents: Mutex<Contents>

    package init(clock: DaemonClock, limits: Limits = Limits()) {
        self.clock = clock
        self.limits = limits
        contents = Mutex(
            Contents(
                ring: EventRing(
                    last: max(0, clock.now()) * 1_024, countMax: limits.count,
                    bytesMax: limits.bytes)))
    }

    /// Who reads comes when this is called; it must be quick, and may be called for nothing.
    package func connect(_ tell: @escaping @Sendable () -> Void) {
        contents.withLock { $0.tell = tell }
    }

    /// Nobody reads any more.
    package func disconnect() { contents.withLock { $0.tell = nil } }

    // MARK: Writing

    package func hear(_ occurrence: Occurrence) {
        if case .said(let job, let owner, let line) = occurrence {
            return hear(line, of: job, owner)
        }
        let tell = contents.withLock { contents -> (@Sendable () -> Void)? in
            if case .attemptEnded(let move) = occurrence { contents.paces[move.job] = nil }
            guard let item = contents.news.item(occurrence) else { return nil }
            publish(item, &contents)
            return contents.tell
        }
        tell?()
    }

    private func hear(_ line: ProgressLine, of job: String, _ owner: Int) {
        guard let progress = EventNews.progress(line, of: job) else { return }
        let now = clock.uptime()
        enum Next { case told, nothing, wait(Int) }
        let (next, tell) = contents.withLock { contents -> (Next, (@Sendable () -> Void)?) in
            guard let pace = contents.paces[job], now - pace.toldAt < limits.progressPause else {
                contents.paces[job] = Pace(toldAt: now)
                publish(progress, owner, &contents)
                return (.told, contents.tell)
            }
            contents.paces[job]?.waiting = (progress, owner)
            // Who waits already tells of the last.
            return pace.waiting == nil
                ? (.wait(pace.toldAt + limits.progressPause - now), nil) : (.nothing, nil)
        }
        tell?()
        guard case .wait(let milliseconds) = next else { return }
        Task {
            do { try await clock.sleep(.milliseconds(milliseconds)) } catch { return }
            tellWaiting(job)
        }
    }

    /// The second is over.
    private func tellWaiting(_ job: String) {
        let now = clock.uptime()
        let tell = contents.withLock { contents -> (@Sendable () -> Void)? in
            guard let (progress, owner) = contents.paces[job]?.waiting else { return nil }
            contents.paces[job] = Pace(toldAt: now)
            publish(progress, owner, &contents)
            return contents.tell
        }
        tell?()
    }

    private func publish(
        _ progress: ServerEvent.Progress, _ owner: Int, _ contents: inout Contents
    ) {
        publish(
            .init(event: .progress(progress), audience: .owner(owner), job: progress.job),
            &contents)
    }

    private func publish(_ item: EventNews.Item, _ contents: inout Contents) {
        let event = TimedEvent(
            atMilliseconds: clock.now(), event: item.event.cut(to: limits.textMax))
        contents.ring.append(item.audience, job: item.job) { number in
            EventText.event(event, number: number)
        }
    }

    // MARK: Reading

    /// The number of the last event.
    package var last: Int { contents.withLock { $0.ring.last } }

    /// What is kept.
    package var kept: (count: Int, bytes: Int) {
        contents.withLock { ($0.ring.count, $0.ring.byteCount) }
    }

    /// What follows a number; nil where that is gone, or never was.
    func read(
        after number: Int, bytesMax: Int, where isMeant: (EventRing.Entry) -> Bool
    ) -> EventRing.Piece? {
        contents.withLock { contents in
            guard contents.ring.reaches(back: number) else { return nil }
            return contents.ring.read(after: number, bytesMax: bytesMax, where: isMeant)
        }
    }

    /// How a stream begins.
    func opening(at place: Int) -> [UInt8] {
        let reader = contents.withLock { contents in
            contents.readers += 1
            return contents.readers
        }
        return EventText.opening(place, retry: EventText.retry(reader: reader))
    }

    /// An event for a reader who has to look at everything again: of no number of its own, since
    /// it is nobody else's.
    func reset() -> EventRing.Piece {
        let (now, last) = (clock.now(), last)
        let event = TimedEvent(atMilliseconds: now, event: .reset)
        return EventRing.Piece(bytes: EventText.event(event, number: last), place: last)
    }
}

extension ServerEvent {
    /// Without the rest of texts that people or programs wrote at length.
    fileprivate func cut(to countMax: Int) -> ServerEvent {
        func short(_ text: String) -> String {
            // A character may be made of any number of these.
            let scalars = text.unicodeScalars
            let end = scalars.index(
                scalars.startIndex, offsetBy: countMax, limitedBy: scalars.endIndex)
            guard let end, end < scalars.endIndex else { return text }
            return String(scalars[..<end]) + "…"
        }
        switch self {
        case .job(var job):
            job.name = short(job.name)
            job.reason = job.reason.map(short)
            return .job(job)
        case .progress(var progress):
            progress.stage = short(progress.stage)
            progress.unit = progress.unit.map(short)
            return .progress(progress)
        case .server(var server):
            server.problems = server.problems.prefix(20).map(short)
            return .server(server)
        case .rejected(var file):
            file.file = short(file.file)
            file.problem = short(file.problem)
            return .rejected(file)
        case .attempt, .worker, .collection, .reset: return self
        }
    }
}
