// Waves of prompts as steps of their own: each wave's log-likelihoods are kept as soon as they are
// known, so that an evaluation that was stopped goes on behind its last finished wave.

import Engine
import Store

struct WaveCache {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics
    let model: Digest

    /// Log-likelihoods of all requests, in their order.
    func score(_ requests: [LikelihoodRequest], _ runner: LikelihoodRunner) throws -> [Double] {
        let waves = try runner.waves(requests)
        var result = [Double](repeating: 0, count: requests.count)
        func keep(_ values: [Double], of wave: LikelihoodWave) {
            for (ask, value) in zip(wave.asks, values) { result[ask.request] = value }
        }
        var open: [(number: Int, wave: LikelihoodWave)] = []
        for (index, wave) in waves.enumerated() {
            if let values = try find(wave) {
                keep(values, of: wave)
            } else {
                open.append((index + 1, wave))
            }
        }
        if open.count < waves.count {
            progress.note("\(waves.count - open.count) of \(waves.count) waves were kept")
        }
        let total = open.reduce(0) { $0 + $1.wave.tokenCount }
        var done = 0
        for (number, wave) in open {
            let values = try runner.score(
                wave,
                observer: WaveObserver(
                    progress: progress, before: done, tokens: wave.tokenCount, total: total,
                    detail: "wave \(number) of \(waves.count)"))
            try put(values, of: wave)
            keep(values, of: wave)
            done += wave.tokenCount
        }
        return result
    }

    private func key(_ wave: LikelihoodWave) -> ActionKey {
        ActionKey(
            stage: "evaluate-wave", stageVersion: 1,
            inputs: [
                (role: "model", digest: model),
                (role: "wave", digest: Digest(of: Self.bytes(wave))),
            ], params: ["numerics": numerics.key], tool: StageCache.tool)
    }

    private func find(_ wave: LikelihoodWave) throws -> [Double]? {
        guard case .hit(let record) = try cache.store.lookup(key(wave)),
            let output = record.outputs.first,
            let bytes = try cache.store.bytes(of: output.digest).value,
            let archive = try? TensorArchive(parsing: bytes),
            let values = archive.doubles("likelihoods"), values.count == wave.asks.count
        else { return nil }
        return values
    }

    private func put(_ values: [Double], of wave: LikelihoodWave) throws {
        var archive = TensorArchive()
        archive.add("likelihoods", shape: [values.count], doubles: values)
        let stored = try cache.store.put(archive.bytes, elementBytes: 8)
        _ = try cache.store.record(
            key(wave), outputs: [ActionOutput(role: "likelihoods", stored)], seconds: 0,
            peakBytes: 0)
    }

    /// Everything of a wave that its likelihoods depend on.
    private static func bytes(_ wave: LikelihoodWave) -> [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: Int32) {
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        func append(_ list: [Int32]) {
            append(Int32(list.count))
            for value in list { append(value) }
        }
        append(Int32(wave.texts.count))
        for text in wave.texts { append(text) }
        for ask in wave.asks {
            append(Int32(ask.text))
            append(ask.targets)
        }
        return bytes
    }
}

/// Layer tokens of a wave as tokens of the whole evaluation.
private struct WaveObserver: WorkObserver {
    let progress: ProgressReporter
    let before: Int
    let tokens: Int
    let total: Int
    let detail: String

    func checkpoint() throws { try progress.checkpoint() }

    func progress(done: Int, total: Int, unit: String, detail: String) {
        guard unit == "layer tokens", total > 0 else { return }
        progress.progress(
            done: before + Int(Double(tokens) * Double(done) / Double(total)), total: self.total,
            unit: "tokens", detail: self.detail)
    }
}
