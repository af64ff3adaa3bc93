// Stage `tokenise`: the calibration texts as token ids.

import Catalogue
import JSON
import Jobs
import Locations
import Model
import Store
import Texts
import Tokenizer

struct TokeniseStage: Stage {
    let name = "tokenise"
    var version: Int { CalibrationSet.version(of: source.dataset) }
    let inputs: StageInputs

    private let calibration: JobDescription.Calibration
    private let source: CalibrationSource
    private let encoder: PromptEncoder
    /// The set's files.
    private let data: ReadFiles

    /// - Parameter scope: where the set's path starts.
    init(
        _ calibration: JobDescription.Calibration, tokenizer: IdentifiedTokenizer,
        data scope: PathScope
    ) throws {
        self.calibration = calibration
        encoder = tokenizer.encoder
        guard let path = calibration.path else { preconditionFailure("the set lies on disk") }
        source = try CalibrationSource(calibration, path: try scope.data(path))
        data = try ReadFiles(try CalibrationSet.files(source)) {
            Digest(of: try CalibrationSet.readText($0))
        }
        inputs = [
            (role: "tokenizer", digest: tokenizer.digest), (role: "data", digest: data.digest),
        ]
    }

    var params: KeyJSON {
        var params: [String: KeyJSON] = [
            "dataset": .string(calibration.dataset),
            "max_tokens": .integer(calibration.maxTokens),
            "parameters": calibration.parameters.canonical(),
            "seed": .integer(calibration.seed),
        ]
        // A running text has no special tokens.
        if source.dataset != .text {
            params["prefix"] = .integer(Int(encoder.prefixID ?? -1))
        }
        return .object(params)
    }

    var detail: String { "\(calibration.dataset), \(calibration.title)" }

    /// It is done before anything is planned, because all counts come from it.
    var work: Work { .none }

    func assumed(_ unknown: StageResult) throws -> TokenisedSet { throw unknown.lost("tokens") }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var empty = 0
        let sequences: [[Int32]] = try data.whileUnchanged(
            { try CalibrationSet.files(source) }, { try self.sequences(cache.progress, &empty) })
        guard sequences.contains(where: { !$0.isEmpty }) else {
            throw CalibrationError.empty(path: source.path)
        }
        try outputs.put("tokens", TokenArchive.bytes(sequences))
        // A running text has none.
        if source.dataset != .text { try outputs.put("empty", json: empty) }
    }

    func decode(_ stored: StageResult) throws -> TokenisedSet {
        let sequences = try stored.sequences("tokens")
        let empty = source.dataset == .text ? 0 : try stored.json(Int.self, "empty")
        let texts = empty == 1 ? "1 text is" : "\(empty) texts are"
        return TokenisedSet(
            batch: PackedSequences(sequences), digest: try stored.digest("tokens"),
            title: calibration.title,
            warnings: (empty > 0 ? ["\(calibration.title): \(texts) empty and left out"] : [])
                + (shortage(sequences.count, empty: empty).map { [$0] } ?? []))
    }

    /// What a set gives less of than it was asked for; nil where it does not.
    private func shortage(_ count: Int, empty: Int) -> String? {
        guard let wanted = source.samples, count < wanted else { return nil }
        // Nothing is drawn in the place of texts that turn out to be special tokens alone: there
        // may be more.
        let taken = empty == 0 ? "; all are taken" : ""
        return "\(calibration.title) has \(count) sample\(count == 1 ? "" : "s") of at most "
            + "\(calibration.maxTokens) tokens, fewer than the \(wanted) of `samples`\(taken)"
    }

    /// Samples of at most `max_tokens` tokens. Windows of a running text have no special tokens,
    /// as in perplexity; other samples have those of the tokenizer, as the prompts of tasks.
    ///
    /// - Parameter empty: counts texts that hold nothing, or nothing but special tokens.
    private func sequences(
        _ progress: ProgressReporter, _ empty: inout Int
    ) throws -> [[Int32]] {
        let tokensMax = calibration.maxTokens
        let samples = try CalibrationSet.load(source) { _ in empty += 1 }
        if source.dataset == .text {
            return CalibrationSet.windows(
                of: try samples.flatMap {
                    try encoder.tokenizer.encode($0.text, addSpecialTokens: false)
                }, length: tokensMax, count: source.samples, seed: source.seed)
        }
        let nothing = try encoder.encode("")
        var sequences: [[Int32]] = []
        for (index, sample) in samples.enumerated() {
            try progress.checkpoint()
            let ids = try encoder.encode(sample.text)
            if ids == nothing || ids.isEmpty {
                empty += 1
            } else {
                sequences.append(Array(ids.prefix(tokensMax)))
            }
            progress.progress(done: index + 1, total: samples.count, unit: "samples", detail: "")
        }
        guard !sequences.isEmpty else {
            throw CalibrationError.onlyEmpty(path: source.path, count: empty)
        }
        return sequences
    }
}

extension CalibrationSource {
    /// - Parameter path: of the data, from the root.
    fileprivate init(_ calibration: JobDescription.Calibration, path: String) throws {
        guard let dataset = Dataset(rawValue: calibration.dataset) else {
            preconditionFailure("the manifest parser knows the data sets")
        }
        let values = calibration.parameters.values
        self.init(
            dataset: dataset, path: path, split: values["split"]?.text ?? "dev",
            samples: values["samples"]?.integer,
            samplesPerSubject: values["samples_per_subject"]?.integer ?? 1,
            subject: values["subject"]?.text, field: values["field"]?.text ?? "text",
            seed: UInt64(calibration.seed))
    }
}
