// One stage through the action cache: look the key up, compute on a miss, record what came out,
// remember for the report what happened and what it cost.

package import Checkpoint
import Foundation
import JSON
package import Report
package import Store

/// What a stage gave: objects by role.
package struct StageResult: Sendable {
    package let key: Digest
    package let outputs: [String: Digest]
    package let isHit: Bool
}

/// An object that an earlier stage left is damaged or gone. Its action is forgotten by now, so
/// running the job's stages again computes it anew.
struct StageInputLost: Error {
    let stage: String
    let role: String
}

/// Takes the objects of a running stage.
package struct StageOutputs: ~Copyable {
    fileprivate let store: ContentStore
    fileprivate(set) var list: [ActionOutput] = []

    fileprivate init(store: ContentStore) { self.store = store }

    /// Stores an object; durable when this returns.
    ///
    /// - Parameter elementBytes: of the number array in it; 1 for anything else.
    @discardableResult
    package mutating func put(
        _ role: String, _ bytes: [UInt8], elementBytes: Int = 1
    ) throws -> Digest {
        let output = ActionOutput(role: role, try store.put(bytes, elementBytes: elementBytes))
        list.append(output)
        return output.digest
    }

    mutating func put(_ role: String, json value: some Encodable) throws {
        try put(role, try SortedJSON.bytes(value))
    }
}

/// JSON of which equal values give equal bytes. Figures of a broken model may be no numbers, which
/// JSON does not have: they are words here.
enum SortedJSON {
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return [UInt8](try encoder.encode(value))
    }

    static func value<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(type, from: Data(bytes))
    }
}

/// What one stage is: its name, inputs and parameters make its key.
package struct StageRequest {
    package var name: String
    /// Raised whenever the code of the stage gives other bytes than before.
    package var version = 1
    package var inputs: [(role: String, digest: Digest)]
    package var params: KeyJSON
    /// In a few words, for people; not part of the key.
    package var detail: String
    package var plannedPeakBytes: Int?
    /// False where the key cannot vouch for the inputs: then nothing is looked up or recorded.
    package var isCacheable = true

    package init(
        name: String, version: Int = 1, inputs: [(role: String, digest: Digest)],
        params: KeyJSON, detail: String, plannedPeakBytes: Int? = nil, isCacheable: Bool = true
    ) {
        self.name = name
        self.version = version
        self.inputs = inputs
        self.params = params
        self.detail = detail
        self.plannedPeakBytes = plannedPeakBytes
        self.isCacheable = isCacheable
    }
}

/// The stages of one job, in order.
package final class StageCache {
    package let store: ContentStore
    package private(set) var records: [RunReport.Stage] = []
    private let progress: ProgressReporter
    /// No stage that would hold more is begun.
    private let memory = MemoryLimit.current()

    /// Part of every key.
    static let tool = "layerfold"

    package init(store: ContentStore, progress: ProgressReporter) {
        self.store = store
        self.progress = progress
    }

    /// Forgets what earlier tries of the same job did.
    func restart() { records = [] }

    /// Runs a stage, or finds it done.
    package func run(
        _ request: StageRequest, compute: (inout StageOutputs) throws -> Void
    ) throws -> StageResult {
        let key = key(of: request)
        progress.begin(stage: request.name)
        let watch = StageWatch()
        let found = request.isCacheable ? try store.lookup(key) : .miss(.unknown)
        switch found {
        case .hit(let record):
            let cost = watch.stop()
            note(request, key, isHit: true, cost, reason: nil)
            return StageResult(
                key: key.digest, outputs: digests(record.outputs), isHit: true)
        case .miss(let miss):
            let reason = try MissReason.describe(miss, key: key, store: store)
            var request = request
            if let planned = request.plannedPeakBytes {
                // A plan is of the stage alone; the process holds something already.
                let all = planned + ResidentMemory.anonymousBytes()
                request.plannedPeakBytes = all
                progress.note("\(request.name) will hold about \(all >> 20) MiB")
                if let memory, all > memory.bytes {
                    throw MemoryMissing(stage: request.name, neededBytes: all, limit: memory)
                }
            }
            var outputs = StageOutputs(store: store)
            try compute(&outputs)
            let cost = watch.stop()
            if request.isCacheable { try record(key, outputs.list, cost) }
            note(request, key, isHit: false, cost, reason: reason)
            return StageResult(
                key: key.digest, outputs: digests(outputs.list), isHit: false)
        }
    }

    /// An object of a part of a stage, if that part was done before; not told of in the report.
    func recalled(_ role: String, of request: StageRequest) throws -> [UInt8]? {
        guard case .hit(let record) = try store.lookup(key(of: request)),
            let output = record.outputs.first(where: { $0.role == role })
        else { return nil }
        return try store.bytes(of: output.digest).value
    }

    /// Stores what a part of a stage puts; durable when this returns.
    func keep(
        of request: StageRequest, seconds: Double, _ put: (inout StageOutputs) throws -> Void
    ) throws {
        var outputs = StageOutputs(store: store)
        try put(&outputs)
        let memory = ResidentMemory.anonymousBytes()
        try record(
            key(of: request), outputs.list,
            StageCost(
                seconds: seconds, processorSeconds: 0, peakBytes: memory,
                anonymousPeakBytes: memory))
    }

    private func key(of request: StageRequest) -> ActionKey {
        ActionKey(
            stage: request.name, stageVersion: request.version, inputs: request.inputs,
            params: request.params, tool: Self.tool)
    }

    private func record(
        _ key: ActionKey, _ outputs: [ActionOutput], _ cost: StageCost
    ) throws {
        let outcome = try store.record(
            key, outputs: outputs, seconds: cost.seconds, peakBytes: cost.peakBytes)
        if case .conflict = outcome {
            progress.warn(
                "stage \(key.stage) gave other bytes than an earlier run with the same key "
                    + "\(key.digest.hex.prefix(12)); the earlier ones stay in the cache")
        }
    }

    /// The bytes of an object of an earlier stage.
    package func bytes(_ result: StageResult, _ role: String, stage: String) throws -> [UInt8] {
        guard let digest = result.outputs[role], let bytes = try store.bytes(of: digest).value
        else { throw StageInputLost(stage: stage, role: role) }
        return bytes
    }

    /// An object of an earlier stage that is a file of arrays.
    package func archive(
        _ result: StageResult, _ role: String, stage: String
    ) throws -> TensorArchive {
        do {
            return try TensorArchive(parsing: try bytes(result, role, stage: stage))
        } catch is SafetensorsFault {
            throw StageInputLost(stage: stage, role: role)
        }
    }

    private func digests(_ outputs: [ActionOutput]) -> [String: Digest] {
        Dictionary(uniqueKeysWithValues: outputs.map { ($0.role, $0.digest) })
    }

    private func note(
        _ request: StageRequest, _ key: ActionKey, isHit: Bool, _ cost: StageCost, reason: String?
    ) {
        records.append(
            RunReport.Stage(
                name: request.name, key: key.digest.hex, cache: isHit ? .hit : .miss,
                seconds: cost.seconds, processorSeconds: cost.processorSeconds,
                peakBytes: cost.peakBytes,
                anonymousPeakBytes: cost.anonymousPeakBytes,
                plannedPeakBytes: isHit ? nil : request.plannedPeakBytes,
                detail: request.detail, missReason: reason))
        progress.end(stage: request.name, isHit: isHit, cost)
    }
}
