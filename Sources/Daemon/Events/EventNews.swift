// Which occurrences are events, of what and for whom. Pure.

import Jobs

/// What has to be remembered of occurrences to tell of the server as a whole.
struct EventNews: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        let event: ServerEvent
        let audience: EventAudience
        let job: String?
    }

    private var problems: [Health.Topic: [String]] = [:]
    private var server = ServerEvent.Server()

    /// - Returns: Nil for what is no event, or nothing new.
    mutating func item(_ occurrence: Occurrence) -> Item? {
        switch occurrence {
        case .moved(let move):
            return Item(
                event: .job(Self.job(move)), audience: .owner(move.owner), job: move.id)
        case .removed(let move):
            var job = Self.job(move)
            job.isRemoved = true
            return Item(event: .job(job), audience: .owner(move.owner), job: move.id)
        case .attemptBegan(let move), .attemptEnded(let move):
            return Item(
                event: .attempt(.init(job: move.job, attempt: move.id, state: move.state)),
                audience: .owner(move.owner), job: move.job)
        case .workerBegan(let move): return Self.worker(move, isRunning: true)
        case .workerEnded(let move): return Self.worker(move, isRunning: false)
        case .problems(let topic, let texts):
            problems[topic] = texts.isEmpty ? nil : texts
            let all = problems.sorted { $0.key < $1.key }.flatMap(\.value)
            return changed { $0.problems = all }
        case .held(let count): return changed { $0.held = count }
        case .stopping: return changed { $0.isStopping = true }
        case .disk(let free, let isFull):
            // The figure alone moves all the time: it is told with what else changes.
            let isNews = isFull != server.isDiskFull
            (server.isDiskFull, server.diskFreeBytes) = (isFull, free)
            return isNews ? whole : nil
        case .collected(let collection):
            return Item(
                event: .collection(
                    .init(
                        actions: collection.actions, objects: collection.objects,
                        freedBytes: collection.freedBytes, keptBytes: collection.keptBytes,
                        isOverLimit: collection.isOverLimit)),
                audience: .everybody, job: nil)
        case .rejected(let file):
            return Item(
                event: .rejected(file),
                audience: file.owner.map { .owner($0) } ?? .admins, job: nil)
        // Progress has a pace of its own.
        case .said, .submitted, .collectionFailed, .looked, .overflowed, .committed: return nil
        }
    }

    private mutating func changed(_ change: (inout ServerEvent.Server) -> Void) -> Item? {
        let before = server
        change(&server)
        return server == before ? nil : whole
    }

    private var whole: Item { Item(event: .server(server), audience: .everybody, job: nil) }

    private static func worker(_ move: Occurrence.WorkerMove, isRunning: Bool) -> Item {
        var worker = ServerEvent.Worker(job: move.job, isRunning: isRunning)
        (worker.process, worker.exitCode, worker.exitSignal) =
            (move.process, move.exitCode, move.exitSignal)
        return Item(event: .worker(worker), audience: .owner(move.owner), job: move.job)
    }

    private static func job(_ move: Occurrence.JobMove) -> ServerEvent.Job {
        var job = ServerEvent.Job(
            job: move.id, name: move.name, owner: move.owner, state: move.state,
            attempts: move.attempts)
        job.position = move.position
        job.held = move.held
        job.reason = move.reason
        job.failureClass = move.failureClass
        return job
    }

    /// What a worker's line says of its progress; nil where it says nothing of it.
    static func progress(_ line: ProgressLine, of job: String) -> ServerEvent.Progress? {
        switch line {
        case .stageStarted(let stage): return .init(job: job, stage: stage, share: 0)
        case .progress(let line):
            let share = line.total > 0 ? Double(line.done) / Double(line.total) : 0
            var progress = ServerEvent.Progress(
                job: job, stage: line.stage, share: min(max(0, share), 1))
            progress.unit = line.unit
            progress.rate = line.rate
            progress.secondsLeft = line.secondsLeft
            progress.jobSecondsLeft = line.jobSecondsLeft
            return progress
        case .stageFinished(let stage, let cache, _, _):
            var progress = ServerEvent.Progress(job: job, stage: stage, share: 1)
            progress.cache = cache
            return progress
        case .warning, .note, .finished, .failed, .heartbeat: return nil
        }
    }
}
