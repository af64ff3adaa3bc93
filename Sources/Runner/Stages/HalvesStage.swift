// Stage `halves`: the similarities of two random halves of a calibration set, several times. The
// halves' activations are rows of the whole set's, for no sample sees another.

import Analysis
import Catalogue
import Checkpoint
import JSON
import Model
import Store

struct HalvesStage: Stage {
    let name = "halves"
    var version: Int { measure.version }
    let measure: any SimilarityMeasure
    let parameters: Parameters
    let activations: StoredActivations
    let tokens: TokenisedSet
    let representation: Representation
    /// `splits` and `seed`.
    let settings: Parameters
    let numerics: Numerics
    /// The name of the set, for people.
    let set: String

    private var splits: Int { settings.integer("splits") }

    /// Rows of the activations, by sample.
    private var samples: [Range<Int>] {
        ActivationCapture.samples(representation, of: tokens.batch)
    }

    /// Why halves say nothing; nil where they do.
    var obstacle: String? {
        if !measure.comparesSamples {
            return "\(set): \(measure.name) does not compare samples, so it has no halves"
        }
        return samples.count < 2 ? "\(set): one sample has no halves" : nil
    }

    var inputs: StageInputs {
        activations.result.asInputs + [(role: "tokens", digest: tokens.digest)]
    }

    var params: KeyJSON {
        [
            "measure": .string(measure.name), "numerics": numerics.key,
            "parameters": parameters.canonical(),
            "representation": .string(representation.rawValue),
            "splits": .integer(splits), "seed": .integer(settings.integer("seed")),
        ]
    }

    var detail: String {
        "\(set): \(measure.name), \(splits) times \(samples.count / 2) samples"
    }

    var kind: String { "\(name) \(measure.name)" }

    var work: Work {
        let half = SimilarityWork(
            layers: layers, rows: activations.count / 2, width: activations.width)
        let one = half.embedding.operations + half.comparison(width: activations.width).operations
        return Work(operations: Double(2 * splits) * one)
    }

    private var layers: Int { activations.boundaries - 1 }

    /// Of a half, beside the rows of both, and copies of the half's.
    var plannedPeak: Int? {
        let half = BoundaryShape(
            layers: layers, samples: (activations.count + 1) / 2, width: activations.width)
        return measure.peakByteCount(half, SimilarityParameters(parameters))
            + activations.shape.heldByteCount + half.heldByteCount
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let (rows, samples) = (activations.all, samples)
        var archive = TensorArchive()
        for split in 0..<splits {
            let halves = SampleHalves(
                count: samples.count, seed: UInt64(settings.integer("seed")), split: split)
            for (side, half) in [halves.first, halves.second].enumerated() {
                try cache.progress.checkpoint()
                let matrix = try measure.similarity(
                    of: rows.rows(in: half.map { samples[$0] }),
                    parameters: SimilarityParameters(parameters))
                archive.add(
                    Self.entry(split, side), shape: [matrix.size, matrix.size],
                    doubles: matrix.values)
            }
        }
        try outputs.put("similarities", archive.bytes)
    }

    func decode(_ stored: StageResult) throws -> HalfSimilarities {
        let archive = try stored.archive("similarities")
        func matrix(_ split: Int, _ side: Int) throws -> SimilarityMatrix {
            let name = Self.entry(split, side)
            guard let shape = archive.entry(name)?.shape, shape.count == 2, shape[0] == shape[1],
                let values = archive.doubles(name)
            else { throw stored.lost("similarities") }
            return SimilarityMatrix(size: shape[0], values: values)
        }
        return HalfSimilarities(
            splits: try (0..<splits).map { (try matrix($0, 0), try matrix($0, 1)) })
    }

    func assumed(_ unknown: StageResult) -> HalfSimilarities {
        let matrix = SimilarityMatrix(assuming: layers)
        return HalfSimilarities(splits: (0..<splits).map { _ in (matrix, matrix) })
    }

    private static func entry(_ split: Int, _ side: Int) -> String { "split.\(split).\(side)" }
}
