// What a job asks for, with every default filled in. Its JSON is a manifest again, and goes into
// job.json, the worker's request and report.json.

package import Catalogue
package import Foundation

package struct JobDescription: Sendable, Equatable, Codable {
    package static let currentVersion = 1

    /// The calibration set.
    package struct Calibration: Sendable, Equatable {
        /// Of a set of `compare`; the job's own calibration has none.
        package var name: String?
        /// A name of `Offer.datasets`.
        package var dataset: String
        /// Of a part of a mixture: its share of the tokens, > 0; nil elsewhere.
        package var share: Double?
        /// As written in the manifest; resolved against the data roots. Nil for sets that are not
        /// read from disk.
        package var path: String?
        /// Samples are cut to this many tokens.
        package var maxTokens: Int
        package var seed: Int
        /// What the data set declares besides: `split`, `samples_per_subject`, `samples`, `field`.
        package var parameters: Parameters
        /// Of a mixture; empty for all others.
        package var parts: [Calibration] = []

        /// What a reader knows it by.
        package var title: String { name ?? path ?? dataset }

        /// The sets that it is made from: itself, or its parts.
        package var leaves: [Calibration] { parts.isEmpty ? [self] : parts }
    }

    /// How the similarity of layers is found.
    package struct Analysis: Sendable, Equatable {
        /// A name of `Offer.similarities`.
        package var similarity: String
        /// A name of `Offer.representations`.
        package var representation: String
        package var compute: ComputeChoice
        /// What the measure declares: `sigma`, `dimensions`, `neighbours`, `entropy_neighbours`.
        package var parameters: Parameters
    }

    /// What the report compares besides: more measures on the calibration set, and the similarity
    /// of the original on more sets.
    package struct Comparison: Sendable, Equatable {
        /// Names of `Offer.similarities` besides the analysis's own, with their defaults.
        package var measures: [String]
        /// Each with a name of its own.
        package var sets: [Calibration]
        /// What `Offer.compareSets` declares; empty without sets.
        package var parameters: Parameters
    }

    package enum ComputeChoice: String, Sendable, Codable, CaseIterable {
        case f32, bf16, auto
    }

    /// One method at one or more ratios, or within a budget.
    package struct Compression: Sendable, Equatable {
        /// A name of `Offer.methods`.
        package var method: String
        /// Shares of the layers to remove, each > 0 and < 1; empty where the method takes none, or
        /// there is a budget.
        package var ratios: [Double]
        /// What the model may take, in place of ratios.
        package var budget: Budget?
        package var parameters: Parameters
        /// What the entry is called in results and report; the method's name where it is nil.
        package var label: String?

        package var name: String { label ?? method }
    }

    /// One way in which every model of the job is written once more, in fewer bits.
    package struct Quantization: Sendable, Equatable {
        /// A name of `Offer.quantizations`.
        package var method: String
        /// Whether the original is written in it, too.
        package var original: Bool
        package var parameters: Parameters
        /// What the entry is called in results and report; made of its parameters where it is nil.
        package var label: String?
    }

    /// One task, run on the original and on every folded model.
    package struct Evaluation: Sendable, Equatable {
        /// A name of `Offer.tasks`.
        package var task: String
        package var parameters: Parameters

        /// Of the data it reads, as written.
        package var paths: [String] {
            (Offer.task(task)?.parameters ?? [])
                .filter { $0.kind == .path || $0.kind == .textPath }
                .compactMap { parameters.values[$0.name]?.text }
        }
    }

    package struct Output: Sendable, Equatable, Codable {
        package var dtype: OutputDType
        /// A model larger than this is written in several files.
        package var shardBytes: Int

        private enum CodingKeys: String, CodingKey {
            case dtype
            case shardBytes = "shard_bytes"
        }
    }

    package enum OutputDType: String, Sendable, Codable, CaseIterable {
        case keep, float32, bfloat16, float16
    }

    package var version: Int
    package var name: String
    /// As written in the manifest; resolved against the model roots.
    package var model: String
    /// Nil only where no method needs one and the manifest gives none.
    package var calibration: Calibration?
    package var analysis: Analysis
    /// Nil where the manifest compares nothing.
    package var compare: Comparison?
    package var compress: [Compression]
    /// Nil where the manifest quantises nothing.
    package var quantize: [Quantization]?
    package var evaluate: [Evaluation]
    /// Nil where models are written as folders only.
    package var export: [Export]?
    package var output: Output
    /// Jobs of higher priority start first.
    package var priority: Int
    /// What the owner wants to be told; nil where the manifest says nothing. No part of the work:
    /// workers, reports and comparisons see `withoutNotify`.
    package var notify: NotifyWish?
    /// Nil where the daemon's settings decide.
    package var runOn: RunPlace?
    /// What it asks a cluster for; nil where it asks for nothing.
    package var resources: Resources?

    private enum CodingKeys: String, CodingKey {
        case version, name, model, calibration, analysis, compare, compress, quantize, evaluate
        case export, output, priority, notify, resources
        case runOn = "run_on"
    }

    /// The same work, without a word on who is told of it: two that differ there alone are equal,
    /// and the address of a webhook is nobody else's.
    package var withoutNotify: JobDescription {
        var description = self
        description.notify = nil
        return description
    }

    /// The description as JSON with sorted keys: equal descriptions give equal bytes.
    package func canonicalJSON() throws -> Data {
        try JobJSON.encode(self)
    }
}

/// The one way this project writes JSON that machines compare.
package enum JobJSON {
    /// Sorted keys, no white space, slashes as they are; numbers in their shortest form.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// The same, indented for people.
    package static func encodePretty(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return try encoder.encode(value)
    }
}
