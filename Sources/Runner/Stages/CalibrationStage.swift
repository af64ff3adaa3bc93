// Stage `tokenise`: the calibration texts as token ids.

import Catalogue
import Checkpoint
import Foundation
import JSON
import Jobs
import Model
import Store
import SystemPackage
import Texts
import Tokenizer

/// A tokenised calibration set.
struct TokenisedSet {
    let batch: PackedSequences
    let digest: Digest
}

struct CalibrationStage {
    let cache: StageCache
    let progress: ProgressReporter
    let data: RootResolver

    func tokenise(
        _ calibration: JobDescription.Calibration, tokenizer: IdentifiedTokenizer
    ) throws -> TokenisedSet {
        let source = try source(of: calibration)
        let files = try CalibrationSet.files(source)
        let request = StageRequest(
            name: "tokenise", version: 2,
            inputs: [
                (role: "tokenizer", digest: tokenizer.digest),
                (role: "data", digest: try digest(of: files)),
            ],
            params: [
                "dataset": .string(calibration.dataset),
                "max_tokens": .integer(calibration.maxTokens),
                "parameters": calibration.parameters.canonical(),
                "seed": .integer(calibration.seed),
            ],
            detail: "\(calibration.dataset), \(calibration.path)")
        let result = try cache.run(request) { outputs in
            let sequences = try sequences(source, calibration.maxTokens, tokenizer.tokenizer)
            guard sequences.contains(where: { !$0.isEmpty }) else {
                throw CalibrationError.empty(path: source.path)
            }
            try outputs.put("tokens", Self.encode(sequences))
        }
        let archive = try cache.archive(result, "tokens", stage: request.name)
        guard let sequences = Self.decode(archive), let digest = result.outputs["tokens"] else {
            throw StageInputLost(stage: request.name, role: "tokens")
        }
        if let wanted = source.samples, sequences.count < wanted {
            progress.warn(
                "\(calibration.path) has \(sequences.count) samples of \(calibration.maxTokens) "
                    + "tokens, fewer than the \(wanted) of `samples`; all are taken")
        }
        return TokenisedSet(batch: PackedSequences(sequences), digest: digest)
    }

    /// Samples of at most `tokensMax` tokens. Windows of a running text have no special tokens,
    /// as in perplexity; other samples have those of the tokenizer.
    private func sequences(
        _ source: CalibrationSource, _ tokensMax: Int, _ tokenizer: Tokenizer
    ) throws -> [[Int32]] {
        let samples = try CalibrationSet.load(source)
        if source.dataset == .text {
            return CalibrationSet.windows(
                of: try samples.flatMap {
                    try tokenizer.encode($0.text, addSpecialTokens: false)
                }, length: tokensMax, count: source.samples, seed: source.seed)
        }
        return try samples.enumerated().map { index, sample in
            try progress.checkpoint()
            defer {
                progress.progress(
                    done: index + 1, total: samples.count, unit: "samples", detail: "")
            }
            return Array(try tokenizer.encode(sample.text).prefix(tokensMax))
        }
    }

    private func source(of calibration: JobDescription.Calibration) throws -> CalibrationSource {
        let path = try data.resolve(calibration.path).path.string
        let values = calibration.parameters.values
        guard let dataset = CalibrationSource.Dataset(rawValue: calibration.dataset) else {
            preconditionFailure("the manifest parser knows the data sets")
        }
        return CalibrationSource(
            dataset: dataset, path: path, split: values["split"]?.text ?? "dev",
            samples: values["samples"]?.integer,
            samplesPerSubject: values["samples_per_subject"]?.integer ?? 1,
            subject: values["subject"]?.text, field: values["field"]?.text ?? "text",
            seed: UInt64(calibration.seed))
    }

    /// Over the files' names and contents.
    private func digest(of files: [String]) throws -> Digest {
        var contents: [KeyJSON] = []
        for file in files {
            let text = try CalibrationSet.readText(file)
            contents.append([
                "name": .string(FilePath(file).lastComponent?.string ?? file),
                "sha256": .string(Digest(of: text).hex),
            ])
        }
        return KeyJSON.array(contents).digest
    }

    private static func encode(_ sequences: [[Int32]]) -> [UInt8] {
        var archive = TensorArchive()
        archive.add(
            "lengths", shape: [sequences.count], integers: sequences.map { Int32($0.count) })
        let tokens = sequences.flatMap { $0 }
        archive.add("tokens", shape: [tokens.count], integers: tokens)
        return archive.bytes
    }

    private static func decode(_ archive: TensorArchive) -> [[Int32]]? {
        guard let lengths = archive.integers("lengths"), let tokens = archive.integers("tokens"),
            lengths.allSatisfy({ $0 >= 0 }), lengths.reduce(0, { $0 + Int($1) }) == tokens.count
        else { return nil }
        var start = 0
        return lengths.map { length in
            defer { start += Int(length) }
            return Array(tokens[start..<start + Int(length)])
        }
    }
}

/// A tokenizer with the digest of its file.
struct IdentifiedTokenizer {
    let tokenizer: Tokenizer
    let digest: Digest

    init(folder: FilePath) throws {
        tokenizer = try TokenizerFolder.load(folder)
        let path = folder.appending("tokenizer.json").string
        digest = Digest(of: [UInt8](try Data(contentsOf: URL(filePath: path))))
    }
}
