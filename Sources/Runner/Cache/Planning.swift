// A job that is only planned: its own stages are asked for what they would do. What is in the
// cache is read; what is not is stood in for, and all that is made from it is unknown.

import JSON
import Model
import Report
import Store

/// What a stage will cost, as far as that can be told.
struct PlannedStage {
    let name: String
    let kind: String
    let detail: String
    let isHit: Bool
    let work: Work
    /// Anonymous memory of the process; nil where the stage has no plan.
    let peakBytes: Int?
    /// Of files that are there while it computes.
    var scratchBytes = 0
    /// Whether what it writes lies in the results; else the store keeps it.
    var writesResults = false
}

final class Planning {
    private(set) var stages: [PlannedStage] = []
    /// Digests and keys that stand for what is not there yet.
    private var unknown: Set<Digest> = []
    /// What was met: a job computes it once.
    private var met: Set<Digest> = []
    /// What the process holds before any stage.
    let baseBytes = ResidentMemory.anonymousBytes()

    /// - Parameter done: stages that were needed to plan at all; they are there by now.
    init(after done: [RunReport.Stage]) {
        stages = done.map {
            PlannedStage(
                name: $0.name, kind: $0.name, detail: $0.detail, isHit: true, work: .none,
                peakBytes: nil)
        }
        met = Set(done.compactMap { Digest(hex: $0.key) })
    }

    func isKnown(_ digests: some Sequence<Digest>) -> Bool {
        digests.allSatisfy { !unknown.contains($0) }
    }

    /// False where it was met before.
    fileprivate func meet(_ identity: Digest) -> Bool { met.insert(identity).inserted }
    fileprivate func forget(_ digest: Digest) { unknown.insert(digest) }
    fileprivate func add(_ stage: PlannedStage) { stages.append(stage) }
}

extension StageCache {
    /// What a stage gives, found or assumed.
    func planned<S: Stage>(
        _ stage: S, from sources: [Digest], _ planning: Planning
    ) throws -> S.Output {
        let key = stage.key
        let isKnown = planning.isKnown(stage.inputs.map(\.digest) + sources)
        // Parameters that were read from what nobody knows yet are alike for stages that are not.
        let identity =
            isKnown ? key.digest : StageCache.standIn(for: [key.digest] + sources)
        let isNew = planning.meet(identity)
        if isKnown, stage.isCacheable, case .hit(let record) = try store.lookup(key) {
            if isNew { planning.add(PlannedStage(stage, isHit: true, planning)) }
            return try stage.decode(
                result(of: stage, key, record.outputs, isHit: true, seconds: record.seconds))
        }
        if isNew { planning.add(PlannedStage(stage, isHit: false, planning)) }
        if !(isKnown && stage.isForeseen) {
            planning.forget(key.digest)
            planning.forget(identity)
        }
        return try stage.assumed(
            StageResult(
                stage: stage.name, key: identity, outputs: ["unknown": identity], isHit: false,
                store: store))
    }

    /// What names a value in keys: its contents; while a job is only planned and what the value is
    /// made from is not known, that. Contents that were made up are alike where the real ones are
    /// not, and may be those of a real value.
    func identity(_ contents: Digest, madeFrom sources: [Digest]) -> Digest {
        guard let planning, !planning.isKnown(sources) else { return contents }
        let identity = Self.standIn(for: sources)
        planning.forget(identity)
        return identity
    }

    private static func standIn(for sources: [Digest]) -> Digest {
        KeyJSON.array(sources.map { .string($0.hex) }).digest
    }
}

extension PlannedStage {
    fileprivate init(_ stage: some Stage, isHit: Bool, _ planning: Planning) {
        self.init(
            name: stage.name, kind: stage.kind, detail: stage.detail, isHit: isHit,
            work: isHit ? .none : stage.work,
            peakBytes: isHit ? nil : stage.plannedPeak.map { $0 + planning.baseBytes },
            scratchBytes: isHit ? 0 : stage.scratchBytes,
            // The files of a stage that no cache keeps are the user's.
            writesResults: !stage.isCacheable)
    }
}
