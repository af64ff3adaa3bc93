// Stage `halves`: the similarities of two random halves of a calibration set, several times. The
// halves' activations are rows of the whole set's, for no sample sees another.

import Analysis
import Catalogue
import Checkpoint
import JSON
import Store

struct HalvesStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics
    /// `splits` and `seed`.
    let settings: Parameters

    /// - Returns: Nothing, with a warning, where halves say nothing: of `npib-official`, which
    ///   compares tokens of some samples, and of sets too small for the measure.
    func measure(
        _ measure: String, parameters: Parameters, activations: StoredActivations,
        tokens: TokenisedSet, representation: String, set: String
    ) throws -> HalfSimilarities? {
        guard measure != "npib-official", let known = Representation(rawValue: representation)
        else {
            progress.warn("\(set): \(measure) does not compare samples, so it has no halves")
            return nil
        }
        let samples = ActivationCapture.samples(known, of: tokens.batch)
        guard samples.count >= 2 else {
            progress.warn("\(set): one sample has no halves")
            return nil
        }
        let splits = settings.integer("splits")
        let request = StageRequest(
            name: "halves",
            inputs: activations.result.sortedOutputs + [(role: "tokens", digest: tokens.digest)],
            params: [
                "measure": .string(measure), "numerics": numerics.key,
                "parameters": parameters.canonical(), "representation": .string(representation),
                "splits": .integer(splits), "seed": .integer(settings.integer("seed")),
            ],
            detail: "\(set): \(measure), \(splits) times \(samples.count / 2) samples")
        do {
            let result = try cache.run(request) { outputs in
                let rows = try activations.allRows(cache: cache)
                var archive = TensorArchive()
                for split in 0..<splits {
                    let halves = SampleHalves(
                        count: samples.count, seed: UInt64(settings.integer("seed")),
                        split: split)
                    for (side, half) in [halves.first, halves.second].enumerated() {
                        try progress.checkpoint()
                        let ranges = half.map { samples[$0] }
                        let matrix = try SimilarityMeasures.find(measure).similarity(
                            of: rows.map { $0.rows(in: ranges) },
                            parameters: SimilarityParameters(parameters))
                        archive.add(
                            Self.entry(split, side), shape: [matrix.size, matrix.size],
                            doubles: matrix.values)
                    }
                }
                try outputs.put("similarities", archive.bytes)
            }
            return try read(result, stage: request.name, splits: splits)
        } catch let error as AnalysisError {
            // The whole set was measured, so it is the number of samples that does not do.
            progress.warn("\(set): no halves by \(measure): \(error)")
            return nil
        }
    }

    private static func entry(_ split: Int, _ side: Int) -> String { "split.\(split).\(side)" }

    private func read(
        _ result: StageResult, stage: String, splits: Int
    ) throws -> HalfSimilarities {
        let archive = try cache.archive(result, "similarities", stage: stage)
        func matrix(_ split: Int, _ side: Int) throws -> SimilarityMatrix {
            let name = Self.entry(split, side)
            guard let shape = archive.entry(name)?.shape, shape.count == 2, shape[0] == shape[1],
                let values = archive.doubles(name)
            else { throw StageInputLost(stage: stage, role: "similarities") }
            return SimilarityMatrix(size: shape[0], values: values)
        }
        return HalfSimilarities(
            splits: try (0..<splits).map { (try matrix($0, 0), try matrix($0, 1)) })
    }
}
