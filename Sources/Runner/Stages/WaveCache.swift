// Waves of prompts or windows as steps of their own: what each wave gives is kept as soon as it is
// known, so that an evaluation that was stopped goes on behind its last finished wave.

import Checkpoint
import Evaluation
import JSON
import Model
import Store

/// A wave: what names it, and how its values are computed.
struct KeptWave {
    let stage: String
    /// Raised whenever the same inputs give other values than before.
    var version = 1
    /// Everything the values depend on.
    let inputs: StageInputs
    /// Of the array in the store.
    let role: String
    let valueCount: Int
    /// Tokens that pass through a model.
    let tokenCount: Int
    let compute: (WaveProgress<ProgressReporter>) throws -> [Double]
}

/// What an evaluation has to do, and what it holds.
struct StageNeed {
    let work: Work
    let peakBytes: Int

    static let none = StageNeed(work: .none, peakBytes: 0)
}

extension Subject {
    func forward(_ numerics: Numerics) -> ForwardPass {
        ForwardPass(weights: model.weights, mode: numerics.mode)
    }
}

struct WaveCache {
    let cache: StageCache
    let numerics: Numerics

    /// Of `score`: the tokens that are computed, and the logits that are asked for. Nothing where
    /// the requests do not fit the model, which is told when it is asked.
    static func need(
        _ requests: [LikelihoodRequest], by subject: Subject, contextLength: Int,
        _ numerics: Numerics
    ) -> StageNeed {
        let runner = LikelihoodRunner(
            forward: subject.forward(numerics), contextLength: contextLength)
        let waves = (try? runner.waves(requests)) ?? []
        let blueprint = subject.model.blueprint
        let operations = waves.reduce(0.0) { sum, wave in
            let load = TokenLoad(lengths: wave.texts.map(\.count), computed: wave.tokenCount)
            let asked = wave.asks.reduce(0) { $0 + $1.targets.count }
            return sum + blueprint.operations(load) + blueprint.headOperations(Double(asked))
        }
        return StageNeed(
            work: Work(operations: operations), peakBytes: runner.peakByteCount(waves))
    }

    // MARK: Requests

    /// Raised with the runner's own; one behind it, so that waves kept before the two were tied
    /// together are found.
    private static let likelihoodVersion = LikelihoodRunner.version - 1

    /// Log-likelihoods of all requests, in their order.
    ///
    /// - Parameter model: what names the runner's model.
    func score(
        _ requests: [LikelihoodRequest], _ runner: LikelihoodRunner, model: Digest
    ) throws -> [Double] {
        let waves = try runner.waves(requests)
        let values = try values(
            of: waves.map { wave in
                KeptWave(
                    stage: "evaluate-wave", version: Self.likelihoodVersion,
                    inputs: [(role: "model", digest: model), (role: "wave", digest: digest(wave))],
                    role: "likelihoods", valueCount: wave.asks.count,
                    tokenCount: wave.tokenCount,
                    compute: { try runner.score(wave, observer: $0) })
            })
        var result = [Double](repeating: 0, count: requests.count)
        for (wave, values) in zip(waves, values) {
            for (ask, value) in zip(wave.asks, values) { result[ask.request] = value }
        }
        return result
    }

    /// Everything of a wave that its likelihoods depend on.
    private func digest(_ wave: LikelihoodWave) -> Digest {
        var bytes = TokenBytes()
        bytes.append(Int32(wave.texts.count))
        for text in wave.texts { bytes.append(text) }
        for ask in wave.asks {
            bytes.append(Int32(ask.text))
            bytes.append(ask.targets)
        }
        return Digest(of: bytes.bytes)
    }

    // MARK: Any waves

    /// The values of each wave, found or computed.
    func values(of waves: [KeptWave]) throws -> [[Double]] {
        var result = try waves.map(find)
        let open = waves.indices.filter { result[$0] == nil }
        if open.count < waves.count {
            cache.progress.note("\(waves.count - open.count) of \(waves.count) waves were kept")
        }
        let total = open.reduce(0) { $0 + waves[$1].tokenCount }
        var before = 0
        for index in open {
            let wave = waves[index]
            let values = try wave.compute(
                WaveProgress(
                    observer: cache.progress, before: before, tokens: wave.tokenCount, total: total,
                    detail: "wave \(index + 1) of \(waves.count)"))
            try put(values, of: wave)
            result[index] = values
            before += wave.tokenCount
        }
        return result.map { $0 ?? [] }
    }

    private func key(_ wave: KeptWave) -> ActionKey {
        StageCache.key(
            wave.stage, version: wave.version, inputs: wave.inputs,
            params: ["numerics": numerics.key])
    }

    private func find(_ wave: KeptWave) throws -> [Double]? {
        guard let bytes = try cache.recalled(wave.role, of: key(wave)),
            let values = (try? TensorArchive(parsing: bytes))?.doubles(wave.role),
            values.count == wave.valueCount
        else { return nil }
        return values
    }

    private func put(_ values: [Double], of wave: KeptWave) throws {
        var archive = TensorArchive()
        archive.add(wave.role, shape: [values.count], doubles: values)
        try cache.keep(key(wave), seconds: 0) { outputs in
            try outputs.put(wave.role, archive.bytes, elementBytes: 8)
        }
    }
}

/// Tokens as bytes, for digests.
struct TokenBytes {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ value: Int32) {
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func append(_ list: [Int32]) {
        append(Int32(list.count))
        for value in list { append(value) }
    }
}
