// Carries out what `ClusterState` decides: puts records on disk, then asks the queue, and looks for
// attempt files. One actor on a thread of its own; nothing of it is needed after a restart, since
// the folders of the jobs say all.

import Catalogue
import Cluster
import DurableIO
import Failures
import Jobs
import Logging
import SystemPackage

actor ClusterDriver {
    struct Running {
        let folders: UnitFolders
        let plan: UnitFolders.Plan
        let request: WorkerRequest
        let lines: AsyncStream<ProgressLine>.Continuation?
        var waiter: CheckedContinuation<Finish, Never>?
        /// What attempt files said that were read.
        var known: [UnitToken: UnitNumerics?] = [:]
        /// Tries that left something in the cache, as far as that was told.
        var kept: Set<UnitToken> = []
        /// The try of each unit that counts.
        var counting: [String: UnitToken] = [:]
        /// Tries that have no worker any more, by the queue's word.
        var over: Set<String> = []
        /// How far progress files were read.
        var offsets: [UnitToken: Int] = [:]

        /// Of what counts.
        var numerics: [String: UnitNumerics] {
            counting.compactMapValues { known[$0] ?? nil }
        }
    }

    struct Finish {
        let end: ClusterEnd
        /// That its units ran, as far as their attempt files tell.
        var unitSeconds = 0.0
    }

    private nonisolated let live: LiveConfiguration
    private nonisolated let health: Health
    private nonisolated let publisher: Publisher
    nonisolated let logger: Logger
    var state: ClusterState
    var jobs: [String: Running] = [:]
    /// One event after the other: what an action leads to comes after the other actions.
    private var pending: [ClusterEvent] = []
    private var isProcessing = false
    private(set) var isStopped = false
    private var wakeTask: Task<Void, Never>?
    /// What partitions give, as the queue said last; nil where it never did.
    var times: PartitionTimes?
    var timesTask: Task<Void, Never>?
    /// Before this they are not asked for again.
    var timesDueAt = Int.min
    /// Of jobs that nobody wants: what takes them out of the queue.
    var clearing: [String: Task<Void, Never>] = [:]
    /// Until what failed there is tried again.
    var pauseTask: Task<Void, Never>?

    nonisolated var configuration: DaemonConfiguration { live.current }

    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.cluster")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// - Parameter publisher: deletes what tries left among the results.
    init(
        _ settings: LiveConfiguration, health: Health, publisher: Publisher, logger: Logger
    ) {
        live = settings
        self.health = health
        self.publisher = publisher
        self.logger = logger
        state = ClusterState()
    }

    // MARK: Jobs

    /// Runs a job at the cluster, or goes on with what an earlier daemon sent. When this returns,
    /// nothing of the job is in the queue, and its outcome is in its folder, unless it was
    /// stopped.
    /// - Parameter forecast: of the job, as `layerfold plan --json` writes it.
    nonisolated func run(
        _ request: WorkerRequest, forecast: ClusterForecast?, stop: StopSwitch,
        onLine: @escaping @Sendable (ProgressLine) async -> Void
    ) async -> WorkerEnding {
        let (lines, continuation) = AsyncStream.makeStream(
            of: ProgressLine.self, bufferingPolicy: .bufferingNewest(1_024))
        let telling = Task { for await line in lines { await onLine(line) } }
        let stopping = Task {
            await stop.wait()
            if !Task.isCancelled { await self.cancel(job: request.job) }
        }
        await learnTimes()
        var ending: WorkerEnding
        if let failure = await enter(request, forecast, continuation, stop) {
            if stop.isStopping {
                await takeOut(request, continuation)
                ending = WorkerEnding(.vanished("the job was stopped"))
            } else {
                ending = WorkerEnding(.notStarted(failure))
            }
        } else {
            // Somebody may have stopped it before it was there.
            if stop.isStopping { await cancel(job: request.job) }
            let finish = await finished(request.job)
            ending =
                switch finish.end {
                case .succeeded: WorkerEnding(.exited(code: 0))
                case .failed: WorkerEnding(.exited(code: 1))
                case .cancelled: WorkerEnding(.vanished("the job was stopped"))
                }
            ending.unitSeconds = finish.unitSeconds
        }
        stopping.cancel()
        continuation.finish()
        await telling.value
        return ending
    }

    /// Begins, or goes on. What a cancelled attempt left in the queue is taken out of it first: who
    /// runs the job again neither goes on with it nor writes results beside it.
    /// - Returns: why it could not begin.
    private func enter(
        _ request: WorkerRequest, _ forecast: ClusterForecast?,
        _ lines: AsyncStream<ProgressLine>.Continuation, _ stop: StopSwitch
    ) async -> String? {
        while let task = clearing[request.job] { await task.value }
        let folders = UnitFolders(request)
        if !stop.isStopping, folders.isCancelled, folders.mayBeOut {
            if let failure = begin(request, nil, nil, isWanted: false) { return failure }
            _ = await finished(request.job)
        }
        if stop.isStopping { return "the job was stopped" }
        return begin(request, forecast, lines)
    }

    /// The daemon ends: what is at the cluster goes on, and is the next daemon's.
    func stop() {
        isStopped = true
        wakeTask?.cancel()
        pauseTask?.cancel()
        for job in jobs.values { job.waiter?.resume(returning: Finish(end: .cancelled)) }
        jobs = [:]
    }

    func finished(_ job: String) async -> Finish {
        guard jobs[job] != nil else { return Finish(end: .cancelled) }
        return await withCheckedContinuation { jobs[job]?.waiter = $0 }
    }

    /// - Parameter isWanted: false: nothing more is sent, and what was is taken out of the queue.
    /// - Returns: why it could not begin.
    func begin(
        _ request: WorkerRequest, _ forecast: ClusterForecast?,
        _ lines: AsyncStream<ProgressLine>.Continuation?, isWanted: Bool = true
    ) -> String? {
        guard !isStopped else { return "the daemon is stopping" }
        guard jobs[request.job] == nil else { return "it is at the cluster already" }
        guard let cluster = configuration.cluster else {
            return "it is to run at a cluster, and the settings have no `cluster`"
        }
        let folders = UnitFolders(request)
        let plan: UnitFolders.Plan
        let records: [UnitRecord?]
        do {
            if let found = try folders.plan() {
                plan = found
                logger.notice(
                    "going on with units that are at the cluster",
                    metadata: ["job": "\(request.job)"])
            } else {
                guard isWanted else { return nil }
                plan = UnitFolders.Plan(
                    attempt: request.attempt,
                    units: ClusterPlan.units(of: request.description, forecast: forecast))
                // What is there under this name is what an earlier attempt left.
                try discardPartial(request)
                try folders.begin(plan)
            }
            records = try plan.units.map { try folders.record($0.name) }
        } catch { return FaultText.describe(error) }
        jobs[request.job] = Running(
            folders: folders, plan: plan, request: request, lines: lines)
        let resources = resources(request.description, cluster)
        let starts = zip(plan.units, records).map { unit, record in
            let ask = UnitAsk(
                seconds: unit.seconds, peakBytes: unit.peakBytes, resources: resources,
                settings: cluster, partition: times?.time(of: resources.partition),
                counts: UnitCounts())
            return UnitStart(
                name: unit.name, needs: unit.needs, memorySteps: ask.memorySteps,
                times: ask.times, record: record)
        }
        guard isWanted else {
            process(.abandoned(job: request.job, attempt: plan.attempt, starts))
            return nil
        }
        process(.began(job: request.job, attempt: plan.attempt, starts))
        look()
        return nil
    }

    private func discardPartial(_ request: WorkerRequest) throws {
        let partial = FilePath(request.resultsDirectory)
        guard let name = partial.lastComponent else { return }
        try Publisher.discard(name: name.string, in: partial.removingLastComponent())
        emptyTrash()
    }

    /// Deletes what was discarded, behind everything else: results may be large, and a job at the
    /// cluster may take days.
    private func emptyTrash() {
        Task { [publisher, logger] in
            for stays in await publisher.emptyTrash() {
                logger.warning("discarded results stay", metadata: ["reason": "\(stays.reason)"])
            }
        }
    }

    private func resources(
        _ description: JobDescription, _ cluster: ClusterSettings
    ) -> JobDescription.Resources {
        (description.resources ?? .init()).over(cluster.resources)
    }

    // MARK: Events

    func process(_ event: ClusterEvent) {
        guard !isStopped else { return }
        pending.append(event)
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        if let cluster = configuration.cluster { state.replace(limits: ClusterLimits(cluster)) }
        while !pending.isEmpty {
            let event = pending.removeFirst()
            for action in state.handle(event, now: configuration.clock.uptime()) { perform(action) }
        }
    }

    private func perform(_ action: ClusterAction) {
        switch action {
        case .send(let key, let record): send(key, record)
        case .record(let key, let record):
            do { try jobs[key.job]?.folders.write(record, of: key.unit) } catch {
                // It is found by its token.
                logger.warning(
                    "an identifier of the queue is not on record",
                    metadata: ["job": "\(key.job)", "reason": "\(error)"])
            }
        case .cancel(let ids): cancel(ids)
        case .counts(let token, let job): jobs[job]?.counting[token.unit] = token
        case .over(let token, let job): jobs[job]?.over.insert("\(token)")
        case .poll: poll()
        case .look: look()
        case .finish(let job, let end): finish(job, end)
        case .tell(let job, let text):
            logger.info("\(text)", metadata: ["job": "\(job)"])
            jobs[job]?.lines?.yield(.note(message: text))
        case .alarm(let reason):
            let problem = reason.map {
                "the queue of the cluster has not answered for long: \($0); jobs there go on, and "
                    + "are waited for"
            }
            for text in health.set(.cluster, [problem].compactMap(\.self)) {
                logger.warning("something is wrong", metadata: ["reason": "\(text)"])
            }
        case .wake(let time): wake(at: time)
        }
    }

    private func wake(at time: Int) {
        wakeTask?.cancel()
        let clock = configuration.clock
        let delay = max(0, time - clock.uptime())
        wakeTask = Task {
            do { try await clock.sleep(.milliseconds(delay)) } catch { return }
            self.process(.ticked)
        }
    }

    // MARK: Sending

    private func send(_ key: UnitKey, _ record: UnitRecord) {
        let token = UnitToken(
            attempt: record.attempt, unit: key.unit, number: record.number)
        do {
            guard let cluster = configuration.cluster, let job = jobs[key.job],
                let unit = job.plan.units.first(where: { $0.name == key.unit })
            else { return answered(token, key, .later("the settings have no `cluster`")) }
            let submission = try prepare(unit, record, token, job, cluster)
            let asker = cluster.asker
            Task {
                let reply = await asker.ask(
                    .submit(arguments: submission.arguments, script: submission.script))
                self.answered(token, key, SubmitAnswer(reply))
            }
        } catch {
            answered(token, key, .later(FaultText.describe(error)))
        }
    }

    /// Puts request and record on disk; the record last.
    private func prepare(
        _ unit: ClusterUnit, _ record: UnitRecord, _ token: UnitToken, _ job: Running,
        _ cluster: ClusterSettings
    ) throws -> Submission {
        let folders = job.folders
        let own = tryFolders(job, token)
        if record.number > 1 {
            removeLeftovers(of: unit.name, job, isOver: false)
            emptyTrash()
        }
        try Syscalls.makeFolders(own.path, mode: 0o700)
        var request = job.request
        request.description = unit.description
        request.jobDirectory = own.path.string
        request.resultsDirectory = (unit.scope == .whole ? own.results : own.scratch).string
        request.unit = UnitPart(
            token: "\(token)", scope: unit.scope, program: Product.version,
            numerics: unit.scope == .whole ? job.numerics : [:])
        let resources = resources(job.request.description, cluster)
        let ask = UnitAsk(
            seconds: unit.seconds, peakBytes: unit.peakBytes, resources: resources,
            settings: cluster, partition: times?.time(of: resources.partition),
            counts: record.counts)
        var record = record
        record.minutes = ask.minutes
        try folders.write(request, of: token)
        try folders.write(record, of: unit.name)
        process(.asking(token, job: job.request.job, ask.times))
        return Submission(
            token: token, minutes: ask.minutes, memoryBytes: ask.memoryBytes,
            resources: resources, worker: cluster.nodeWorker ?? configuration.worker.string,
            request: folders.request(token).string, outcome: folders.outcome(token).string,
            log: own.log.string, folder: own.path.string)
    }

    private func answered(_ token: UnitToken, _ key: UnitKey, _ answer: SubmitAnswer) {
        process(.answered(token, job: key.job, answer))
    }

    private func cancel(_ ids: [String]) {
        guard let cluster = configuration.cluster else { return }
        let asker = cluster.asker
        Task { [logger] in
            for start in stride(from: 0, to: ids.count, by: QueueCommand.idsMax) {
                let part = Array(ids[start..<min(ids.count, start + QueueCommand.idsMax)])
                let reply = await asker.ask(.cancel(ids: part))
                if reply.code != 0 {
                    // Asked again with the next answer of the queue that shows them.
                    logger.warning(
                        "the queue did not cancel",
                        metadata: ["reason": "\(reply.errors.prefix(500))"])
                }
            }
        }
    }

    // MARK: Ends

    private func finish(_ name: String, _ end: ClusterEnd) {
        guard let job = jobs.removeValue(forKey: name) else { return }
        let outcomes = outcomes(of: job)
        do {
            if end == .succeeded { try takeResults(job) }
            if let outcome = outcome(of: job, end, outcomes) { try job.folders.job.write(outcome) }
            for unit in job.plan.units { removeLeftovers(of: unit.name, job, isOver: true) }
            try job.folders.end()
            job.folders.removeAside()
        } catch {
            // Without an outcome it is another attempt, which finds all in the cache.
            logger.error(
                "the outcome of a job at the cluster is not on record",
                metadata: ["job": "\(name)", "reason": "\(error)"])
        }
        emptyTrash()
        job.waiter?.resume(
            returning: Finish(
                end: end, unitSeconds: outcomes.reduce(0) { $0 + $1.seconds }))
    }
}
