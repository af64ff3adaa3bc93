// From the calibration sets of a manifest to their tokens. What lies on disk is read at once; what
// the model writes is left for when stages are run.

import Catalogue
import Jobs
import Locations
import Model

/// Where the tokens of a set come from.
indirect enum CalibrationOrigin {
    case read(TokenisedSet)
    case written(WritingStage)
    case mixed([(share: Double, origin: CalibrationOrigin)], JobDescription.Calibration)

    /// - Parameter cache: stages are run, or only planned.
    func tokens(_ cache: StageCache) throws -> TokenisedSet {
        let set = try sequences(cache)
        for warning in set.warnings { cache.progress.warn(warning) }
        return set
    }

    private func sequences(_ cache: StageCache) throws -> TokenisedSet {
        switch self {
        case .read(let set): return set
        case .written(let stage): return try cache.run(stage)
        case .mixed(let parts, let set):
            let sets = try parts.map {
                TokenisedSet.Part(set: try $0.origin.sequences(cache), share: $0.share)
            }
            var mixed = TokenisedSet(
                mixing: sets, tokens: set.parameters.values["tokens"]?.integer,
                tokensMax: set.maxTokens, seed: UInt64(set.seed), title: set.title)
            mixed = TokenisedSet(
                batch: mixed.batch,
                digest: cache.identity(mixed.digest, madeFrom: sets.map(\.set.digest)),
                title: mixed.title, warnings: mixed.warnings)
            return mixed
        }
    }
}

struct CalibrationReader {
    let original: IdentifiedModel
    let tokenizer: IdentifiedTokenizer
    let data: PathScope
    let numerics: Numerics
    let cache: StageCache

    /// - Throws: for files that are missing or hold no text, before anything is computed.
    func origin(_ set: JobDescription.Calibration) throws -> CalibrationOrigin {
        switch Offer.dataset(set.dataset)?.source {
        case .model:
            return .written(try WritingStage(set, by: original, tokenizer, numerics))
        case .parts:
            return .mixed(
                try set.parts.map { (share: $0.share ?? 0, origin: try origin($0)) }, set)
        case .file, .folder, nil:
            return .read(
                try cache.run(TokeniseStage(set, tokenizer: tokenizer, data: data)))
        }
    }
}

extension JobDescription {
    /// What the job is both calibrated on and judged by: figures on it flatter.
    ///
    /// - Parameter data: where paths lead, so that one file is one however it is written.
    func textsOfBoth(_ data: PathScope) -> [String] {
        let learnt = Set(
            (calibration?.leaves ?? []).compactMap(\.path).compactMap { try? data.data($0) })
        return evaluate.flatMap { evaluation in
            evaluation.paths.filter { (try? data.data($0)).map(learnt.contains) ?? false }
                .map { "\(evaluation.task) on \($0)" }
        }
    }
}
