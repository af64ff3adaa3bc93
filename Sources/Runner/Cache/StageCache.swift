// Stages through the action cache: look the key up, compute on a miss, record what came out,
// remember for the report what happened and what it cost.

import Checkpoint
package import Report
package import Store

/// The stages of one job, in order.
package final class StageCache {
    package let store: ContentStore
    package private(set) var records: [RunReport.Stage] = []
    /// Whom computations tell.
    let progress: ProgressReporter
    /// No stage that would hold more is begun.
    private let memory = MemoryLimit.current()
    /// Whether what the job reads is still what its keys name.
    private var checks: [() throws -> Void] = []
    /// What is known of a job that is only planned; nil where stages are computed.
    let planning: Planning?
    /// Learns how long stages take.
    private let rates: RateFile?
    /// Whether a part of the stage under work was there before: then its time says little.
    private var hasRecalled = false
    /// Whether this job has the turn at a stage: it asks for no second one.
    private(set) var holdsTurn = false
    /// Whether stages wait for others that compute the same.
    let takesTurns: Bool

    /// Part of every key.
    private static let tool = "layerfold"

    /// - Parameter takesTurns: no, where a process may be suspended for hours: others would wait
    ///   for it. Default: yes.
    package init(
        store: ContentStore, progress: ProgressReporter, rates: RateFile? = nil,
        takesTurns: Bool = true
    ) {
        self.takesTurns = takesTurns
        self.store = store
        self.progress = progress
        self.rates = rates
        planning = nil
    }

    /// Looks up what is there, computes and keeps nothing.
    init(_ planning: Planning, store: ContentStore, progress: ProgressReporter) {
        self.store = store
        self.progress = progress
        self.planning = planning
        rates = nil
        takesTurns = false
    }

    /// Forgets what earlier tries of the same job did.
    func restart() {
        records = []
        checks = []
    }

    /// - Parameter check: throws where inputs changed; then nothing computed is kept.
    func beforeKeeping(_ check: @escaping () throws -> Void) { checks.append(check) }

    /// A model that the job wrote itself, as long as somebody uses it.
    func watch(_ checkpoint: Checkpoint) {
        beforeKeeping { [weak checkpoint] in try checkpoint?.verifyUnchanged() }
    }

    /// - Throws: where what the job read is no longer what its keys name.
    func verifyInputs() throws {
        for check in checks { try check() }
    }

    /// What a stage did not finish because its inputs changed is blamed on them: numbers of a file
    /// that is half another one fail in many ways.
    private func blamingInputs<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let stopped as JobStopped {
            throw stopped
        } catch {
            try verifyInputs()
            throw error
        }
    }

    package static func key(
        _ name: String, version: Int, inputs: StageInputs, params: KeyJSON
    ) -> ActionKey {
        ActionKey(
            stage: name, stageVersion: version, inputs: inputs, params: params, tool: tool)
    }

    /// What a stage gives, found or computed.
    ///
    /// - Parameter sources: digests of what its parameters were read from, beside its inputs.
    package func run<S: Stage>(_ stage: S, from sources: [Digest] = []) throws -> S.Output {
        if let planning { return try planned(stage, from: sources, planning) }
        return try stage.decode(try result(of: stage))
    }

    private func result(of stage: some Stage) throws -> StageResult {
        let key = stage.key
        progress.begin(stage: stage.name)
        let watch = StageWatch()
        let found = stage.isCacheable ? try store.lookup(key) : .miss(.unknown)
        guard case .miss(let miss) = found, let turn = try turn(at: stage, key) else {
            return try result(of: stage, key, found, watch)
        }
        return try withExtendedLifetime(turn) {
            holdsTurn = true
            defer { holdsTurn = false }
            // Another job may have computed it by now. Waiting is no part of what it costs.
            let again = try store.lookup(key)
            if case .hit = again { return try result(of: stage, key, again, StageWatch()) }
            return try result(of: stage, key, .miss(miss), StageWatch())
        }
    }

    private func result(
        of stage: some Stage, _ key: ActionKey, _ found: ActionLookup, _ watch: StageWatch
    ) throws -> StageResult {
        switch found {
        case .hit(let record):
            note(stage, key, isHit: true, watch.stop())
            return result(of: stage, key, record.outputs, isHit: true, seconds: record.seconds)
        case .miss(let miss):
            tell(miss, key)
            let reason = try MissReason.describe(miss, key: key, store: store)
            let planned = try admit(stage)
            var outputs = StageOutputs(store: store)
            hasRecalled = false
            try blamingInputs { try stage.compute(&outputs, self) }
            let cost = watch.stop()
            // What is not recorded is relied upon all the same.
            try verifyInputs()
            if !hasRecalled { learn(stage, cost) }
            if stage.isCacheable { try record(key, outputs.list, cost) }
            note(stage, key, isHit: false, cost, planned: planned, reason: reason)
            return result(of: stage, key, outputs.list, isHit: false, seconds: cost.seconds)
        }
    }

    /// Bytes that the process will hold, where the stage has a plan.
    /// - Throws: `MemoryMissing` where they are not to be had.
    private func admit(_ stage: some Stage) throws -> Int? {
        guard let planned = stage.plannedPeak else { return nil }
        // A plan is of the stage alone; the process holds something already.
        let all = planned + ResidentMemory.anonymousBytes()
        progress.note("\(stage.name) will hold about \(all >> 20) MiB")
        if let memory, all > memory.bytes {
            throw MemoryMissing(stage: stage.name, neededBytes: all, limit: memory)
        }
        return all
    }

    func result(
        of stage: some Stage, _ key: ActionKey, _ outputs: [ActionOutput], isHit: Bool,
        seconds: Double
    ) -> StageResult {
        StageResult(stage.name, key, outputs, isHit: isHit, store: store, seconds: seconds)
    }

    private func note(
        _ stage: some Stage, _ key: ActionKey, isHit: Bool, _ cost: StageCost,
        planned: Int? = nil, reason: String? = nil
    ) {
        records.append(
            RunReport.Stage(
                name: stage.name, key: key.digest.hex, cache: isHit ? .hit : .miss,
                seconds: cost.seconds, processorSeconds: cost.processorSeconds,
                peakBytes: cost.peakBytes,
                anonymousPeakBytes: cost.anonymousPeakBytes,
                plannedPeakBytes: planned, detail: stage.detail, missReason: reason))
        progress.end(stage: stage.name, isHit: isHit, cost)
    }

    private func learn(_ stage: some Stage, _ cost: StageCost) {
        guard let rates, cost.seconds >= RateFile.secondsMin else { return }
        do { try rates.learn(stage.kind, stage.work, seconds: cost.seconds) } catch {
            progress.note("how long \(stage.name) took was not noted: \(error)")
        }
    }

    // MARK: Parts of a stage

    // A part is an action of its own, so that what is killed goes on behind its last part; it is
    // not listed in the report: the stage's cost is theirs.

    /// What a part left, if it was done before.
    func recalled(_ part: ActionKey) throws -> StageResult? {
        switch try store.lookup(part) {
        case .hit(let record):
            hasRecalled = true
            return StageResult(part.stage, part, record.outputs, isHit: true, store: store)
        case .miss(let miss):
            tell(miss, part)
            return nil
        }
    }

    /// An object of a part, if that was done before and can still be read.
    func recalled(_ role: String, of part: ActionKey) throws -> [UInt8]? {
        guard let digest = try recalled(part)?.outputs[role] else { return nil }
        return try store.bytes(of: digest).value
    }

    /// Stores what a part puts; durable when this returns.
    func keep(
        _ part: ActionKey, seconds: Double, _ put: (inout StageOutputs) throws -> Void
    ) throws {
        try verifyInputs()
        var outputs = StageOutputs(store: store)
        try put(&outputs)
        let memory = ResidentMemory.anonymousBytes()
        try record(
            part, outputs.list,
            StageCost(
                seconds: seconds, processorSeconds: 0, peakBytes: memory,
                anonymousPeakBytes: memory))
    }

    private func record(_ key: ActionKey, _ outputs: [ActionOutput], _ cost: StageCost) throws {
        let outcome = try store.record(
            key, outputs: outputs, seconds: cost.seconds, peakBytes: cost.peakBytes)
        switch outcome {
        case .recorded: progress.kept()
        case .alreadyRecorded: break
        case .conflict(let existing):
            progress.warn(MissReason.alarm(key, outputs, existing: existing.outputs))
        case .refused(let miss):
            progress.warn(
                "what stage \(key.stage) gave is not in the cache: "
                    + "\(MissReason.loss(miss) ?? "its name is taken"), and "
                    + "`\(store.actionPath(key))` cannot be removed: give that folder to the user "
                    + "that runs this program")
        }
    }

    /// What was in the cache and is of no use is told; a job never fails of it.
    private func tell(_ miss: ActionMiss, _ key: ActionKey) {
        guard let loss = MissReason.loss(miss) else { return }
        progress.warn("stage \(key.stage): \(loss); it is computed again")
    }
}
