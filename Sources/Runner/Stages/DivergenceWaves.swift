// `divergence` wave by wave. What the original predicts a wave's tokens from (its states before the
// output head) is kept in the store, so that any number of folded models cost one pass of the
// original.

import Checkpoint
import Evaluation
import JSON
import Model
import Store
import TensorMath

struct DivergenceWaves {
    let waves: WaveCache
    let original: Subject

    /// Raised with the sums that are made of the states: both come from one forward pass. One
    /// behind it, so that states kept before the two were tied together are found.
    private static let statesVersion = Divergence.version - 1

    private var numerics: Numerics { waves.numerics }

    /// Nothing is computed where the model is the original itself.
    func measure(
        _ windows: [Perplexity.Window], of subject: Subject
    ) throws -> Divergence.Result {
        if subject.identity == original.identity {
            return .none(
                tokens: windows.reduce(0) { $0 + $1.tokens.count - $1.firstPredicted })
        }
        let (left, right) = (original.forward(numerics), subject.forward(numerics))
        let width = max(
            left.weights.blueprint.hiddenWidth, right.weights.blueprint.hiddenWidth)
        let parts = Divergence.waves(windows, width: width)
        let values = try waves.values(
            of: parts.map { part in
                KeptWave(
                    stage: "divergence-wave", version: Divergence.version,
                    inputs: [
                        (role: "model", digest: subject.identity),
                        (role: "original", digest: original.identity),
                        (role: "wave", digest: digest(part)),
                    ],
                    role: "sums", valueCount: 2 * part.count,
                    tokenCount: part.reduce(0) { $0 + $1.tokens.count },
                    compute: { try compare(part, left, right, observer: $0) })
            })
        return Divergence.result(
            zip(parts.joined(), values.flatMap(Self.pairs)).map { window, pair in
                Divergence.WindowSum(
                    divergence: pair.0, agreement: pair.1,
                    count: window.tokens.count - window.firstPredicted)
            })
    }

    /// Of `measure` where nothing is kept of the original.
    static func need(
        _ windows: [Perplexity.Window], of subject: Subject, beside original: Subject,
        _ numerics: Numerics
    ) -> StageNeed {
        if subject.identity == original.identity { return .none }
        let load = TokenLoad(PackedSequences(windows.map(\.tokens)))
        let (left, right) = (original.model.blueprint, subject.model.blueprint)
        let work = Work(
            operations: left.operations(load) + right.operations(load)
                + left.headOperations(load.tokens) + right.headOperations(load.tokens),
            written: 4 * load.tokens * Double(left.hiddenWidth))
        return StageNeed(
            work: work,
            peakBytes: Divergence.peakByteCount(
                Divergence.waves(windows, width: max(left.hiddenWidth, right.hiddenWidth)),
                original: original.forward(numerics), model: subject.forward(numerics)))
    }

    private static func pairs(_ values: [Double]) -> [(Double, Double)] {
        stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    /// Divergence and agreement of each window.
    private func compare(
        _ wave: [Perplexity.Window], _ left: ForwardPass, _ right: ForwardPass,
        observer: WaveProgress<ProgressReporter>
    ) throws -> [Double] {
        let known = try waves.cache.recalled("states", of: stateKey(wave)).flatMap {
            try? TensorArchive(parsing: $0).matrix("states")
        }
        let states: MatrixView
        if let known {
            states = known
        } else {
            states = try Divergence.states(wave, of: left, observer: observer.part(0, of: 2))
            var archive = TensorArchive()
            archive.add("states", states)
            try waves.cache.keep(stateKey(wave), seconds: 0) {
                try $0.put("states", archive.bytes, elementBytes: 4)
            }
        }
        let others = try Divergence.states(
            wave, of: right, observer: known == nil ? observer.part(1, of: 2) : observer)
        return try Divergence.compare(
            wave, original: (left, states), model: (right, others), observer: observer
        ).flatMap { [$0.divergence, $0.agreement] }
    }

    private func stateKey(_ wave: [Perplexity.Window]) -> ActionKey {
        StageCache.key(
            "divergence-states", version: Self.statesVersion,
            inputs: [
                (role: "model", digest: original.identity), (role: "wave", digest: digest(wave)),
            ], params: ["numerics": numerics.key])
    }

    private func digest(_ wave: [Perplexity.Window]) -> Digest {
        var bytes = TokenBytes()
        for window in wave {
            bytes.append(Int32(window.firstPredicted))
            bytes.append(window.tokens)
        }
        return Digest(of: bytes.bytes)
    }
}
